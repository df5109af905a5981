"""What Wipsie knows of a message and SQS has no place for: one message attribute beside the readable body."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

import msgspec

from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backends.sqs.large_bodies import is_key
from wipsie.queue.contract import Attribute, DeadLetter, Priority

ATTRIBUTE_NAME = "wipsie"

_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""SQS takes the characters of XML 1.0."""


_Count = Annotated[int, msgspec.Meta(ge=0)]


class Envelope(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The attribute's content, as JSON."""

    message_id: MessageId
    queue: QueueName
    """Where the message was put. Found in another queue, it was moved there by a redrive policy."""
    sequence_number: _Count
    """Microseconds since the epoch at its acceptance, made unique: SQS counts nothing on standard queues."""
    sent_at_ms: int | None = None
    """Of a copy: when the message was first accepted. None: the sequence number tells."""
    priority: Priority = Priority.MEDIUM
    group_id: str | None = None
    """Only a group id whose characters SQS refuses."""
    deduplication_id: str | None = None
    redrive_count: _Count = 0
    origin: QueueName | None = None
    dead_letter: DeadLetter | None = None
    delay_ms: _Count = 0
    """The delay it was sent with; for telling how long it waited."""
    not_before_ms: int | None = None
    """A delay longer than SQS keeps: until then the message is sent on, again and again."""
    earlier_receives: _Count = 0
    """Deliveries of the copies before this one."""
    encoding: Literal["base64"] | None = None
    """How the body is written when it has characters that SQS refuses."""
    large_body: str | None = None
    """Key of the object that holds the body."""
    attributes: dict[str, Attribute] = {}
    """Only attributes that SQS refuses."""

    @property
    def accepted_at_ms(self) -> int:
        return self.sequence_number // 1000 if self.sent_at_ms is None else self.sent_at_ms


_decoder = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()


def write_envelope(envelope: Envelope) -> str:
    """JSON that SQS takes: what XML does not know is escaped."""
    text = _encoder.encode(envelope).decode()
    return text if is_sendable(text) else _UNSENDABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def read_envelope(text: str) -> Envelope | None:
    """None when somebody else uses the name of our attribute, or names an object that is none of ours."""
    try:
        envelope = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return envelope if envelope.large_body is None or is_key(envelope.large_body) else None


def is_sendable(text: str) -> bool:
    """Whether SQS takes every character."""
    return _UNSENDABLE.search(text) is None


def encode_body(body: str) -> tuple[str, Literal["base64"] | None]:
    """(text SQS takes, how it is written)."""
    if is_sendable(body):
        return body, None
    return base64.b64encode(body.encode()).decode(), "base64"


def decode_body(text: str, encoding: Literal["base64"] | None) -> str:
    """The body as it was sent; the text as it stands when it was not written by us after all."""
    if encoding is None:
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return text
