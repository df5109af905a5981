"""What a message of a user holds, kind by kind. Stored as JSON by its `kind`.

Every text in here was written by a stranger: names of files are no paths, and nothing is of a length or form but what its
comment says.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.slices.vault.domain.whatsapp.errors import ApiError

MediaKind = Literal["document", "image", "audio", "video", "sticker"]
SystemChangeKind = Literal["number", "user_id", "identity", "other"]
FILE_TOO_LARGE = 131052
"""Code of the error in place of a file over 100 MB."""


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """Words."""

    body: str


class Media(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="media", omit_defaults=True):
    """A file. Its bytes are fetched by `id` within seven days."""

    media: MediaKind
    id: str
    mime_type: str | None = None
    """As the phone says."""
    sha256: str | None = None
    """64 hexadecimal digits, of the file as it is."""
    size: int | None = None
    caption: str | None = None
    file_name: str | None = None
    """Of documents, as the sender chose it."""
    url: str | None = None
    """Where the bytes are for five minutes. Optional, and stale after any wait."""
    is_voice: bool = False
    is_animated: bool = False


class ButtonTap(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="button_tap"):
    """A button of one of our messages, of any age."""

    id: str
    title: str = ""


class ListTap(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="list_tap", omit_defaults=True):
    """A row of one of our lists, of any age."""

    id: str
    title: str = ""
    description: str | None = None


class TemplateTap(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="template_tap"):
    """A quick reply of a template."""

    payload: str
    text: str = ""


class Reaction(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="reaction", omit_defaults=True):
    """An emoji on a message; without one, it was taken back."""

    message_id: str | None = None
    emoji: str | None = None


class Location(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="location", omit_defaults=True):
    """A place."""

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None


class ContactCards(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="contact_cards", omit_defaults=True
):
    """Cards of people. Who they are is not kept, but for the sender's own number when we had asked for it."""

    count: int = 0
    shared_number: str | None = None
    """`wa_id` of the sender, in answer to a request for it."""


class Edited(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="edited", omit_defaults=True):
    """The sender changed an earlier message."""

    message_id: str | None = None
    text: str | None = None


class Revoked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="revoked", omit_defaults=True):
    """The sender took an earlier message back."""

    message_id: str | None = None


class SystemChange(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="system_change", omit_defaults=True
):
    """WhatsApp says that the sender has another number or user id, or that their phone is another."""

    change: SystemChangeKind
    type: str = ""
    """As Meta writes it."""
    new_wa_id: str | None = None
    new_user_id: str | None = None
    previous_user_id: str | None = None
    """The one link to who this was."""


class Unsupported(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="unsupported", omit_defaults=True):
    """Something that the API does not pass on, such as a poll."""

    type: str | None = None
    errors: tuple[ApiError, ...] = ()

    @property
    def is_file_too_large(self) -> bool:
        """Whether it was a file over 100 MB."""
        return any(error.code == FILE_TOO_LARGE for error in self.errors)


class NotPassedOn(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="not_passed_on", omit_defaults=True):
    """A message of a kind we know whose content did not come, with Meta's reasons."""

    type: str
    errors: tuple[ApiError, ...] = ()

    @property
    def is_file_too_large(self) -> bool:
        """Whether it was a file over 100 MB."""
        return any(error.code == FILE_TOO_LARGE for error in self.errors)


class OtherContent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="other"):
    """A kind we do nothing with, or one that is new."""

    type: str


Content = (
    Text
    | Media
    | ButtonTap
    | ListTap
    | TemplateTap
    | Reaction
    | Location
    | ContactCards
    | Edited
    | Revoked
    | SystemChange
    | Unsupported
    | NotPassedOn
    | OtherContent
)
