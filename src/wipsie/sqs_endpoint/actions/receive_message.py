"""ReceiveMessage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.types import Receive

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.queue.contract import Delivery, QueueSettings, VisibilityChange
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.checks import check_key, check_number, none_if_empty
from wipsie.sqs_endpoint.errors import OVER_LIMIT, SqsError
from wipsie.sqs_endpoint.handles import timed_handle
from wipsie.sqs_endpoint.message_attributes import AttributeFilter
from wipsie.sqs_endpoint.message_shape import read_system_names, shown_message
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output
from wipsie.sqs_endpoint.queue_attributes import default_wait_s
from wipsie.sqs_endpoint.receive_attempts import ReceiveAttempt, Received
from wipsie.sqs_endpoint.request_body import ClientGone

LONG_POLL_S_MAX = 19.6
"""Clients that wait for 20 seconds give up after 20 seconds: the answer has to be there before."""


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
    names = read_system_names(none_if_empty(given.attribute_names), none_if_empty(given.message_system_attribute_names))
    wanted = AttributeFilter(none_if_empty(given.message_attribute_names))
    attempt = _attempt(call, queue, given)
    received = None if attempt is None else await attempt.again()
    if received is None:
        deliveries = await _receive(call, queue, most, visibility_s, min(wait_s, LONG_POLL_S_MAX))
        received = [Received(one, one.receipt, one.received_at_ms) for one in deliveries]
        if attempt is not None and deliveries:
            received = await _note(call, attempt, deliveries, received)
    if not received:
        return {}
    strict = call.means.strictness is not None
    return {
        "Messages": [
            shown_message(
                call.caller,
                queue,
                one.message,
                handle=timed_handle(one.receipt, one.received_at_ms) if strict else one.receipt,
                names=names,
                wanted=wanted,
            )
            for one in received
        ]
    }


async def _receive(
    call: Call, queue: QueueSettings, most: int, visibility_s: int | None, wait_s: float
) -> list[Delivery]:
    if call.means.strictness is not None and await _is_over_limit(call, queue, call.means.strictness.in_flight_max):
        receiving = _nothing(call.engine.clock, wait_s)
    else:
        receiving = call.engine.receive(queue.name, max_messages=most, visibility_timeout_s=visibility_s, wait_s=wait_s)
    return await receiving if wait_s == 0 else await _while_connected(call, asyncio.ensure_future(receiving))


async def _is_over_limit(call: Call, queue: QueueSettings, most: int) -> bool:
    """Whether a FIFO queue has so many messages in flight that it gives nothing; SqsError for a standard queue."""
    if (await call.engine.counts(queue.name)).leased < most:
        return False
    if queue.fifo:
        return True
    raise SqsError(OVER_LIMIT, f"{most} messages of the queue are in flight, which is the limit; delete some first.")


async def _nothing(clock: Clock, wait_s: float) -> list[Delivery]:
    await clock.sleep(wait_s)
    return []


def _attempt(call: Call, queue: QueueSettings, given: ReceiveMessageInput) -> ReceiveAttempt | None:
    attempt_id = given.receive_request_attempt_id
    if attempt_id is None:
        return None
    check_key("ReceiveRequestAttemptId", attempt_id)
    # It is for FIFO queues; and where messages cannot be looked at, nobody knows whether they were touched.
    if not queue.fifo or not call.engine.capabilities.peek:
        return None
    return ReceiveAttempt(call.means, queue, attempt_id, given.visibility_timeout)


async def _note(
    call: Call, attempt: ReceiveAttempt, deliveries: Sequence[Delivery], received: list[Received]
) -> list[Received]:
    """What was received, once it can be received again. Otherwise nothing stays leased."""
    try:
        noted = await attempt.note(received)
    except WipsieError:
        await _give_back(call, deliveries)
        raise
    if noted:
        return received
    await _give_back(call, deliveries)
    return await attempt.again() or []


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


RECEIVE_MESSAGE = Operation("ReceiveMessage", ReceiveMessageInput, receive_message)
