"""Reads the content of one message by its type. ValueError says what is wrong with one that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from wipsie.slices.vault.domain.whatsapp.errors import read_api_errors
from wipsie.slices.vault.domain.whatsapp.json_values import (
    ID_CHARACTERS_MAX,
    Members,
    id_of,
    items,
    members,
    number_of,
    text_of,
)
from wipsie.slices.vault.domain.whatsapp.media import URL_CHARACTERS_MAX, sha256_hex, size_of
from wipsie.slices.vault.domain.whatsapp.updates.contents import (
    ButtonTap,
    ContactCards,
    Content,
    Edited,
    ListTap,
    Location,
    Media,
    MediaKind,
    NotPassedOn,
    OtherContent,
    Reaction,
    Revoked,
    SystemChange,
    SystemChangeKind,
    TemplateTap,
    Text,
    Unsupported,
)

_SHORT, _NAME, _CAPTION = 200, 1_000, 4_096
_MEDIA_KINDS: tuple[MediaKind, ...] = get_args(MediaKind)


def read_content(message: Members) -> Content:
    """The content of an element of `messages`."""
    kind = text_of(message.get("type"), _SHORT) or ""
    errors = read_api_errors(message)
    node = members(message.get(kind))
    if kind == "unsupported" or not kind:
        return Unsupported(type=text_of(node.get("type"), _SHORT), errors=errors)
    if not node and errors:
        return NotPassedOn(type=kind, errors=errors)
    if kind in _MEDIA_KINDS and errors and id_of(node.get("id")) is None:
        return NotPassedOn(type=kind, errors=errors)
    read = _READERS.get(kind)
    return OtherContent(type=kind) if read is None else read(message, node)


def _text(_: Members, node: Members) -> Content:
    body = text_of(node.get("body"))
    if body is None:
        raise ValueError("the text has no body")
    return Text(body=body)


def _media(kind: MediaKind) -> Callable[[Members, Members], Content]:
    def read(_: Members, node: Members) -> Content:
        media_id = id_of(node.get("id"))
        if media_id is None:
            raise ValueError("the file has no id")
        return Media(
            media=kind,
            id=media_id,
            mime_type=text_of(node.get("mime_type"), _SHORT),
            sha256=sha256_hex(node.get("sha256")),
            size=size_of(node.get("file_size")),
            caption=text_of(node.get("caption"), _CAPTION) or None,
            file_name=text_of(node.get("filename"), _NAME) or None,
            url=text_of(node.get("url"), URL_CHARACTERS_MAX) or None,
            is_voice=node.get("voice") is True,
            is_animated=node.get("animated") is True,
        )

    return read


def _interactive(_: Members, node: Members) -> Content:
    kind = text_of(node.get("type"), _SHORT) or ""
    reply = members(node.get(kind))
    if kind not in ("button_reply", "list_reply"):
        return OtherContent(type=f"interactive {kind}".strip())
    tapped = _tapped(reply.get("id"))
    title = text_of(reply.get("title"), _SHORT) or ""
    if kind == "button_reply":
        return ButtonTap(id=tapped, title=title)
    return ListTap(id=tapped, title=title, description=text_of(reply.get("description"), _SHORT) or None)


def _button(_: Members, node: Members) -> Content:
    # Templates made without a payload send the words of the button alone.
    payload, text = node.get("payload"), text_of(node.get("text"), _SHORT) or ""
    return TemplateTap(payload=_tapped(payload if payload else text), text=text)


def _tapped(value: object) -> str:
    # Ours, and so of ASCII without blanks; templates may have words here.
    tapped = text_of(value, ID_CHARACTERS_MAX)
    if not tapped:
        raise ValueError("the tapped choice has no id")
    return tapped


def _reaction(_: Members, node: Members) -> Content:
    return Reaction(message_id=id_of(node.get("message_id")), emoji=text_of(node.get("emoji"), 64) or None)


def _location(_: Members, node: Members) -> Content:
    return Location(
        latitude=number_of(node.get("latitude")),
        longitude=number_of(node.get("longitude")),
        name=text_of(node.get("name"), _NAME) or None,
        address=text_of(node.get("address"), _NAME) or None,
    )


def _contact_cards(message: Members, _: Members) -> Content:
    cards = items(message.get("contacts"))
    shared: str | None = None
    for card in map(members, cards[:1]):
        origin = card.get("origin") or message.get("origin")
        if origin == "contact_request":
            phone = members(next(iter(items(card.get("phones"))), None))
            shared = id_of(phone.get("wa_id"))
    return ContactCards(count=len(cards), shared_number=shared)


def _original_id(message: Members, node: Members) -> str | None:
    return id_of(node.get("original_message_id")) or id_of(message.get("original_message_id"))


def _edit(message: Members, node: Members) -> Content:
    inner = members(node.get("message")) or node
    return Edited(message_id=_original_id(message, node), text=text_of(members(inner.get("text")).get("body")))


def _revoke(message: Members, node: Members) -> Content:
    return Revoked(message_id=_original_id(message, node))


_CHANGES: dict[str, SystemChangeKind] = {
    "user_changed_number": "number",
    "customer_changed_number": "number",
    "user_changed_user_id": "user_id",
    "user_identity_changed": "identity",
    "customer_identity_changed": "identity",
}


def _system(_: Members, node: Members) -> Content:
    kind = text_of(node.get("type"), _SHORT) or ""
    return SystemChange(
        change=_CHANGES.get(kind, "other"),
        type=kind,
        new_wa_id=id_of(node.get("wa_id")) or id_of(node.get("new_wa_id")),
        new_user_id=id_of(node.get("user_id")),
        previous_user_id=id_of(node.get("previous_user_id")),
    )


_READERS: dict[str, Callable[[Members, Members], Content]] = {
    "text": _text,
    **{kind: _media(kind) for kind in _MEDIA_KINDS},
    "interactive": _interactive,
    "button": _button,
    "reaction": _reaction,
    "location": _location,
    "contacts": _contact_cards,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
}
