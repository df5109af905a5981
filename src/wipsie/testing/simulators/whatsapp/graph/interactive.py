"""Interactive messages: the limits of buttons and lists, links, and requests for a place or the number."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from wipsie.testing.simulators.whatsapp.graph.errors import GraphError
from wipsie.testing.simulators.whatsapp.graph.fields import Fields, invalid, missing
from wipsie.testing.simulators.whatsapp.graph.outgoing import Choice, MediaPart

BODY_MAX = 1024
LIST_BODY_MAX = 4096
HEADER_MAX = FOOTER_MAX = 60
BUTTONS_MAX = 3
BUTTON_TITLE_MAX = 20
BUTTON_ID_MAX = 256
LIST_LABEL_MAX = 20
SECTIONS_MAX = 10
SECTION_TITLE_MAX = 24
ROWS_MAX = 10
ROW_ID_MAX = 200
ROW_TITLE_MAX = 24
ROW_DESCRIPTION_MAX = 72
_HEADER_MEDIA = ("image", "video", "document")


class Interactive(msgspec.Struct, frozen=True, kw_only=True):
    """What is common to all kinds."""

    kind: str
    text: str
    header: str | None = None
    media: MediaPart | None = None
    footer: str | None = None
    choices: tuple[Choice, ...] = ()
    list_button: str | None = None


def read_interactive(fields: Fields) -> Interactive:
    """The object `interactive`. GraphError."""
    kind = fields.text("type")
    reader = _READERS.get(kind)
    if reader is None:
        raise invalid(fields.where("type"), f"{kind!r} is not one of {', '.join(_READERS)}.")
    return reader(fields, kind)


def media_part(fields: Fields, kind: str) -> MediaPart:
    """A file by `id` or by `link`, never both."""
    media_id, link = fields.optional_text("id"), fields.optional_text("link")
    if media_id is None and link is None:
        raise missing(f"{fields.path}.id or {fields.path}.link")
    if media_id is not None and link is not None:
        raise invalid(fields.path, "id and link exclude each other.")
    filename = fields.optional_text("filename") if kind == "document" else None
    is_voice = fields.flag("voice", default=False) if kind == "audio" else False
    return MediaPart(kind=kind, media_id=media_id, link=link, filename=filename, is_voice=is_voice)


def _common(fields: Fields, kind: str, *, body_max: int, choices: tuple[Choice, ...] = ()) -> Interactive:
    text = fields.object("body").text("text", most=body_max)
    footer = fields.optional_object("footer")
    header, media = _header(fields)
    return Interactive(
        kind=kind,
        text=text,
        header=header,
        media=media,
        footer=footer.text("text", most=FOOTER_MAX) if footer is not None else None,
        choices=choices,
    )


def _header(fields: Fields) -> tuple[str | None, MediaPart | None]:
    header = fields.optional_object("header")
    if header is None:
        return None, None
    kind = header.is_one_of("type", ("text", *_HEADER_MEDIA))
    if kind == "text":
        return header.text("text", most=HEADER_MAX), None
    return None, media_part(header.object(kind), kind)


def _buttons(fields: Fields, kind: str) -> Interactive:
    choices: list[Choice] = []
    for button in fields.object("action").objects("buttons", least=1, most=BUTTONS_MAX):
        button.is_one_of("type", ("reply",))
        reply = button.object("reply")
        choices.append(
            Choice(id=_choice_id(reply, BUTTON_ID_MAX), title=reply.text("title", most=BUTTON_TITLE_MAX), kind="reply")
        )
    _refuse_repeats([choice.id for choice in choices], "button ids")
    _refuse_repeats([choice.title for choice in choices], "button titles")
    return _common(fields, kind, body_max=BODY_MAX, choices=tuple(choices))


def _list(fields: Fields, kind: str) -> Interactive:
    action = fields.object("action")
    label = action.text("button", most=LIST_LABEL_MAX)
    sections = action.objects("sections", least=1, most=SECTIONS_MAX)
    choices: list[Choice] = []
    for section in sections:
        title = section.optional_text("title", most=SECTION_TITLE_MAX)
        if title is None and len(sections) > 1:
            raise missing(section.where("title"))
        choices += [
            Choice(
                id=_choice_id(row, ROW_ID_MAX),
                title=row.text("title", most=ROW_TITLE_MAX),
                description=row.optional_text("description", most=ROW_DESCRIPTION_MAX),
                section=title,
                kind="row",
            )
            for row in section.objects("rows", least=1, most=ROWS_MAX)
        ]
    if len(choices) > ROWS_MAX:
        raise invalid(action.where("sections"), f"{len(choices)} rows together, at most {ROWS_MAX} are allowed.")
    _refuse_repeats([choice.id for choice in choices], "row ids")
    read = _common(fields, kind, body_max=LIST_BODY_MAX, choices=tuple(choices))
    if read.media is not None:
        raise invalid(fields.where("header"), "a list may only have a text header.")
    return msgspec.structs.replace(read, list_button=label)


def _choice_id(fields: Fields, most: int) -> str:
    value = fields.text("id", most=most)
    if value != value.strip():
        raise invalid(fields.where("id"), "must not begin or end with a space.")
    return value


def _refuse_repeats(values: list[str], what: str) -> None:
    if len(set(values)) < len(values):
        raise GraphError(131009, f"interactive.action: {what} must differ from each other.")


def _link(fields: Fields, kind: str) -> Interactive:
    parameters = fields.object("action").object("parameters")
    label = parameters.text("display_text", most=BUTTON_TITLE_MAX)
    choice = Choice(id=parameters.text("url"), title=label, kind="link")
    return _common(fields, kind, body_max=BODY_MAX, choices=(choice,))


def _named_action(label: str) -> Callable[[Fields, str], Interactive]:
    """Kinds with one fixed thing to tap."""

    def read(fields: Fields, kind: str) -> Interactive:
        fields.object("action")
        return _common(fields, kind, body_max=BODY_MAX, choices=(Choice(id=kind, title=label, kind="action"),))

    return read


_READERS: dict[str, Callable[[Fields, str], Interactive]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _link,
    "location_request_message": _named_action("Send location"),
    "request_contact_info": _named_action("Share phone number"),
}
