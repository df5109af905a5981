"""The workbench of the contract suite: one store under test, its clock, and short words for what every test does."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, TypeVar

import pytest

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ReceiptExpired, WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt, new_message_id
from wipsie.queue.contract import (
    Capabilities,
    DeadLetterCause,
    DeadLetterOrder,
    Delivery,
    NewMessage,
    Outcome,
    QueueBackend,
    QueueCounts,
    QueueSettings,
    SendResult,
    VisibilityChange,
)
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

BackendFactory = Callable[[Clock], QueueBackend]
"""Makes a backend on the store under test, not started. Every call opens the same store."""

ErrorT = TypeVar("ErrorT", bound=WipsieError)
ValueT = TypeVar("ValueT")

_REAL_TIME_LIMIT_S = 10.0
_STEPPED_S_MAX = 600.0
_NUDGES = 10
_NUDGE_AFTER_S = 0.05


def refused(outcome: object, error: type[ErrorT]) -> ErrorT:
    """The refusal itself, after checking that it is one of the given type."""
    assert isinstance(outcome, error), f"expected a refusal of type {error.__name__}, got {outcome!r}"
    return outcome


class QueueBench:
    """A store under test with its first backend opened.

    With `controls_time` the backend lives on our clock and time is moved at will; otherwise the tests wait for real and
    `unit_s`, the unit in which they count, is short.
    """

    def __init__(
        self,
        factory: BackendFactory,
        clock: Clock,
        *,
        controls_time: bool,
        patience_s: float | None = None,
        crowd: int = 1000,
    ) -> None:
        self._factory = factory
        self._opened: list[QueueBackend] = []
        self._queues: list[QueueName] = []
        # Queue names are new in every test: a shared store may hold those of other runs.
        self._token = os.urandom(4).hex()
        self._waiting: list[asyncio.Task[Any]] = []
        self.clock = clock
        self.controls_time = controls_time
        self.unit_s = 10.0 if controls_time else 1.0
        self.patience_s = (0.0 if controls_time else self.unit_s) if patience_s is None else patience_s
        """How long a receive waits for what must be there by now."""
        self.crowd = crowd
        """How many messages are many."""
        self.backend: QueueBackend = factory(clock)

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    async def start(self) -> None:
        await self.backend.start()
        self._opened.append(self.backend)

    async def open_another(self) -> QueueBackend:
        """A second backend on the same store, started."""
        backend = self._factory(self.clock)
        await backend.start()
        self._opened.append(backend)
        return backend

    async def close(self, backend: QueueBackend) -> None:
        self._opened.remove(backend)
        await backend.stop()

    async def restart(self) -> None:
        """Close the first backend and open the store again."""
        await self.close(self.backend)
        self.backend = await self.open_another()

    async def stop(self) -> None:
        """End what tests left waiting, remove their queues, close every backend."""
        for task in self._waiting:
            task.cancel()
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=_REAL_TIME_LIMIT_S)
        if self.backend in self._opened:
            existing = {settings.name for settings in await self.backend.list_queues()}
            for name in reversed(self._queues):
                if name in existing:
                    await self.backend.delete_queue(name)
        for backend in list(self._opened):
            await self.close(backend)

    def needs(self, capability: str) -> None:
        """Leave the test when the backend declares that it lacks `capability`; the refusal has a test of its own."""
        if not getattr(self.capabilities, capability):
            pytest.skip(f"{self.capabilities.name} declares: no {capability}")

    def needs_controlled_time(self) -> None:
        """Leave the test when waiting for real would take minutes."""
        if not self.controls_time:
            pytest.skip("would take minutes in real time")

    # Time

    async def pass_time(self, seconds: float) -> None:
        """Let `seconds` pass for the backend."""
        if not isinstance(self.clock, FakeClock):
            await asyncio.sleep(seconds + 0.1)
        elif seconds <= _STEPPED_S_MAX:
            await self.clock.advance(seconds)
        else:
            # A backend may tidy up every second: stepping through days of that would take minutes.
            self.clock.jump(seconds)
            await self.clock.settle()

    async def waiting(self, call: Coroutine[Any, Any, ValueT]) -> asyncio.Task[ValueT]:
        """Start a call that is expected to wait, and return once it waits."""
        before = self.clock.sleepers if isinstance(self.clock, FakeClock) else 0
        task = asyncio.create_task(call)
        self._waiting.append(task)
        clock = self.clock
        if isinstance(clock, FakeClock):
            await eventually(
                lambda: task.done() or clock.sleepers > before, message="the call neither ended nor waits on the clock"
            )
        else:
            await asyncio.sleep(0.1)
        assert not task.done(), "the call ended at once instead of waiting"
        return task

    async def result(self, task: asyncio.Task[ValueT]) -> ValueT:
        """What a waiting call returned, without more time passing for the backend than a few milliseconds: a backend
        may round up a due time it read just before."""
        for _ in range(_NUDGES):
            await asyncio.wait((task,), timeout=_NUDGE_AFTER_S)
            if task.done():
                return task.result()
            if isinstance(self.clock, FakeClock):
                await self.clock.advance(0.001)
        return await asyncio.wait_for(asyncio.shield(task), _REAL_TIME_LIMIT_S)

    async def result_within(self, task: asyncio.Task[ValueT], seconds: float) -> ValueT:
        """What a waiting call returned, while up to `seconds` pass in small steps."""
        steps = 20
        for _ in range(steps):
            if task.done():
                break
            await self.pass_time(seconds / steps)
        assert task.done(), f"the call still waits after {seconds} s"
        return task.result()

    def check_time(self, actual_ms: int, expected_ms: int) -> None:
        """A stamp must be right: to the millisecond on our clock, else nearly."""
        tolerance_ms = 0 if self.controls_time else 700
        assert abs(actual_ms - expected_ms) <= tolerance_ms, f"{actual_ms - expected_ms} ms off"

    # What only some stores promise

    def check_stale(self, outcome: Outcome) -> None:
        """The answer to a receipt that another process spent: a refusal, where the backend fences receipts."""
        if self.capabilities.fenced_receipts:
            refused(outcome, ReceiptExpired)
        else:
            assert outcome is None or isinstance(outcome, WipsieError)

    def check_delivered_once(self, messages: Iterable[Hashable]) -> None:
        """No message came twice; rarely one, where the backend declares that."""
        times = Counter(messages)
        again = sum(times.values()) - len(times)
        allowed = 0 if self.capabilities.single_delivery else max(2, len(times) // 20)
        assert again <= allowed, f"{again} of {len(times)} messages were delivered again: {times.most_common(5)}"

    async def let_settings_spread(self) -> None:
        """Wait until every process must have noticed changed settings."""
        if self.capabilities.settings_noticed_s:
            await self.pass_time(self.capabilities.settings_noticed_s)

    # Queues

    def name(self, short: str = "orders", *, fifo: bool = False) -> QueueName:
        return QueueName(f"contract-{self._token}-{short}{'.fifo' if fifo else ''}")

    def settings(self, short: str = "orders", *, fifo: bool = False, **fields: Any) -> QueueSettings:
        """Settings of a queue of this test, noted for removal."""
        settings = QueueSettings(name=self.name(short, fifo=fifo), fifo=fifo, **fields)
        if settings.name not in self._queues:
            self._queues.append(settings.name)
        return settings

    async def queue(self, short: str = "orders", *, fifo: bool = False, **fields: Any) -> QueueName:
        """A new queue."""
        return (await self.backend.create_queue(self.settings(short, fifo=fifo, **fields))).name

    async def queue_with_dead_letters(
        self, short: str = "orders", *, fifo: bool = False, **fields: Any
    ) -> tuple[QueueName, QueueName]:
        """A new queue and its dead-letter queue."""
        dead = await self.queue(f"{short}-dlq", fifo=fifo)
        return await self.queue(short, fifo=fifo, dead_letter_queue=dead, **fields), dead

    # Messages

    def message(self, queue: QueueName, body: str = "hello", **fields: Any) -> NewMessage:
        fields.setdefault("message_id", new_message_id())
        return NewMessage(queue=queue, body=body, **fields)

    async def send(self, *messages: NewMessage) -> list[SendResult]:
        """Send in one call; every message must be accepted."""
        results: list[SendResult] = []
        for outcome in await self.backend.send(messages):
            assert isinstance(outcome, SendResult), f"send was refused: {outcome!r}"
            results.append(outcome)
        assert len(results) == len(messages)
        return results

    async def put(self, queue: QueueName, *bodies: str, **fields: Any) -> list[MessageId]:
        """Send bodies one after the other; their message ids."""
        ids: list[MessageId] = []
        for body in bodies:
            (result,) = await self.send(self.message(queue, body, **fields))
            ids.append(result.message_id)
        return ids

    async def take(self, queue: QueueName, max_messages: int = 10, **options: Any) -> list[Delivery]:
        """Receive what is ready now."""
        options.setdefault("wait_s", self.patience_s)
        return await self.backend.receive(queue, max_messages=max_messages, **options)

    async def take_one(self, queue: QueueName, **options: Any) -> Delivery:
        deliveries = await self.take(queue, 1, **options)
        assert len(deliveries) == 1, f"expected one message in {queue}, got {len(deliveries)}"
        return deliveries[0]

    async def bodies(self, queue: QueueName, max_messages: int = 10) -> list[str]:
        """Bodies of what is ready now, in the order of delivery, received one by one and left leased."""
        found: list[str] = []
        while len(found) < max_messages and (deliveries := await self.take(queue, 1)):
            found.append(deliveries[0].body)
        return found

    async def nothing_ready(self, queue: QueueName) -> bool:
        return await self.backend.receive(queue, max_messages=10) == []

    async def drain(self, queue: QueueName) -> list[Delivery]:
        """Receive and acknowledge until nothing is ready."""
        drained: list[Delivery] = []
        while deliveries := await self.take(queue):
            drained += deliveries
            await self.acknowledge(*deliveries)
        return drained

    async def acknowledge(self, *deliveries: Delivery) -> None:
        outcomes = await self.backend.delete([(delivery.queue, delivery.receipt) for delivery in deliveries])
        if not self.capabilities.single_delivery:
            # Delivered once more in between: the other receiver has the newer receipt.
            outcomes = [None if isinstance(outcome, ReceiptExpired) else outcome for outcome in outcomes]
        assert outcomes == [None] * len(deliveries)

    async def delete_one(self, queue: QueueName, receipt: Receipt) -> Outcome:
        (outcome,) = await self.backend.delete([(queue, receipt)])
        return outcome

    async def change_one(
        self, delivery: Delivery, seconds: float, *, release: bool = False, undo_receive: bool = False
    ) -> Outcome:
        change = VisibilityChange(
            queue=delivery.queue,
            receipt=delivery.receipt,
            visibility_timeout_s=seconds,
            release=release,
            undo_receive=undo_receive,
        )
        (outcome,) = await self.backend.change_visibility([change])
        return outcome

    async def dead_letter_one(self, delivery: Delivery, cause: DeadLetterCause | None = None) -> Outcome:
        order = DeadLetterOrder(
            queue=delivery.queue,
            receipt=delivery.receipt,
            cause=cause or DeadLetterCause(code="REJECTED", reason="not wanted"),
        )
        (outcome,) = await self.backend.dead_letter([order])
        return outcome

    async def dead_letters(self, queue: QueueName, *bodies: str, code: str = "REJECTED", reason: str = "no") -> None:
        """Send bodies to a queue and dead-letter each."""
        await self.put(queue, *bodies)
        for _ in bodies:
            delivery = await self.take_one(queue)
            assert await self.dead_letter_one(delivery, DeadLetterCause(code=code, reason=reason)) is None

    async def check_counts(
        self, queue: QueueName, *, ready: int = 0, delayed: int = 0, leased: int = 0, blocked: int = 0
    ) -> QueueCounts:
        """Counts by state must be these; a backend that declares inexact counts only has to answer."""
        counts = await self.backend.counts(queue)
        if self.capabilities.exact_counts:
            found = (counts.ready, counts.delayed, counts.leased, counts.blocked)
            wanted = (ready, delayed, leased, blocked)
            assert found == wanted, f"(ready, delayed, leased, blocked) is {found}, expected {wanted}"
        return counts
