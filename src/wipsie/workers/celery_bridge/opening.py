"""From a message as kombu got it to a delivery: at Wipsie's own endpoint its receipt handle is the receipt of the engine, at Amazon
the backend knows what lies within."""

from __future__ import annotations

import msgspec

from wipsie.kernel.ids import MessageId, Receipt
from wipsie.queue.contract import TRACE_HEADER, Attribute, Delivery, Priority
from wipsie.queue.pushed import PushedMessage
from wipsie.workers.celery_bridge.received import Received


class _Attribute(msgspec.Struct, rename="pascal"):
    data_type: str
    string_value: str | None = None
    binary_value: str | None = None
    """Base64, which is how it is stored."""


class _Message(msgspec.Struct, rename="pascal"):
    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str] = {}
    message_attributes: dict[str, _Attribute] = {}


def pushed_message(received: Received) -> PushedMessage:
    """For a backend that opens what others received. msgspec.ValidationError for what is no message."""
    message = msgspec.convert(received.message, _Message)
    return PushedMessage(
        transport_id=message.message_id,
        handle=message.receipt_handle,
        body=message.body,
        system=message.attributes,
        attributes=_attributes(message),
    )


async def open_of_endpoint(received: Received) -> Delivery:
    """The delivery. The endpoint tells no priority, which has had its effect. msgspec.ValidationError for what is no message."""
    message = msgspec.convert(received.message, _Message)
    system = message.attributes
    receive_count = int(system.get("ApproximateReceiveCount", 1))
    sent_at_ms = int(system.get("SentTimestamp", received.leased_at_ms))
    attributes = _attributes(message)
    if (trace := system.get("AWSTraceHeader")) is not None:
        attributes[TRACE_HEADER] = Attribute(trace)
    return Delivery(
        queue=received.queue,
        message_id=MessageId(message.message_id),
        receipt=Receipt(message.receipt_handle),
        body=message.body,
        attributes=attributes,
        priority=Priority.MEDIUM,
        sequence_number=int(system.get("SequenceNumber", 0)),
        sent_at_ms=sent_at_ms,
        # Since when a message waits that was delivered before, the protocol does not tell.
        waiting_since_ms=sent_at_ms if receive_count == 1 else received.leased_at_ms,
        received_at_ms=received.leased_at_ms,
        lease_until_ms=received.lease_until_ms,
        receive_count=receive_count,
        first_received_at_ms=int(system.get("ApproximateFirstReceiveTimestamp", received.leased_at_ms)),
        group_id=system.get("MessageGroupId"),
        deduplication_id=system.get("MessageDeduplicationId"),
    )


def _attributes(message: _Message) -> dict[str, Attribute]:
    return {
        name: Attribute(one.string_value or one.binary_value or "", one.data_type)
        for name, one in message.message_attributes.items()
    }
