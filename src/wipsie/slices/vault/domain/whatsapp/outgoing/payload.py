"""The JSON of ``POST /{phone_number_id}/messages``, and what its answer says."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from wipsie.slices.vault.domain.whatsapp.json_values import id_of, items, members
from wipsie.slices.vault.domain.whatsapp.outgoing import limits
from wipsie.slices.vault.domain.whatsapp.outgoing.messages import (
    ButtonsMessage,
    DocumentMessage,
    ImageMessage,
    ListMessage,
    MediaSource,
    MessageRefused,
    OutgoingMessage,
    ReadReceipt,
    TemplateMessage,
    TextMessage,
)

Payload = dict[str, Any]
_NUMBER = re.compile(r"[1-9][0-9]{4,19}")
_USER_ID = re.compile(r"[A-Z]{2}\.[\x21-\x7e]{1,200}")
"""Opaque behind the country: only what can never be a number is asked for."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a message goes to: by telephone number or by business-scoped user id, one of the two. An id that is put where a number
    belongs reaches nobody, and Meta does not say so."""

    number: str | None = None
    """Digits with the country code first, without the plus."""
    user_id: str | None = None

    def __post_init__(self) -> None:
        if (self.number is None) == (self.user_id is None):
            raise MessageRefused("a recipient is a number or a user id")
        if self.number is not None and not _NUMBER.fullmatch(self.number):
            raise MessageRefused("a number is digits with the country code first")
        if self.user_id is not None and not _USER_ID.fullmatch(self.user_id):
            raise MessageRefused("a user id begins with its country and a point")


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What Meta answers to a message it takes. It is on its way, not there."""

    message_id: str
    wa_id: str | None = None
    user_id: str | None = None
    template_status: str | None = None


def send_payload(
    message: OutgoingMessage, recipient: Recipient, *, reference: str | None = None, quotes: str | None = None
) -> Payload:
    """`reference`: comes back with every status of this message, the only way to know it again after an answer was lost; `quotes`:
    id of the message it answers."""
    payload: Payload = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    if recipient.number is not None:
        # Without the plus, Meta may put the country code of our own number in front.
        payload["to"] = f"+{recipient.number}"
    else:
        payload["recipient"] = recipient.user_id
    payload |= _content(message)
    if quotes is not None:
        payload["context"] = {"message_id": quotes}
    if reference is not None:
        if not 1 <= limits.length_of(reference) <= limits.REFERENCE_MAX:
            raise MessageRefused(f"a reference has 1 to {limits.REFERENCE_MAX} characters")
        payload["biz_opaque_callback_data"] = reference
    return payload


def receipt_payload(receipt: ReadReceipt) -> Payload:
    """Goes to the same address as messages."""
    payload: Payload = {"messaging_product": "whatsapp", "status": "read", "message_id": receipt.message_id}
    if receipt.is_typing:
        payload["typing_indicator"] = {"type": "text"}
    return payload


def read_accepted(answer: object) -> Accepted | None:
    """From the decoded answer; None when it names no message, so that nobody knows what became of it."""
    outer = members(answer)
    message = members(next(iter(items(outer.get("messages"))), None))
    contact = members(next(iter(items(outer.get("contacts"))), None))
    message_id = id_of(message.get("id"))
    if message_id is None:
        return None
    return Accepted(
        message_id=message_id,
        wa_id=id_of(contact.get("wa_id")),
        user_id=id_of(contact.get("user_id")),
        template_status=id_of(message.get("message_status")),
    )


def _content(message: OutgoingMessage) -> Payload:
    match message:
        case TextMessage():
            return {"type": "text", "text": {"body": message.body, "preview_url": False}}
        case ButtonsMessage():
            buttons = [{"type": "reply", "reply": {"id": one.id, "title": one.title}} for one in message.buttons]
            return _interactive("button", message, {"buttons": buttons})
        case ListMessage():
            return _interactive("list", message, {"button": message.label, "sections": _sections(message)})
        case DocumentMessage():
            document = {**_source(message.source), "filename": message.file_name}
            return {"type": "document", "document": _with_caption(document, message.caption)}
        case ImageMessage():
            return {"type": "image", "image": _with_caption(_source(message.source), message.caption)}
        case TemplateMessage():
            return {"type": "template", "template": _template(message)}


def _interactive(kind: str, message: ButtonsMessage | ListMessage, action: Payload) -> Payload:
    interactive: Payload = {"type": kind, "body": {"text": message.body}, "action": action}
    if message.header is not None:
        interactive["header"] = {"type": "text", "text": message.header}
    if message.footer is not None:
        interactive["footer"] = {"text": message.footer}
    return {"type": "interactive", "interactive": interactive}


def _sections(message: ListMessage) -> list[Payload]:
    return [
        {
            **({} if section.title is None else {"title": section.title}),
            "rows": [
                {
                    "id": row.id,
                    "title": row.title,
                    **({} if row.description is None else {"description": row.description}),
                }
                for row in section.rows
            ],
        }
        for section in message.sections
    ]


def _source(source: MediaSource) -> Payload:
    return {"id": source.id} if source.id is not None else {"link": source.link}


def _with_caption(media: Payload, caption: str | None) -> Payload:
    return media if caption is None else {**media, "caption": caption}


def _template(message: TemplateMessage) -> Payload:
    components: list[Payload] = []
    if message.body:
        parameters = [
            {"type": "text", "text": one.text, **({} if one.name is None else {"parameter_name": one.name})}
            for one in message.body
        ]
        components.append({"type": "body", "parameters": parameters})
    for index, payload in enumerate(message.button_payloads):
        parameter = {"type": "payload", "payload": payload}
        components.append({"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [parameter]})
    template: Payload = {"name": message.name, "language": {"code": message.language_code}}
    return {**template, "components": components} if components else template
