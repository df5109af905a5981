"""What we say: messages that cannot be made longer than WhatsApp takes, and the JSON that sends them."""

from __future__ import annotations

from wipsie.slices.vault.domain.whatsapp.outgoing.limits import length_of, shortened
from wipsie.slices.vault.domain.whatsapp.outgoing.messages import (
    Button,
    ButtonsMessage,
    DocumentMessage,
    ImageMessage,
    ListMessage,
    ListRow,
    ListSection,
    MediaSource,
    MessageRefused,
    OutgoingMessage,
    ReadReceipt,
    TemplateMessage,
    TemplateParameter,
    TextMessage,
)
from wipsie.slices.vault.domain.whatsapp.outgoing.payload import (
    Accepted,
    Payload,
    Recipient,
    read_accepted,
    receipt_payload,
    send_payload,
)

__all__ = [
    "Accepted",
    "Button",
    "ButtonsMessage",
    "DocumentMessage",
    "ImageMessage",
    "ListMessage",
    "ListRow",
    "ListSection",
    "MediaSource",
    "MessageRefused",
    "OutgoingMessage",
    "Payload",
    "ReadReceipt",
    "Recipient",
    "TemplateMessage",
    "TemplateParameter",
    "TextMessage",
    "length_of",
    "read_accepted",
    "receipt_payload",
    "send_payload",
    "shortened",
]
