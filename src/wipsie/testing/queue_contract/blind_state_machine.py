"""The state machine for stores that show nothing without delivering it and keep time of their own, as Amazon SQS does.

It holds the same model against the backend as `state_machine`, by what deliveries say: every receive must fit the model,
and at the end of a story the queues are drained and must give exactly what the model has left. Nothing falls due while a
story runs: leases and delays are longer than any story. In a test module::

    Machine = blind_queue_state_machine(lambda folder: lambda clock: MyBackend(url, clock=clock))
    TestQueueStateMachine = Machine.TestCase
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import NotSupported, TooManyRequests
from wipsie.kernel.ids import QueueName, Receipt, new_message_id
from wipsie.queue.contract import (
    DeadLetterCause,
    DeadLetterOrder,
    NewMessage,
    Priority,
    QueueSettings,
    SendResult,
    VisibilityChange,
)
from wipsie.testing.queue_contract.model import ModelMessage, QueueModel, agreed
from wipsie.testing.queue_contract.workbench import BackendFactory

ValueT = TypeVar("ValueT")

PLAIN, LINE = QueueName("blind-plain"), QueueName("blind-line.fifo")
DEAD, LINE_DEAD = QueueName("blind-dead"), QueueName("blind-line-dead.fifo")
_LONG_S = 1800.0
_DELAY_S = 600.0
_CALL_S_MAX = 30.0
_PATIENCE_S = 2.0
_DRAIN_ROUNDS = 200
_LIMIT = 1000
"""Receives no story reaches: what a receive limit moves is seen only by looking. Other tests prove it."""
QUEUES = (
    QueueSettings(name=DEAD, visibility_timeout_s=2 * _LONG_S),
    QueueSettings(name=LINE_DEAD, visibility_timeout_s=2 * _LONG_S, fifo=True),
    QueueSettings(name=PLAIN, dead_letter_queue=DEAD, visibility_timeout_s=2 * _LONG_S, max_receive_count=_LIMIT),
    QueueSettings(
        name=LINE,
        dead_letter_queue=LINE_DEAD,
        visibility_timeout_s=2 * _LONG_S,
        max_receive_count=_LIMIT,
        fifo=True,
    ),
)
_WORK = st.sampled_from([PLAIN, LINE])
_ANY = st.sampled_from([PLAIN, LINE, PLAIN, LINE, DEAD, LINE_DEAD])
_CAUSE = DeadLetterCause(code="REJECTED", reason="the machine said so")


class BlindQueueStateMachine(RuleBasedStateMachine):
    """Rules call backend and model alike. Subclasses say which backend. The backend must keep FIFO groups."""

    make_factory: Callable[[Path], BackendFactory]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="wipsie-model-"))
        self.clock = SystemClock()
        self.factory = type(self).make_factory(self.folder)
        self.backend = self.factory(self.clock)
        self.run(self.backend.start())
        # The store may be one for all stories.
        self.run(self._delete_queues())
        for settings in QUEUES:
            self.run(self.backend.create_queue(settings))
        self.model = QueueModel({settings.name: settings for settings in QUEUES})
        self.from_before: set[Receipt] = set()
        """Receipts of deliveries made before the last restart."""

    def run(self, call: Coroutine[Any, Any, ValueT]) -> ValueT:
        return self.loop.run_until_complete(asyncio.wait_for(call, _CALL_S_MAX))

    async def _delete_queues(self) -> None:
        ours = {settings.name for settings in QUEUES}
        for settings in await self.backend.list_queues():
            if settings.name in ours:
                await self.backend.delete_queue(settings.name)

    def teardown(self) -> None:
        try:
            self._nothing_is_lost_and_nothing_appeared()
            self.run(self._delete_queues())
        finally:
            try:
                self.run(self.backend.stop())
            finally:
                self.loop.run_until_complete(self.loop.shutdown_default_executor())
                self.loop.close()
                shutil.rmtree(self.folder)

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    # Rules

    @rule(
        queue=_WORK,
        priorities=st.lists(st.sampled_from(list(Priority)), min_size=1, max_size=6),
        delay_s=st.sampled_from([0.0, 0.0, 0.0, _DELAY_S]),
        group_id=st.sampled_from(["a", "b"]),
    )
    def send(self, queue: QueueName, priorities: list[Priority], delay_s: float, group_id: str) -> None:
        fifo = queue == LINE
        delay_s = 0.0 if fifo else delay_s
        messages = [
            NewMessage(
                queue=queue,
                body=priority.name,
                message_id=new_message_id(),
                priority=priority,
                delay_s=delay_s,
                group_id=group_id if fifo else None,
            )
            for priority in priorities
        ]
        for message, result in zip(messages, self.run(self.backend.send(messages)), strict=True):
            assert isinstance(result, SendResult), result
            self.model.accept(message, self.now_ms)

    @rule(queue=_ANY, max_messages=st.sampled_from([1, 2, 3, 10, 25]))
    def receive(self, queue: QueueName, max_messages: int) -> None:
        possible = {one.message_id for one in self.model.deliverable(queue, self.now_ms)}
        deliveries = self.run(
            self.backend.receive(queue, max_messages=max_messages, wait_s=_PATIENCE_S if possible else 0.0)
        )
        delivered = [delivery.message_id for delivery in deliveries]
        assert len(delivered) <= max_messages
        assert len(set(delivered)) == len(delivered)
        assert set(delivered) <= possible, "a message was delivered that is hidden, or whose group is busy"
        assert bool(delivered) == bool(possible), "a receive found nothing although a message may go"
        for delivery in deliveries:
            self.model.check(delivery)
            self.model.deliver(delivery)

    @precondition(lambda self: bool(self.model.handed_out))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        queue, receipt, held = self._pick(data)
        (outcome,) = self.run(self.backend.delete([(queue, receipt)]))
        if (held := agreed(outcome, held)) is not None:
            del self.model.messages[held.message_id]

    @precondition(lambda self: bool(self.model.handed_out))
    @rule(data=st.data(), seconds=st.sampled_from([0.0, 0.0, _LONG_S]), release=st.booleans())
    def change_visibility(self, data: st.DataObject, seconds: float, release: bool) -> None:
        queue, receipt, held = self._pick(data)
        if held is not None and not held.is_leased(self.now_ms):
            return  # Whether a lease that ended can be taken up again is the store's own affair.
        change = VisibilityChange(queue, receipt, seconds, release=release)
        (outcome,) = self.run(self.backend.change_visibility([change]))
        if (held := agreed(outcome, held)) is not None:
            self.model.change_visibility(held, change, self.now_ms)

    @precondition(lambda self: bool(self.model.handed_out))
    @rule(data=st.data())
    def dead_letter(self, data: st.DataObject) -> None:
        queue, receipt, held = self._pick(data)
        if self.model.settings[queue].dead_letter_queue is None:
            return
        (outcome,) = self.run(self.backend.dead_letter([DeadLetterOrder(queue, receipt, _CAUSE)]))
        if receipt in self.from_before and isinstance(outcome, NotSupported):
            assert not self.backend.capabilities.moves_by_any_process
            return
        if (held := agreed(outcome, held)) is not None:
            self.model.die(held, self.now_ms)

    @rule(queue=st.sampled_from([DEAD, LINE_DEAD]))
    def redrive(self, queue: QueueName) -> None:
        # Of a group, those behind a leased head cannot be had.
        open_groups = {one.group_id for one in self.model.deliverable(queue, self.now_ms)}
        free = [
            one
            for one in self.model.of(queue)
            if one.is_waiting(self.now_ms) and (queue == DEAD or one.group_id in open_groups)
        ]
        step = self.run(self.backend.redrive(queue, limit=1000))
        assert (step.moved, step.skipped, step.next_sequence_number) == (len(free), 0, None)
        for one in free:
            self.model.redrive(one, self.now_ms)

    @rule(queue=_WORK, deed=st.sampled_from(["pause", "restart", "purge", "pause", "restart"]))
    def something_rare_happens(self, queue: QueueName, deed: str) -> None:
        if deed == "pause":
            settings = self.model.settings[queue]
            self.run(self.backend.change_queue(msgspec.structs.replace(settings, paused=True)))
            assert self.run(self.backend.receive(queue, max_messages=10)) == [], "a paused queue delivered"
            self.run(self.backend.change_queue(settings))
        elif deed == "restart":
            self.run(self.backend.stop())
            self.backend = self.factory(self.clock)
            self.run(self.backend.start())
            if not self.backend.capabilities.fenced_receipts:
                # Nobody remembers which of the others are stale.
                self.model.forget_stale_receipts()
            self.from_before = {receipt for _, receipt, _ in self.model.handed_out}
        else:
            try:
                self.run(self.backend.purge(queue))
            except TooManyRequests:
                return  # A store may want a pause between two purges; then nothing happened.
            self.model.purge(queue)

    # What must hold in the end

    def _nothing_is_lost_and_nothing_appeared(self) -> None:
        for queue, receipt, message_id in self.model.handed_out:
            held = self.model.holder(queue, receipt, message_id)
            if held is not None and held.is_leased(self.now_ms):
                assert self.run(self.backend.change_visibility([VisibilityChange(queue, receipt, 0.0)])) == [None]
                held.leased, held.visible_at_ms = False, self.now_ms
        for queue in self.model.settings:
            for _ in range(_DRAIN_ROUNDS):
                possible = {one.message_id for one in self.model.deliverable(queue, self.now_ms)}
                wait_s = _PATIENCE_S if possible else 0.0
                deliveries = self.run(self.backend.receive(queue, max_messages=10, wait_s=wait_s))
                if not deliveries:
                    break
                for delivery in deliveries:
                    assert delivery.message_id in possible, f"{queue} holds what nobody sent"
                    self.model.check(delivery)
                    del self.model.messages[delivery.message_id]
                receipts = [(queue, delivery.receipt) for delivery in deliveries]
                assert self.run(self.backend.delete(receipts)) == [None] * len(receipts)
            left = [one.message_id for one in self.model.deliverable(queue, self.now_ms)]
            assert not left, f"{queue} lost {left}"

    # Helpers

    def _pick(self, data: st.DataObject) -> tuple[QueueName, Receipt, ModelMessage | None]:
        return data.draw(st.sampled_from(self.model.newest_receipts()), label="receipt")


def blind_queue_state_machine(make_factory: Callable[[Path], BackendFactory]) -> type[BlindQueueStateMachine]:
    """The machine for one backend. `make_factory(folder)` gives a factory whose backends share a store."""
    return type("BoundBlindQueueStateMachine", (BlindQueueStateMachine,), {"make_factory": staticmethod(make_factory)})
