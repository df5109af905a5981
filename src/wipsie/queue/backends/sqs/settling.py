"""Settle: acknowledge, move the end of a lease, dead-letter. One outcome per receipt.

SQS has no move. A dead letter is a copy in the dead-letter queue and then a delete; a crash in between leaves both, with
one message id. The same goes for a release longer than the twelve hours that SQS hides a message.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput, QueueNotFound, ReceiptExpired, WipsieError
from wipsie.kernel.ids import QueueName, Receipt
from wipsie.queue.backend_kit.refusals import (
    dead_letter_queue_missing,
    no_dead_letter_queue,
    not_supported,
    receipt_expired,
)
from wipsie.queue.backends.sqs.directory import STALE_S, QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.faults import raise_if_away
from wipsie.queue.backends.sqs.lanes import AllLanes, HandleChange
from wipsie.queue.backends.sqs.large_bodies import LargeBodies
from wipsie.queue.backends.sqs.leases import Held, Leases
from wipsie.queue.backends.sqs.parcel import Parcel
from wipsie.queue.backends.sqs.receipts import read_receipt
from wipsie.queue.backends.sqs.redriving import reborn
from wipsie.queue.backends.sqs.sending import Sender
from wipsie.queue.backends.sqs.sqs_limits import DELAY_S_MAX, VISIBILITY_TIMEOUT_S_MAX
from wipsie.queue.contract import DeadLetter, DeadLetterCause, DeadLetterOrder, Outcome, VisibilityChange
from wipsie.telemetry.logging import get_logger

TRACEBACK_LENGTH_MAX = 32_000
ATTEMPTS_KEPT_MAX = 20

_log = get_logger(__name__)


class Settler:
    """Ends deliveries."""

    def __init__(
        self,
        directory: QueueDirectory,
        lanes: AllLanes,
        leases: Leases,
        sender: Sender,
        *,
        clock: Clock,
        large_bodies: LargeBodies | None,
    ) -> None:
        self._directory = directory
        self._lanes = lanes
        self._leases = leases
        self._sender = sender
        self._clock = clock
        self._large_bodies = large_bodies

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        """Acknowledge."""
        return await _outcomes(self._delete(queue, receipt) for queue, receipt in receipts)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        """Move ends of leases."""
        return await _outcomes(self._change(change) for change in changes)

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        """Move to the dead-letter queues."""
        return await _outcomes(self._bury(order) for order in orders)

    async def _delete(self, name: QueueName, receipt: Receipt) -> None:
        handle, large_body = read_receipt(name, receipt)
        with _Reservation(self._leases, handle):
            queue = await self._directory.find(name, age_s_max=STALE_S)
            await self._spend(handle, self._lanes.of(queue).delete.call(handle))
        if large_body is not None and self._large_bodies is not None:
            try:
                await self._large_bodies.delete(large_body)
            except WipsieError as error:
                # The message is gone; an object that nobody names is no reason to say otherwise.
                _log.warning("large_body_left_behind", key=large_body, error=str(error))

    async def _change(self, change: VisibilityChange) -> None:
        handle, _ = read_receipt(change.queue, change.receipt)
        if self._leases.is_spent(handle):
            raise receipt_expired()
        if change.undo_receive:
            raise not_supported("sqs", "undo_receive", "Amazon SQS counts every receive; release without undo_receive.")
        queue = await self._directory.find(change.queue, age_s_max=STALE_S)
        if change.visibility_timeout_s > VISIBILITY_TIMEOUT_S_MAX:
            await self._postpone(change, queue, handle)
            return
        seconds = math.ceil(change.visibility_timeout_s)
        visible_at_ms = self._clock.now_ms() + seconds * 1000
        lane = self._lanes.of(queue).visibility
        if not change.release:
            await self._hear(handle, lane.call(HandleChange(handle, seconds)))
            self._leases.move(handle, visible_at_ms)
            return
        with _Reservation(self._leases, handle):
            await self._hear(handle, lane.call(HandleChange(handle, seconds)))
            self._leases.release(handle, visible_at_ms)

    async def _postpone(self, change: VisibilityChange, queue: SqsQueue, handle: str) -> None:
        """Longer than SQS hides a message: a delayed copy takes its place."""
        wait_s = change.visibility_timeout_s
        if not change.release:
            raise InvalidInput(
                f"A lease on Amazon SQS ends within {VISIBILITY_TIMEOUT_S_MAX} seconds.",
                details={"field": "visibility_timeout_s", "value": wait_s},
            )
        if queue.settings.fifo:
            raise not_supported(
                "sqs", "delay", "messages of a FIFO queue return within 12 hours; choose a shorter time."
            )
        held = self._held(handle)
        envelope = msgspec.structs.replace(
            held.parcel.envelope,
            not_before_ms=self._clock.now_ms() + int(wait_s * 1000),
            earlier_receives=held.receive_count,
        )
        parcel = msgspec.structs.replace(held.parcel, envelope=envelope)
        await self._move(held, parcel, queue, queue, deduplication_id=None, delay_s=min(wait_s, DELAY_S_MAX))

    async def _bury(self, order: DeadLetterOrder) -> None:
        handle, _ = read_receipt(order.queue, order.receipt)
        if self._leases.is_spent(handle):
            raise receipt_expired()
        queue = await self._directory.find(order.queue, age_s_max=STALE_S)
        name = queue.settings.dead_letter_queue
        if name is None:
            raise no_dead_letter_queue(order.queue)
        try:
            target = await self._directory.find(name, age_s_max=STALE_S)
        except QueueNotFound:
            raise dead_letter_queue_missing(name) from None
        held = self._held(handle)
        parcel = reborn(held.parcel, target.name, self._sender.next_sequence_number())
        parcel.envelope.dead_letter = DeadLetter(
            origin=order.queue, dead_at_ms=self._clock.now_ms(), cause=_bounded(order.cause)
        )
        repeat_id = f"{parcel.envelope.message_id}.{parcel.envelope.redrive_count}.dead"
        await self._move(held, parcel, queue, target, deduplication_id=repeat_id)

    def _held(self, handle: str) -> Held:
        held = self._leases.find(handle)
        if held is None:
            raise not_supported(
                "sqs",
                "moves_by_any_process",
                "only the process that received a message can move it, and not for ever; receive it again.",
            )
        return held

    async def _move(
        self,
        held: Held,
        parcel: Parcel,
        source: SqsQueue,
        target: SqsQueue,
        *,
        deduplication_id: str | None,
        delay_s: float = 0.0,
    ) -> None:
        with _Reservation(self._leases, held.handle):
            if not held.copied:
                await self._sender.post(parcel, target, deduplication_id=deduplication_id, delay_s=delay_s)
                # Asked again after a failed delete, only the delete is left to do.
                held.copied = True
            await self._spend(held.handle, self._lanes.of(source).delete.call(held.handle))

    async def _spend(self, handle: str, call: Coroutine[Any, Any, None]) -> None:
        await self._hear(handle, call)
        self._leases.spend(handle)

    async def _hear(self, handle: str, call: Coroutine[Any, Any, None]) -> None:
        try:
            await call
        except ReceiptExpired:
            self._leases.spend(handle)
            raise


class _Reservation:
    """One settles at a time: of concurrent deletes of one receipt one succeeds."""

    def __init__(self, leases: Leases, handle: str) -> None:
        self._leases = leases
        self._handle = handle

    def __enter__(self) -> None:
        if not self._leases.reserve(self._handle):
            raise receipt_expired()

    def __exit__(self, *exception: object) -> None:
        self._leases.unreserve(self._handle)


def _bounded(cause: DeadLetterCause) -> DeadLetterCause:
    """A cause that fits beside a body: the end of the traceback, where the error is, and the last attempts."""
    traceback = cause.traceback
    return msgspec.structs.replace(
        cause,
        traceback=None if traceback is None else traceback[-TRACEBACK_LENGTH_MAX:],
        attempts=cause.attempts[-ATTEMPTS_KEPT_MAX:],
    )


async def _outcomes(calls: Iterable[Coroutine[Any, Any, None]]) -> list[Outcome]:
    """Do all at once, so that they share requests; refusals become outcomes. Raises when nothing could be done because
    nobody answers."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    outcomes: list[Outcome] = []
    for answer in answers:
        if answer is not None and not isinstance(answer, WipsieError):
            raise answer
        outcomes.append(answer)
    raise_if_away(outcomes)
    return outcomes
