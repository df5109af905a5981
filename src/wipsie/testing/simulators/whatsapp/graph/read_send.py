"""The body of `POST /{phone_number_id}/messages`: a message of any kind, or a read receipt."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from wipsie.testing.simulators.whatsapp.graph.errors import GraphError
from wipsie.testing.simulators.whatsapp.graph.fields import Fields, invalid, missing
from wipsie.testing.simulators.whatsapp.graph.interactive import media_part, read_interactive
from wipsie.testing.simulators.whatsapp.graph.outgoing import Outgoing, Receipt
from wipsie.testing.simulators.whatsapp.graph.templates import Templates

TEXT_MAX = 4096
CAPTION_MAX = 1024
CALLBACK_DATA_MAX = 512
CONTACTS_MAX = 257
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_NUMBER = re.compile(r"\+?[0-9 ().-]{5,30}")
_CAPTIONED = ("image", "video", "document")


def read_send(body: Any, templates: Templates) -> Outgoing | Receipt:
    """GraphError when the API would refuse it."""
    fields = Fields(body)
    if fields.text("messaging_product") != "whatsapp":
        raise invalid("messaging_product", "must be whatsapp.")
    if fields.has("status"):
        return _receipt(fields)
    if fields.has("recipient_type"):
        fields.is_one_of("recipient_type", ("individual",))
    address = _address(fields)
    kind = fields.optional_text("type") or "text"
    reader = _READERS.get(kind)
    if reader is None:
        raise GraphError(131051, f"There is no message of type {kind}.")
    content: dict[str, Any] = reader(fields.object(kind)) if kind != "contacts" else _contacts(fields)
    if kind == "template":
        content = _template(fields.object("template"), templates)
        if address.recipient is not None and content["category"] == "authentication":
            raise GraphError(131062)
    context = fields.optional_object("context")
    content = {"kind": kind, **content}
    return Outgoing(
        **content,
        message_type=kind,
        to=address.to,
        to_as_given=address.as_given,
        recipient=address.recipient,
        quoted_id=context.text("message_id") if context is not None else None,
        callback_data=fields.optional_text("biz_opaque_callback_data", most=CALLBACK_DATA_MAX),
    )


class _Address(msgspec.Struct, frozen=True):
    to: str | None
    as_given: str
    recipient: str | None


def _address(fields: Fields) -> _Address:
    if fields.has("to"):
        # A number in place of a string is common in clients, and taken.
        given = str(fields.raw["to"])
        if _NUMBER.fullmatch(given.strip()) is None:
            raise GraphError(100, "Param to is not a phone number; user ids belong into recipient.")
        return _Address("".join(filter(str.isdecimal, given)), given, None)
    if not fields.has("recipient"):
        raise missing("to")
    recipient = fields.text("recipient")
    if _USER_ID.fullmatch(recipient) is None:
        raise GraphError(100, "Param recipient is not a user id.")
    return _Address(None, recipient, recipient)


def _receipt(fields: Fields) -> Receipt:
    fields.is_one_of("status", ("read",))
    typing = fields.optional_object("typing_indicator")
    if typing is not None:
        typing.is_one_of("type", ("text",))
    return Receipt(message_id=fields.text("message_id"), typing=typing is not None)


def _text(fields: Fields) -> dict[str, Any]:
    fields.flag("preview_url", default=False)
    text = fields.raw.get("body")
    if isinstance(text, str) and len(text) > TEXT_MAX:
        # The one limit the API reports under the code of the Graph itself.
        raise GraphError(100, f"Param text['body'] must be at most {TEXT_MAX} characters long.")
    return {"text": fields.text("body")}


def _media(kind: str) -> Callable[[Fields], dict[str, Any]]:
    def read(fields: Fields) -> dict[str, Any]:
        caption = fields.optional_text("caption", most=CAPTION_MAX)
        if caption is not None and kind not in _CAPTIONED:
            raise invalid(fields.where("caption"), f"{kind} has no caption.")
        return {"media": media_part(fields, kind), "text": caption or ""}

    return read


def _location(fields: Fields) -> dict[str, Any]:
    name, address = fields.optional_text("name"), fields.optional_text("address")
    return {
        "latitude": fields.number("latitude", least=-90, most=90),
        "longitude": fields.number("longitude", least=-180, most=180),
        "text": "\n".join(filter(None, (name, address))),
    }


def _contacts(fields: Fields) -> dict[str, Any]:
    names: list[str] = []
    for contact in fields.objects("contacts", least=1, most=CONTACTS_MAX):
        names.append(contact.object("name").text("formatted_name"))
        for phone in contact.objects("phones"):
            phone.optional_text("phone")
    return {"text": "\n".join(names)}


def _reaction(fields: Fields) -> dict[str, Any]:
    return {"reaction_to": fields.text("message_id"), "reaction": fields.optional_text("emoji", most=32)}


def _interactive(fields: Fields) -> dict[str, Any]:
    read = read_interactive(fields)
    return {
        "kind": read.kind,
        "text": read.text,
        "header": read.header,
        "media": read.media,
        "footer": read.footer,
        "choices": read.choices,
        "list_button": read.list_button,
    }


def _template(fields: Fields, templates: Templates) -> dict[str, Any]:
    filled = templates.fill(fields)
    return {
        "text": filled.text,
        "header": filled.header,
        "media": filled.media,
        "footer": filled.template.footer,
        "choices": filled.choices,
        "template": filled.template.name,
        "category": filled.template.category,
    }


def _later(_fields: Fields) -> dict[str, Any]:
    # Read where the templates of the account are at hand, and where the list itself is.
    return {}


_READERS: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "text": _text,
    "image": _media("image"),
    "document": _media("document"),
    "audio": _media("audio"),
    "video": _media("video"),
    "sticker": _media("sticker"),
    "location": _location,
    "contacts": _later,
    "reaction": _reaction,
    "interactive": _interactive,
    "template": _later,
}
