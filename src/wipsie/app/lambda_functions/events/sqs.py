"""Messages that Lambda's event source mapping received from a queue of Amazon SQS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from wipsie.app.lambda_functions.events.typed import typed
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import Attribute
from wipsie.queue.pushed import PushedMessage


class _Attribute(msgspec.Struct, rename="camel"):
    data_type: str
    string_value: str | None = None
    binary_value: str | None = None


class _Record(
    msgspec.Struct,
    rename={
        "event_source_arn": "eventSourceARN",
        "message_id": "messageId",
        "receipt_handle": "receiptHandle",
        "message_attributes": "messageAttributes",
    },
):
    message_id: str
    receipt_handle: str
    body: str
    event_source_arn: str
    attributes: dict[str, str] = {}
    message_attributes: dict[str, _Attribute] = {}


class _Numbers(
    msgspec.Struct,
    rename={
        "receive_count": "ApproximateReceiveCount",
        "sent": "SentTimestamp",
        "first_received": "ApproximateFirstReceiveTimestamp",
    },
):
    """What must be a number, if it is there."""

    receive_count: int = 1
    sent: int = 0
    first_received: int = 0


class _Batch(msgspec.Struct, rename="pascal"):
    records: list[_Record]


class SqsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One message, leased for this invocation."""

    queue: QueueName
    """As Amazon knows it: the stored name."""
    message: PushedMessage
    group_id: str | None
    """Of a FIFO queue: messages of a group are handled one after the other."""

    @property
    def is_fifo(self) -> bool:
        return self.queue.endswith(".fifo")


class SqsBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one invocation, in the order they were given."""

    records: list[SqsRecord]


def is_sqs_batch(event: Mapping[str, Any]) -> bool:
    """Whether an event is of this kind."""
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        return False
    first = cast("list[Any]", records)[0]
    return isinstance(first, dict) and cast("dict[str, Any]", first).get("eventSource") == "aws:sqs"


def read_sqs_batch(event: Mapping[str, Any]) -> SqsBatch:
    """InvalidInput when it is not as it should be."""
    batch = typed(event, _Batch, "batch of Amazon SQS")
    return SqsBatch(records=[_record(one) for one in batch.records])


def _record(found: _Record) -> SqsRecord:
    typed(found.attributes, _Numbers, "batch of Amazon SQS")
    return SqsRecord(
        queue=QueueName(found.event_source_arn.rpartition(":")[2]),
        message=PushedMessage(
            transport_id=found.message_id,
            handle=found.receipt_handle,
            body=found.body,
            system=found.attributes,
            attributes={
                name: Attribute(value=one.binary_value or one.string_value or "", data_type=one.data_type)
                for name, one in found.message_attributes.items()
            },
        ),
        group_id=found.attributes.get("MessageGroupId"),
    )
