"""A queue backend whose messages are brought by somebody else: Celery's pool feeds it, a `Worker` receives from it.

::

    process ─► opened ─► offered ── receive ──► Worker ── delete, release or dead_letter ──► settled: `process` returns
                 │                                │
                 │ a call of Celery's             └── its lease is lost: `process` returns
                 ├─ that cannot be run: dead-lettered
                 └─ that is not due: given back

Every other verb is that of the backend behind it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidReceipt, NotFound, ReceiptExpired, WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.contract import (
    Capabilities,
    DeadLetterCause,
    DeadLetterOrder,
    Delivery,
    MessageState,
    NewMessage,
    Outcome,
    QueueBackend,
    QueueCounts,
    QueueSettings,
    RedriveFilter,
    RedriveStep,
    SendResult,
    StoredMessage,
    VisibilityChange,
)
from wipsie.telemetry.logging import get_logger
from wipsie.workers.celery_bridge.celery_calls import UnusableCall, read_call
from wipsie.workers.celery_bridge.received import Received

_log = get_logger(__name__)

Open = Callable[[Received], Awaitable[Delivery | None]]
"""Makes a delivery of a received message; None when it must not be handed out now, and has been seen to."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a message."""

    well: bool
    """It is done, or was never to be run now."""
    text: str
    """For the log of Celery."""


_LOST = Ending(well=False, text="its lease was lost: somebody else has the message")


