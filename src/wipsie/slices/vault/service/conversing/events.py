"""From what somebody sent to what it means for the conversation."""

from __future__ import annotations

from wipsie.slices.vault.domain.conversation.events import (
    ChoiceTapped,
    Event,
    FileSent,
    Ignored,
    NotAccepted,
    NotAcceptedKind,
    TextTyped,
)
from wipsie.slices.vault.domain.files import clean_file_name
from wipsie.slices.vault.domain.whatsapp.updates import (
    ButtonTap,
    ContactCards,
    Edited,
    IncomingMessage,
    ListTap,
    Location,
    Media,
    NotPassedOn,
    OtherContent,
    Reaction,
    Revoked,
    TemplateTap,
    Text,
    Unsupported,
)

CAPTION_CHARACTERS_MAX = 1_024
_NOT_KEPT: dict[str, NotAcceptedKind] = {"audio": "voice", "video": "video", "sticker": "sticker"}


def file_kind(message: IncomingMessage) -> str | None:
    """``document`` or ``image`` when a message brings a file that may be kept."""
    content = message.content
    return content.media if isinstance(content, Media) and content.media in ("document", "image") else None


def event_of(message: IncomingMessage, *, file_id: str | None = None, quota_ok: bool = True) -> Event:
    """The event of a message. `file_id` is that of its file, when `file_kind` says that it brings one. Changes of numbers are not
    for here: they are about who somebody is."""
    match message.content:
        case Text(body=body):
            return TextTyped(id=message.id, text=body)
        case ButtonTap(id=choice) | ListTap(id=choice) | TemplateTap(payload=choice):
            return ChoiceTapped(id=message.id, choice=choice)
        case Media(media="document" | "image") as media if file_id is not None:
            return FileSent(
                id=message.id,
                file_id=file_id,
                kind="document" if media.media == "document" else "image",
                caption=None if media.caption is None else media.caption[:CAPTION_CHARACTERS_MAX],
                name=None if media.file_name is None else clean_file_name(media.file_name),
                quota_ok=quota_ok,
            )
        case Media(media=media):
            return NotAccepted(id=message.id, kind=_NOT_KEPT.get(media, "unsupported"))
        case Location():
            return NotAccepted(id=message.id, kind="location")
        case ContactCards():
            return NotAccepted(id=message.id, kind="contact")
        case Unsupported(is_file_too_large=True) | NotPassedOn(is_file_too_large=True):
            return NotAccepted(id=message.id, kind="too_large")
        case Unsupported() | NotPassedOn():
            return NotAccepted(id=message.id, kind="unsupported")
        case Reaction() | Edited() | Revoked():
            return Ignored(id=message.id)
        case OtherContent():
            return NotAccepted(id=message.id, kind="unsupported")
        case _:
            return Ignored(id=message.id)
