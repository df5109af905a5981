"""Messages to users. One that exists is within WhatsApp's limits: making another raises MessageRefused.

Frozen, and stored as JSON by their `kind`.
"""

from __future__ import annotations

import re

import msgspec

from wipsie.slices.vault.domain.whatsapp.outgoing import limits

_UNSENDABLE = re.compile("[\0\ud800-\udfff]")
_PARAMETER = re.compile(r"[\n\t\r]| {5}")
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?")
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")


class MessageRefused(ValueError):
    """WhatsApp would not take this message; says which part of it, never its text."""


class TextMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """Words alone. Links in them are never previewed: a preview fetches what a person has not opened."""

    body: str

    def __post_init__(self) -> None:
        _check("body", self.body, limits.TEXT_BODY_MAX)


class Button(msgspec.Struct, frozen=True):
    """A choice under a message. Phones keep it for ever."""

    id: str
    title: str

    def __post_init__(self) -> None:
        _check_id("button id", self.id, limits.BUTTON_ID_MAX)
        _check("button title", self.title, limits.BUTTON_TITLE_MAX, is_line=True)


class ButtonsMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="buttons", omit_defaults=True):
    """Words with one to three choices."""

    body: str
    buttons: tuple[Button, ...]
    header: str | None = None
    footer: str | None = None

    def __post_init__(self) -> None:
        _check("body", self.body, limits.BUTTONS_BODY_MAX)
        _check_edges(self.header, self.footer)
        if not 1 <= len(self.buttons) <= limits.BUTTONS_MAX:
            raise MessageRefused(f"a message has 1 to {limits.BUTTONS_MAX} buttons")
        _check_distinct("button titles", [one.title for one in self.buttons])
        _check_distinct("button ids", [one.id for one in self.buttons])


class ListRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A choice of a list."""

    id: str
    title: str
    description: str | None = None

    def __post_init__(self) -> None:
        _check_id("row id", self.id, limits.ROW_ID_MAX)
        _check("row title", self.title, limits.ROW_TITLE_MAX, is_line=True)
        if self.description is not None:
            _check("row description", self.description, limits.ROW_DESCRIPTION_MAX, is_line=True)


class ListSection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows under one title; the title may be missing when it is the only section."""

    rows: tuple[ListRow, ...]
    title: str | None = None

    def __post_init__(self) -> None:
        if self.title is not None:
            _check("section title", self.title, limits.SECTION_TITLE_MAX, is_line=True)
        if not self.rows:
            raise MessageRefused("a section has rows")


class ListMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="list", omit_defaults=True):
    """Words with a button that opens a sheet of up to ten choices."""

    body: str
    label: str
    """Of the button that opens it."""
    sections: tuple[ListSection, ...]
    header: str | None = None
    footer: str | None = None

    def __post_init__(self) -> None:
        _check("body", self.body, limits.LIST_BODY_MAX)
        _check_edges(self.header, self.footer)
        _check("list label", self.label, limits.LIST_LABEL_MAX, is_line=True)
        rows = [row for section in self.sections for row in section.rows]
        if not 1 <= len(self.sections) <= limits.SECTIONS_MAX:
            raise MessageRefused(f"a list has 1 to {limits.SECTIONS_MAX} sections")
        if len(rows) > limits.ROWS_MAX:
            raise MessageRefused(f"a list has at most {limits.ROWS_MAX} rows in all its sections")
        if len(self.sections) > 1 and any(section.title is None for section in self.sections):
            raise MessageRefused("sections have titles when there are several")
        _check_distinct("row ids", [row.id for row in rows])


class MediaSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where Meta takes a file from: what was uploaded before, or a link that it fetches; one of the two."""

    id: str | None = None
    link: str | None = None

    def __post_init__(self) -> None:
        if (self.id is None) == (self.link is None):
            raise MessageRefused("a file has an id or a link")
        if self.link is not None and not self.link.startswith("https://"):
            raise MessageRefused("a link of a file is https")
        if self.id is not None:
            _check_id("media id", self.id, 64)


class DocumentMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="document", omit_defaults=True):
    """A file as it is."""

    source: MediaSource
    file_name: str
    caption: str | None = None

    def __post_init__(self) -> None:
        _check("file name", self.file_name, limits.FILE_NAME_MAX, is_line=True)
        if self.caption is not None:
            _check("caption", self.caption, limits.CAPTION_MAX)


class ImageMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="image", omit_defaults=True):
    """A picture, which phones show at once."""

    source: MediaSource
    caption: str | None = None

    def __post_init__(self) -> None:
        if self.caption is not None:
            _check("caption", self.caption, limits.CAPTION_MAX)


class TemplateParameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text for a gap of a template; named gaps are filled by name."""

    text: str
    name: str | None = None

    def __post_init__(self) -> None:
        _check("template parameter", self.text, limits.CAPTION_MAX)
        # Source: Meta, "Error 132000 and following": no line breaks, no tabs, at most four blanks in a row.
        if _PARAMETER.search(self.text):
            raise MessageRefused("a template parameter is one line with at most four blanks in a row")


class TemplateMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="template", omit_defaults=True):
    """The one kind that Meta takes outside of the 24 hours after the user's last message. Its words are approved beforehand; the
    gaps are not for anything about health."""

    name: str
    language_code: str
    """For example en_US."""
    body: tuple[TemplateParameter, ...] = ()
    button_payloads: tuple[str, ...] = ()
    """Of its quick replies, in order; what a tap on them brings back."""

    def __post_init__(self) -> None:
        if not _TEMPLATE_NAME.fullmatch(self.name):
            raise MessageRefused("a template is named by small letters, digits and underscores")
        if not _LANGUAGE_CODE.fullmatch(self.language_code):
            raise MessageRefused("the language of a template is written en or en_US")
        for payload in self.button_payloads:
            _check_id("button payload", payload, limits.BUTTON_ID_MAX)


OutgoingMessage = TextMessage | ButtonsMessage | ListMessage | DocumentMessage | ImageMessage | TemplateMessage


class ReadReceipt(msgspec.Struct, frozen=True, tag_field="kind", tag="read_receipt", omit_defaults=True):
    """The two blue ticks on a message of the user, and on all before it; with `is_typing` the three dots too, which go with our
    next message or after 25 s."""

    message_id: str
    is_typing: bool = False

    def __post_init__(self) -> None:
        _check_id("message id", self.message_id, 512)


def _check(part: str, text: str, units_max: int, *, is_line: bool = False) -> None:
    if not text.strip():
        raise MessageRefused(f"the {part} is empty")
    if _UNSENDABLE.search(text):
        raise MessageRefused(f"the {part} has characters that cannot be sent")
    if limits.length_of(text) > units_max:
        raise MessageRefused(f"the {part} is longer than {units_max} characters")
    if is_line and ("\n" in text or "\r" in text or text != text.strip()):
        raise MessageRefused(f"the {part} is one line without blanks around it")


def _check_id(part: str, text: str, units_max: int) -> None:
    _check(part, text, units_max, is_line=True)


def _check_edges(header: str | None, footer: str | None) -> None:
    if header is not None:
        _check("header", header, limits.HEADER_MAX, is_line=True)
    if footer is not None:
        _check("footer", footer, limits.FOOTER_MAX, is_line=True)


def _check_distinct(parts: str, texts: list[str]) -> None:
    if len(set(texts)) != len(texts):
        raise MessageRefused(f"the {parts} are not distinct")
