"""A message as an answer has it, whether it was received or only looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from wipsie.queue.contract import TRACE_HEADER, Delivery, QueueSettings, StoredMessage
from wipsie.sqs_endpoint.caller import Caller
from wipsie.sqs_endpoint.digests import md5_of_attributes, md5_of_text
from wipsie.sqs_endpoint.errors import INVALID_ATTRIBUTE_NAME, SqsError, shown
from wipsie.sqs_endpoint.message_attributes import AttributeFilter, shown_attributes

SYSTEM_NAMES = (
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
)
_KNOWN_NAMES = {name.lower(): name for name in SYSTEM_NAMES}


def read_system_names(old: Sequence[str], new: Sequence[str]) -> frozenset[str]:
    """Which system attributes are asked for, by the old and the new name of the member. SqsError for one nobody knows."""
    names: set[str] = set()
    for name in (*old, *new):
        if name.lower() == "all":
            return frozenset(SYSTEM_NAMES)
        known = _KNOWN_NAMES.get(name.lower())
        if known is None:
            raise SqsError(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {shown(name)}.")
        names.add(known)
    return frozenset(names)


def shown_message(
    caller: Caller,
    queue: QueueSettings,
    message: Delivery | StoredMessage,
    *,
    handle: str,
    names: frozenset[str],
    wanted: AttributeFilter,
) -> dict[str, Any]:
    """Members of a message. `handle`: its receipt handle; `names`: system attributes to show; `wanted`: which of its own."""
    members: dict[str, Any] = {
        "MessageId": message.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": md5_of_text(message.body),
        "Body": message.body,
    }
    if names and (system := _system_attributes(caller, queue, message, names)):
        members["Attributes"] = system
    if chosen := wanted.choose(message.attributes):
        members["MD5OfMessageAttributes"] = md5_of_attributes(chosen)
        members["MessageAttributes"] = shown_attributes(chosen)
    return members


def _system_attributes(
    caller: Caller, queue: QueueSettings, message: Delivery | StoredMessage, names: frozenset[str]
) -> dict[str, str]:
    found: dict[str, str] = {
        "ApproximateReceiveCount": str(message.receive_count),
        "SentTimestamp": str(message.sent_at_ms),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_at_ms or 0),
    }
    if "SenderId" in names:
        # Nobody has to sign in where this is open; whoever sent it is of this account.
        found["SenderId"] = caller.account
    if message.group_id is not None:
        found["MessageGroupId"] = message.group_id
    if queue.fifo:
        found["SequenceNumber"] = f"{message.sequence_number:020d}"
        if message.deduplication_id is not None:
            found["MessageDeduplicationId"] = message.deduplication_id
        elif queue.content_based_deduplication:
            found["MessageDeduplicationId"] = hashlib.sha256(message.body.encode()).hexdigest()
    if (trace := message.attributes.get(TRACE_HEADER)) is not None:
        found["AWSTraceHeader"] = trace.value
    if message.dead_letter is not None:
        found["DeadLetterQueueSourceArn"] = caller.queue_arn(message.dead_letter.origin)
    return {name: value for name, value in found.items() if name in names}