class FedQueues:
    """Over one backend, for the worker of one process. All calls come from one event loop."""

    def __init__(self, backend: QueueBackend, open_received: Open, clock: Clock) -> None:
        self._backend = backend
        self._open = open_received
        self._clock = clock
        self._offered: dict[QueueName, deque[Delivery]] = defaultdict(deque)
        self._waiting: dict[QueueName, list[asyncio.Future[None]]] = defaultdict(list)
        self._unsettled: dict[Receipt, asyncio.Future[Ending]] = {}
        self._running = False

    # ----------------------------------------------------------------------------------------------------- what is fed

    async def process(self, received: Received) -> Ending:
        """Have one message run, and wait until it is settled. StorageUnavailable when it cannot be opened now: then its
        lease brings it back."""
        delivery = await self._open(received)
        if delivery is None:
            return Ending(well=True, text="sent on: it is not due yet")
        # It was leased some time ago, in another process.
        delivery.received_at_ms = received.leased_at_ms
        delivery.lease_until_ms = received.lease_until_ms
        try:
            call = read_call(delivery.body, self._clock.now_ms())
        except UnusableCall as refusal:
            return await self._refuse(delivery, str(refusal))
        if call is not None:
            if call.not_before_ms is not None and call.not_before_ms > self._clock.now_ms():
                return await self._postpone(delivery, call.not_before_ms)
            delivery.body = call.body
        return await self._run(delivery)

    async def _run(self, delivery: Delivery) -> Ending:
        settled: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._unsettled[delivery.receipt] = settled
        self._offered[delivery.queue].append(delivery)
        self._wake(delivery.queue)
        try:
            return await settled
        finally:
            self._unsettled.pop(delivery.receipt, None)

    async def _refuse(self, delivery: Delivery, reason: str) -> Ending:
        _log.warning("celery_call_refused", queue=delivery.queue, message_id=delivery.message_id, reason=reason)
        order = DeadLetterOrder(delivery.queue, delivery.receipt, DeadLetterCause(code="UNREADABLE", reason=reason))
        (outcome,) = await self._backend.dead_letter([order])
        return Ending(well=False, text=f"dead-lettered: {reason}" if outcome is None else outcome.message)

    async def _postpone(self, delivery: Delivery, not_before_ms: int) -> Ending:
        wait_s = (not_before_ms - self._clock.now_ms()) / 1000
        undo = self._backend.capabilities.undo_receive
        change = VisibilityChange(delivery.queue, delivery.receipt, wait_s, release=True, undo_receive=undo)
        (outcome,) = await self._backend.change_visibility([change])
        text = f"not due before {wait_s:.0f} s have passed" if outcome is None else outcome.message
        return Ending(well=outcome is None, text=text)

    def _settled(self, receipt: Receipt, ending: Ending) -> None:
        waiting = self._unsettled.get(receipt)
        if waiting is not None and not waiting.done():
            waiting.set_result(ending)

    def _wake(self, queue: QueueName) -> None:
        for one in self._waiting.pop(queue, ()):
            if not one.done():
                one.set_result(None)

    # ------------------------------------------------------------------------------------------- what the worker calls

    @property
    def capabilities(self) -> Capabilities:
        return self._backend.capabilities

    async def start(self) -> None:
        await self._backend.start()
        self._running = True

    async def stop(self) -> None:
        self._running = False
        for queue in list(self._waiting):
            self._wake(queue)
        for receipt in list(self._unsettled):
            self._settled(receipt, Ending(well=False, text="not settled: this process ends; the lease brings it back"))
        await self._backend.stop()

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        """What was brought; leased already, so `visibility_timeout_s` has no effect."""
        offered = self._offered[queue]
        if not offered and wait_s > 0 and self._running:
            brought: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiting = self._waiting[queue]
            waiting.append(brought)
            try:
                await self._clock.wait(brought, wait_s)
            finally:
                if brought in waiting:
                    waiting.remove(brought)
        return [offered.popleft() for _ in range(min(max_messages, len(offered)))]

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        outcomes = await self._backend.delete(receipts)
        for (_, receipt), outcome in zip(receipts, outcomes, strict=True):
            self._settled(receipt, Ending(well=True, text="done") if outcome is None else _LOST)
        return outcomes

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        outcomes = await self._backend.change_visibility(changes)
        for change, outcome in zip(changes, outcomes, strict=True):
            if _is_gone(outcome):
                self._settled(change.receipt, _LOST)
            elif change.release or change.undo_receive:
                text = f"given back for {change.visibility_timeout_s:g} s"
                self._settled(change.receipt, Ending(well=False, text=text if outcome is None else outcome.message))
        return outcomes

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        outcomes = await self._backend.dead_letter(orders)
        for order, outcome in zip(orders, outcomes, strict=True):
            # Any other refusal leaves the message with the worker, which gives it back.
            if outcome is None:
                self._settled(order.receipt, Ending(well=False, text=f"dead-lettered: {order.cause.reason}"))
            elif _is_gone(outcome):
                self._settled(order.receipt, _LOST)
        return outcomes

    # ------------------------------------------------------------------------------------------------- handed through

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        return await self._backend.create_queue(settings)

    async def change_queue(self, settings: QueueSettings) -> None:
        await self._backend.change_queue(settings)

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        return await self._backend.queue_settings(queue)

    async def list_queues(self) -> list[QueueSettings]:
        return await self._backend.list_queues()

    async def delete_queue(self, queue: QueueName) -> None:
        await self._backend.delete_queue(queue)

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        return await self._backend.send(messages)

    async def counts(self, queue: QueueName) -> QueueCounts:
        return await self._backend.counts(queue)

    async def purge(self, queue: QueueName) -> int:
        return await self._backend.purge(queue)

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int = 10,
        after_sequence_number: int = 0,
        state: MessageState | None = None,
        message_id: MessageId | None = None,
    ) -> list[StoredMessage]:
        return await self._backend.peek(
            queue, limit=limit, after_sequence_number=after_sequence_number, state=state, message_id=message_id
        )

    async def redrive(
        self,
        queue: QueueName,
        *,
        destination: QueueName | None = None,
        matching: RedriveFilter | None = None,
        limit: int = 100,
        after_sequence_number: int = 0,
    ) -> RedriveStep:
        return await self._backend.redrive(
            queue, destination=destination, matching=matching, limit=limit, after_sequence_number=after_sequence_number
        )


def _is_gone(outcome: Outcome) -> bool:
    """The delivery is no longer this process's."""
    return isinstance(outcome, (ReceiptExpired, InvalidReceipt, NotFound))
