"""A Hypothesis state machine: any sequence of calls leaves the backend where the model says. Needs hypothesis.

In a test module::

    Machine = queue_state_machine(lambda folder: lambda clock: MyBackend(folder / "queue.db", clock=clock))
    TestQueueStateMachine = Machine.TestCase
    TestQueueStateMachine.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)

The backend must keep priorities, deduplication, FIFO groups, key concurrency and exact counts, live on the given clock,
and offer peek.
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
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wipsie.kernel.errors import ReceiptExpired
from wipsie.kernel.ids import QueueName, Receipt, new_message_id
from wipsie.queue.contract import (
    DeadLetterCause,
    DeadLetterOrder,
    Delivery,
    NewMessage,
    Priority,
    QueueCounts,
    QueueSettings,
    SendResult,
    StoredMessage,
    VisibilityChange,
)
from wipsie.testing.clock import FakeClock
from wipsie.testing.queue_contract.model import ModelMessage, QueueModel, agreed
from wipsie.testing.queue_contract.workbench import BackendFactory

ValueT = TypeVar("ValueT")

PLAIN, KEYED, LINE = QueueName("model-plain"), QueueName("model-keyed"), QueueName("model-line.fifo")
DEAD, LINE_DEAD = QueueName("model-dead"), QueueName("model-line-dead.fifo")
QUEUES = (
    QueueSettings(name=DEAD),
    QueueSettings(name=LINE_DEAD, fifo=True),
    QueueSettings(name=PLAIN, dead_letter_queue=DEAD, max_receive_count=3),
    QueueSettings(name=KEYED, dead_letter_queue=DEAD, max_receive_count=3, key_concurrency=2),
    QueueSettings(name=LINE, dead_letter_queue=LINE_DEAD, max_receive_count=3, fifo=True),
)
# Dead-letter queues are visited less often: most of the rules live in the queues before them.
_ANY = st.sampled_from([PLAIN, KEYED, LINE, PLAIN, KEYED, LINE, DEAD, LINE_DEAD])
_WORK = st.sampled_from([PLAIN, KEYED, LINE])
_CAUSE = DeadLetterCause(code="REJECTED", reason="the machine said so")
_PAGE = 10_000


class QueueStateMachine(RuleBasedStateMachine):
    """Rules call backend and model alike; invariants compare them. Subclasses say which backend."""

    make_factory: Callable[[Path], BackendFactory]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="wipsie-model-"))
        self.clock = FakeClock(settle_s=0.0)
        self.factory = type(self).make_factory(self.folder)
        self.backend = self.factory(self.clock)
        self.run(self.backend.start())
        for settings in QUEUES:
            self.run(self.backend.create_queue(settings))
        self.model = QueueModel({settings.name: settings for settings in QUEUES})

    def run(self, call: Coroutine[Any, Any, ValueT]) -> ValueT:
        return self.loop.run_until_complete(asyncio.wait_for(call, 10.0))

    def teardown(self) -> None:
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

    @rule(seconds=st.sampled_from([0.001, 1.0, 5.0, 25.0, 30.0, 45.0, 61.0, 301.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @rule(
        queue=_WORK,
        priorities=st.lists(st.sampled_from(list(Priority)), min_size=1, max_size=6),
        delay_s=st.sampled_from([0.0, 0.0, 5.0, 40.0]),
        group_id=st.sampled_from(["a", "b"]),
        keyless=st.booleans(),
    )
    def send(self, queue: QueueName, priorities: list[Priority], delay_s: float, group_id: str, keyless: bool) -> None:
        fifo = queue == LINE
        messages = [
            NewMessage(
                queue=queue,
                body=f"{priority.name}",
                message_id=new_message_id(),
                priority=priority,
                # A delayed head of a FIFO group has a test of its own.
                delay_s=0.0 if fifo else delay_s,
                group_id=None if queue == PLAIN or (keyless and not fifo) else group_id,
            )
            for priority in priorities
        ]
        for message, result in zip(messages, self.run(self.backend.send(messages)), strict=True):
            assert isinstance(result, SendResult), result
            self.model.accept(message, self.now_ms)

    @rule(queue=st.sampled_from([PLAIN, LINE]), key=st.sampled_from(["k1", "k2"]))
    def send_with_a_key(self, queue: QueueName, key: str) -> None:
        message = NewMessage(
            queue=queue,
            body="once",
            message_id=new_message_id(),
            deduplication_id=key,
            group_id="a" if queue == LINE else None,
        )
        (result,) = self.run(self.backend.send([message]))
        assert isinstance(result, SendResult), result
        first_id, ends_ms = self.model.keys.get((queue, key), (None, 0))
        if ends_ms > self.now_ms:
            assert result.duplicate
            assert result.message_id == first_id
        else:
            assert not result.duplicate
            self.model.accept(message, self.now_ms)
            self.model.keys[queue, key] = (message.message_id, self.now_ms + 300_000)

    @rule(queue=_ANY, max_messages=st.sampled_from([1, 2, 3, 10]), timeout_s=st.sampled_from([None, 1.0, 100.0]))
    def receive(self, queue: QueueName, max_messages: int, timeout_s: float | None) -> None:
        model, now_ms = self.model, self.now_ms
        possible = {one.message_id: one for one in model.deliverable(queue, now_ms)}
        poison = [one for one in model.of(queue) if model.is_poison(one) and one.is_waiting(now_ms)]
        good = [message_id for message_id, one in possible.items() if not model.is_poison(one)]
        ranks = {message_id: model.rank(one) for message_id, one in possible.items()}
        deliveries = self.run(self.backend.receive(queue, max_messages=max_messages, visibility_timeout_s=timeout_s))
        assert len(deliveries) <= max_messages
        delivered = [delivery.message_id for delivery in deliveries]
        assert len(set(delivered)) == len(delivered)
        moved = self._learn_receive_limit(poison)
        for delivery in deliveries:
            self._check_delivery(delivery, timeout_s)
            model.deliver(delivery)
        settings = model.settings[queue]
        if settings.fifo or settings.key_concurrency is not None:
            # A poisonous head that was moved away makes place for the next, in this receive or the one after.
            if not moved:
                assert set(delivered) <= set(possible), "a message was delivered whose key is busy"
            assert bool(delivered or moved) == bool(possible), "a receive found nothing although a message may go"
        else:
            # Poison was counted before its delivery, so what was delivered is good by definition.
            expected = sorted({*good, *delivered}, key=lambda message_id: ranks[message_id])
            assert len(delivered) == min(max_messages, len(expected)), "a receive gave too few messages"
            assert [ranks[one] for one in delivered] == [ranks[one] for one in expected[: len(delivered)]], "order"
        self._check_keys(queue)

    @rule(queue=_WORK)
    def a_worker_dies_over_everything(self, queue: QueueName) -> None:
        """Leases that nobody ends: what drives messages to their receive limit and keys to theirs."""
        self.receive(queue, 10, None)
        self.clock.jump(30.0)
        self.receive(queue, 10, None)

    @precondition(lambda self: bool(self.model.handed_out))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        queue, receipt, held = self._pick(data)
        (outcome,) = self.run(self.backend.delete([(queue, receipt)]))
        if (held := agreed(outcome, held)) is not None:
            del self.model.messages[held.message_id]

    @precondition(lambda self: bool(self.model.handed_out))
    @rule(
        data=st.data(),
        seconds=st.sampled_from([0.0, 0.0, 10.0, 100.0]),
        release=st.booleans(),
        undo_receive=st.booleans(),
    )
    def change_visibility(self, data: st.DataObject, seconds: float, release: bool, undo_receive: bool) -> None:
        queue, receipt, held = self._pick(data)
        if queue in (DEAD, LINE_DEAD):
            # The contract does not say whether a redrive takes delayed dead letters.
            release = undo_receive = False
        lease_ended = held is not None and not held.is_leased(self.now_ms)
        change = VisibilityChange(queue, receipt, seconds, release=release, undo_receive=undo_receive)
        (outcome,) = self.run(self.backend.change_visibility([change]))
        if lease_ended and queue in (KEYED, LINE) and isinstance(outcome, ReceiptExpired):
            return  # Another message took its place meanwhile.
        if (held := agreed(outcome, held)) is not None:
            self.model.change_visibility(held, change, self.now_ms)
        self._check_keys(queue)

    @precondition(lambda self: bool(self.model.handed_out))
    @rule(data=st.data())
    def dead_letter(self, data: st.DataObject) -> None:
        queue, receipt, held = self._pick(data)
        if self.model.settings[queue].dead_letter_queue is None:
            return
        (outcome,) = self.run(self.backend.dead_letter([DeadLetterOrder(queue, receipt, _CAUSE)]))
        if (held := agreed(outcome, held)) is not None:
            self.model.die(held, self.now_ms)

    @rule(queue=st.sampled_from([DEAD, LINE_DEAD]))
    def redrive(self, queue: QueueName) -> None:
        letters = self.model.of(queue)
        step = self.run(self.backend.redrive(queue, limit=1000))
        free = [one for one in letters if not one.is_leased(self.now_ms)]
        assert (step.moved, step.skipped) == (len(free), len(letters) - len(free))
        assert step.next_sequence_number is None
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
        else:
            assert self.run(self.backend.purge(queue)) == len(self.model.of(queue))
            self.model.purge(queue)

    # What must always hold

    @invariant()
    def the_backend_is_where_the_model_is(self) -> None:
        """Nothing is lost, nothing appears, counts are right."""
        queues = list(self.model.settings)
        for queue, (messages, counts) in zip(queues, self.run(self._look(queues)), strict=True):
            seen = [message.message_id for message in messages]
            assert seen == [one.message_id for one in self.model.of(queue)], f"messages of {queue}, in order"
            found = (counts.ready + counts.blocked, counts.delayed, counts.leased)
            assert found == self.model.counts(queue, self.now_ms), f"(waiting, delayed, leased) of {queue}"
            if queue in (PLAIN, DEAD):
                assert counts.blocked == 0

    async def _look(self, queues: list[QueueName]) -> list[tuple[list[StoredMessage], QueueCounts]]:
        # All counts at once share a transaction.
        counts = await asyncio.gather(*(self.backend.counts(queue) for queue in queues))
        messages = [await self.backend.peek(queue, limit=_PAGE) for queue in queues]
        return list(zip(messages, counts, strict=True))

    # Helpers

    def _pick(self, data: st.DataObject) -> tuple[QueueName, Receipt, ModelMessage | None]:
        return data.draw(st.sampled_from(self.model.newest_receipts()), label="receipt")

    def _learn_receive_limit(self, poison: list[ModelMessage]) -> bool:
        """Which of the messages over their receive limit this receive came upon: the contract leaves that open."""
        moved = False
        for dead_letter_queue in {self.model.settings[one.queue].dead_letter_queue for one in poison}:
            assert dead_letter_queue is not None
            known = {one.message_id: one for one in poison}
            for letter in self.run(self.backend.peek(dead_letter_queue, limit=_PAGE)):
                if (message := known.get(letter.message_id)) is not None:
                    assert letter.dead_letter is not None
                    assert letter.dead_letter.cause.code == "RECEIVE_LIMIT"
                    self.model.die(message, self.now_ms)
                    moved = True
        return moved

    def _check_delivery(self, delivery: Delivery, timeout_s: float | None) -> None:
        self.model.check(delivery)
        message = self.model.messages[delivery.message_id]
        assert message.is_waiting(self.now_ms), "delivered within a lease or a delay"
        assert not self.model.is_poison(message), "delivered more often than its queue allows"
        settings = self.model.settings[delivery.queue]
        lease_s = settings.visibility_timeout_s if timeout_s is None else timeout_s
        assert (delivery.received_at_ms, delivery.lease_until_ms) == (self.now_ms, self.now_ms + int(lease_s * 1000))
        if not settings.fifo and settings.key_concurrency is None:
            assert delivery.waiting_since_ms == message.visible_at_ms

    def _check_keys(self, queue: QueueName) -> None:
        settings = self.model.settings[queue]
        limit = 1 if settings.fifo else settings.key_concurrency
        if limit is not None:
            messages = self.model.of(queue)
            busiest = max((self.model.in_flight(one, messages, self.now_ms) for one in messages), default=0)
            assert busiest <= limit, f"{busiest} messages of one key are in flight"


def queue_state_machine(make_factory: Callable[[Path], BackendFactory]) -> type[QueueStateMachine]:
    """The machine for one backend. `make_factory(folder)` gives a factory whose backends share a store in `folder`."""
    return type("BoundQueueStateMachine", (QueueStateMachine,), {"make_factory": staticmethod(make_factory)})
