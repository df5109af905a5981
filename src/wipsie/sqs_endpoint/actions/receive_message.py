"""ReceiveMessage."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

from starlette.types import Receive

from wipsie.queue.contract import TRACE_HEADER, Delivery, QueueSettings, VisibilityChange
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.checks import check_number, none_if_empty
from wipsie.sqs_endpoint.digests import md5_of_attributes, md5_of_text
from wipsie.sqs_endpoint.errors import INVALID_ATTRIBUTE_NAME, SqsError, shown
from wipsie.sqs_endpoint.message_attributes import AttributeFilter, shown_attributes
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output
from wipsie.sqs_endpoint.queue_attributes import default_wait_s
from wipsie.sqs_endpoint.request_body import ClientGone

LONG_POLL_S_MAX = 19.6
"""Clients that wait for 20 seconds give up after 20 seconds: the answer has to be there before."""
_SYSTEM_NAMES = (
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
_KNOWN_NAMES = {name.lower(): name for name in _SYSTEM_NAMES}


class ReceiveMessageInput(Input):
    """How many messages, for how long, and how much of each."""

    queue_url: str | None = None
    attribute_names: list[str] | None = None
    message_system_attribute_names: list[str] | None = None
    message_attribute_names: list[str] | None = None
    max_number_of_messages: int | None = None
    visibility_timeout: int | None = None
    wait_time_seconds: int | None = None
    receive_request_attempt_id: str | None = None


async def receive_message(call: Call, given: ReceiveMessageInput) -> Output:
    """Lease up to ten messages, waiting for the first if asked to."""
    queue = await call.queues.of_url(given.queue_url)
    most, visibility_s, wait_s = given.max_number_of_messages, given.visibility_timeout, given.wait_time_seconds
    if most is None:
        most = 1
    else:
        check_number("MaxNumberOfMessages", most, 1, sqs_limits.RECEIVE_MESSAGES_MAX)
    if visibility_s is not None:
        check_number("VisibilityTimeout", visibility_s, 0, sqs_limits.VISIBILITY_TIMEOUT_S_MAX)
    if wait_s is None:
        wait_s = default_wait_s(queue)
    else:
        check_number("WaitTimeSeconds", wait_s, 0, sqs_limits.WAIT_S_MAX)
    names = _system_names(none_if_empty(given.attribute_names), none_if_empty(given.message_system_attribute_names))
    wanted = AttributeFilter(none_if_empty(given.message_attribute_names))
    receiving = call.engine.receive(
        queue.name, max_messages=most, visibility_timeout_s=visibility_s, wait_s=min(wait_s, LONG_POLL_S_MAX)
    )
    deliveries = await receiving if wait_s == 0 else await _while_connected(call, asyncio.ensure_future(receiving))
    if not deliveries:
        return {}
    return {"Messages": [_message(call, queue, one, names, wanted) for one in deliveries]}


async def _while_connected(call: Call, receiving: asyncio.Task[list[Delivery]]) -> list[Delivery]:
    """What was leased. A client that hangs up first gets nothing, and whatever was leased for it goes back at once."""
    leaving = asyncio.ensure_future(_left(call.receive))
    try:
        await asyncio.wait((receiving, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            return receiving.result()
        if receiving.done():
            await _give_back(call, receiving.result())
        raise ClientGone
    finally:
        for task in (receiving, leaving):
            task.cancel()
        await asyncio.gather(receiving, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _give_back(call: Call, deliveries: Sequence[Delivery]) -> None:
    undo = call.engine.capabilities.undo_receive
    changes = [VisibilityChange(one.queue, one.receipt, 0, release=True, undo_receive=undo) for one in deliveries]
    if changes:
        await call.engine.change_visibility(changes)


def _system_names(old: Sequence[str], new: Sequence[str]) -> frozenset[str]:
    names: set[str] = set()
    for name in (*old, *new):
        if name.lower() == "all":
            return frozenset(_SYSTEM_NAMES)
        known = _KNOWN_NAMES.get(name.lower())
        if known is None:
            raise SqsError(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {shown(name)}.")
        names.add(known)
    return frozenset(names)


def _message(
    call: Call, queue: QueueSettings, delivery: Delivery, names: frozenset[str], wanted: AttributeFilter
) -> dict[str, Any]:
    message: dict[str, Any] = {
        "MessageId": delivery.message_id,
        "ReceiptHandle": delivery.receipt,
        "MD5OfBody": md5_of_text(delivery.body),
        "Body": delivery.body,
    }
    if names and (system := _system_attributes(call, queue, delivery, names)):
        message["Attributes"] = system
    if chosen := wanted.choose(delivery.attributes):
        message["MD5OfMessageAttributes"] = md5_of_attributes(chosen)
        message["MessageAttributes"] = shown_attributes(chosen)
    return message


def _system_attributes(call: Call, queue: QueueSettings, delivery: Delivery, names: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {
        "ApproximateReceiveCount": str(delivery.receive_count),
        "SentTimestamp": str(delivery.sent_at_ms),
        "ApproximateFirstReceiveTimestamp": str(delivery.first_received_at_ms),
    }
    if "SenderId" in names:
        # Nobody has to sign in where this is open; whoever sent it is of this account.
        found["SenderId"] = call.caller.account
    if delivery.group_id is not None:
        found["MessageGroupId"] = delivery.group_id
    if queue.fifo:
        found["SequenceNumber"] = f"{delivery.sequence_number:020d}"
        if delivery.deduplication_id is not None:
            found["MessageDeduplicationId"] = delivery.deduplication_id
        elif queue.content_based_deduplication:
            found["MessageDeduplicationId"] = hashlib.sha256(delivery.body.encode()).hexdigest()
    if (trace := delivery.attributes.get(TRACE_HEADER)) is not None:
        found["AWSTraceHeader"] = trace.value
    if delivery.dead_letter is not None:
        found["DeadLetterQueueSourceArn"] = call.caller.queue_arn(delivery.dead_letter.origin)
    return {name: value for name, value in found.items() if name in names}


RECEIVE_MESSAGE = Operation("ReceiveMessage", ReceiveMessageInput, receive_message)
