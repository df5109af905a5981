"""A message as it travels: body text, envelope and attributes; to and from what the client library speaks."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

import msgspec

from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backends.sqs.attributes import ReceivedAttribute, attributes_bytes, read_attributes, split_attributes
from wipsie.queue.backends.sqs.envelope import ATTRIBUTE_NAME, Envelope, encode_body, read_envelope, write_envelope
from wipsie.queue.backends.sqs.sqs_limits import DELAY_S_MAX
from wipsie.queue.contract import Attribute, NewMessage

_KEY = re.compile("[\x21-\x7e]{1,128}")
"""Group and deduplication ids: letters, digits and punctuation of ASCII."""


class Parcel(msgspec.Struct, kw_only=True):
    """Everything of a message that is kept when it changes queues."""

    body: str
    """As SQS holds it: encoded, or the note that stands for a large body."""
    envelope: Envelope
    attributes: dict[str, Attribute]
    group_id: str | None = None
    """The sender's own words."""


class Entry(msgspec.Struct):
    """One message ready for SendMessageBatch."""

    content: dict[str, Any]
    size: int
    """Bytes as SQS counts them."""


class SqsMessage(msgspec.Struct, rename="pascal"):
    """A message as the client library gives it."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str] = {}
    message_attributes: dict[str, ReceivedAttribute] = {}


def pack(message: NewMessage, *, sequence_number: int, delay_ms: int, not_before_ms: int | None) -> Parcel:
    """A new message. `not_before_ms`: when it may be delivered, where its delay is longer than SQS keeps."""
    body, encoding = encode_body(message.body)
    envelope = Envelope(
        message_id=message.message_id,
        queue=message.queue,
        sequence_number=sequence_number,
        priority=message.priority,
        deduplication_id=message.deduplication_id,
        origin=message.origin,
        delay_ms=delay_ms,
        not_before_ms=not_before_ms,
        encoding=encoding,
    )
    return Parcel(body=body, envelope=envelope, attributes=message.attributes or {}, group_id=message.group_id)


def unpack(message: SqsMessage, queue: QueueName) -> Parcel:
    """A received message; one that a foreign client wrote gets the id that SQS gave it."""
    received = dict(message.message_attributes)
    ours = received.get(ATTRIBUTE_NAME)
    envelope = read_envelope(ours.string_value) if ours is not None and ours.string_value else None
    system = message.attributes
    if envelope is None:
        sent_at_ms = int(system.get("SentTimestamp", 0))
        envelope = Envelope(
            message_id=MessageId(message.message_id),
            queue=origin_of(message) or queue,
            sequence_number=sent_at_ms * 1000,
            deduplication_id=system.get("MessageDeduplicationId"),
        )
    else:
        del received[ATTRIBUTE_NAME]
    attributes = read_attributes(received)
    if envelope.attributes:
        attributes |= envelope.attributes
        envelope.attributes = {}
    group_id = envelope.group_id or system.get("MessageGroupId")
    envelope.group_id = None
    return Parcel(body=message.body, envelope=envelope, attributes=attributes, group_id=group_id)


def origin_of(message: SqsMessage) -> QueueName | None:
    """The queue a redrive policy took the message from, where the server tells."""
    arn = message.attributes.get("DeadLetterQueueSourceArn")
    return QueueName(arn.rpartition(":")[2]) if arn else None


def compose(parcel: Parcel, *, deduplication_id: str | None, delay_s: float | None) -> Entry:
    """What SendMessageBatch takes, without the id of the entry. `deduplication_id` is for FIFO queues, `delay_s` for
    standard ones; None leaves it out, so that the queue's own delay counts."""
    envelope = parcel.envelope
    native, rest = split_attributes(parcel.attributes)
    group_id = parcel.group_id
    native_group = None if group_id is None else to_key(group_id)
    sealed = msgspec.structs.replace(envelope, attributes=rest, group_id=group_id if native_group != group_id else None)
    native[ATTRIBUTE_NAME] = {"DataType": "String", "StringValue": write_envelope(sealed)}
    content: dict[str, Any] = {"MessageBody": parcel.body, "MessageAttributes": native}
    if native_group is not None:
        content["MessageGroupId"] = native_group
    if deduplication_id is not None:
        content["MessageDeduplicationId"] = to_key(deduplication_id)
    if delay_s is not None:
        content["DelaySeconds"] = min(math.ceil(delay_s), DELAY_S_MAX)
    body = parcel.body
    size = (len(body) if body.isascii() else len(body.encode())) + attributes_bytes(native)
    return Entry(content, size)


def to_key(text: str) -> str:
    """The text itself where SQS takes it, else its SHA-256: the same key for the same text."""
    return text if _KEY.fullmatch(text) else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
