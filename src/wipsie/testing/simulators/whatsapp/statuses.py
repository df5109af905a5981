"""One element of `statuses[]`: what is in it depends on the status and on how the message was addressed."""

from __future__ import annotations

from typing import Any

from wipsie.testing.simulators.whatsapp.graph.errors import webhook_error
from wipsie.testing.simulators.whatsapp.phones.identity import Identity
from wipsie.testing.simulators.whatsapp.sent_messages import SentMessage
from wipsie.testing.simulators.whatsapp.settings import Behaviour
from wipsie.testing.simulators.whatsapp.webhook.envelope import Update


def status_update(message: SentMessage, status: str, identity: Identity, *, now_ms: int, phone: str) -> Update:
    """`sent`, `delivered`, `read` or `played`."""
    outgoing = message.outgoing
    node: dict[str, Any] = {"id": message.id, "status": status, "timestamp": str(now_ms // 1000)}
    contact = identity.contact(now_ms, with_username=status in ("delivered", "read"))
    contact.pop("wa_id", None)
    if outgoing.to is not None:
        node["recipient_id"] = identity.number
        contact = {"profile": contact["profile"], "wa_id": identity.number, "user_id": identity.user_id}
    node["recipient_user_id"] = identity.user_id
    if outgoing.callback_data is not None:
        node["biz_opaque_callback_data"] = outgoing.callback_data
    if status == "sent":
        node["pricing"] = {
            "billable": not message.is_free,
            "pricing_model": "PMP",
            "type": "free_customer_service" if message.is_free else "regular",
            "category": outgoing.category,
        }
    return Update(kind="statuses", node=node, contact=contact, phone=phone, order=message.id)


def failed_update(
    message: SentMessage, code: int, details: str, *, now_ms: int, behaviour: Behaviour, identity: Identity | None
) -> Update:
    """`failed`. Of a message to a number it knows the number and nothing else."""
    outgoing = message.outgoing
    node: dict[str, Any] = {"id": message.id, "status": "failed", "timestamp": str(now_ms // 1000)}
    if outgoing.to is not None:
        node["recipient_id"] = outgoing.to
    else:
        node["recipient_user_id"] = outgoing.recipient
    if outgoing.callback_data is not None:
        node["biz_opaque_callback_data"] = outgoing.callback_data
    node["errors"] = [webhook_error(code, details)]
    contact: dict[str, Any] | None = None
    if behaviour.failed_contacts == "number":
        contact = {"wa_id": outgoing.to} if outgoing.to is not None else {"user_id": outgoing.recipient}
    return Update(
        kind="statuses",
        node=node,
        contact=contact,
        phone=message.phone if identity is not None else None,
        order=message.id,
    )
