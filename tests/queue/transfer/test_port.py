"""What every store that can be moved whole promises: taken in as it stood, noted in the same step, given up for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from transfer_parts import essence, messages
from transfer_stores import KINDS, OpenStore, new_store, opened

from wipsie.kernel.errors import Conflict, QueueNotFound, ReceiptExpired
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.contract import (
    Attribute,
    DeadLetter,
    DeadLetterCause,
    MessageState,
    NewMessage,
    Priority,
    QueueBackend,
    QueueSettings,
    SendResult,
    StoredMessage,
)
from wipsie.queue.transfer import TransferPort
from wipsie.testing.clock import FakeClock

QUEUE, LINE = QueueName("port-queue"), QueueName("port-line.fifo")


class Store:
    """A backend with both faces."""

    def __init__(self, backend: QueueBackend) -> None:
        assert isinstance(backend, TransferPort)
        self.backend = backend
        self.port: TransferPort = backend


@pytest.fixture(scope="session", params=KINDS)
def open_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OpenStore:
    """One store of each kind for all tests: to make a schema takes longer than a test."""
    kind = request.param
    postgres = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    redis = request.getfixturevalue("redis_server") if kind == "redis" else None
    return new_store(kind, tmp_path_factory.mktemp("stores"), postgres, redis)


@pytest.fixture
async def store(open_store: OpenStore, clock: FakeClock) -> AsyncIterator[Store]:
    async with opened(open_store, clock) as backend:
        await backend.create_queue(QueueSettings(name=QUEUE))
        await backend.create_queue(QueueSettings(name=LINE, fifo=True))
        yield Store(backend)
        await backend.delete_queue(QUEUE)
        await backend.delete_queue(LINE)


def message(clock: FakeClock, **fields: Any) -> StoredMessage:
    """A message that has seen something of the world."""
    now_ms = clock.now_ms()
    everything: dict[str, Any] = {
        "queue": QUEUE,
        "message_id": new_message_id(),
        "body": "büdy \N{PILE OF POO}",
        "attributes": {"n": Attribute("7", "Number.int")},
        "priority": Priority.LOW,
        "state": MessageState.READY,
        "sequence_number": 7,
        "sent_at_ms": now_ms - 90_000,
        "visible_at_ms": now_ms - 10_000,
        "receive_count": 3,
        "first_received_at_ms": now_ms - 60_000,
        "deduplication_id": "once",
        "redrive_count": 2,
        "dead_letter": DeadLetter(QueueName("port-origin"), now_ms - 5, DeadLetterCause(code="REJECTED", reason="no")),
        **fields,
    }
    return StoredMessage(**everything)


async def test_a_message_is_taken_in_with_all_that_is_known_of_it(store: Store, clock: FakeClock) -> None:
    one = message(clock)
    await store.port.adopt(QUEUE, [one], transfer="t", batch="1", previous=None)
    (seen,) = await messages(store.backend, QUEUE)
    assert essence(seen) == essence(one)
    (delivery,) = await store.backend.receive(QUEUE)
    assert delivery.receive_count == 4
    assert delivery.first_received_at_ms == one.first_received_at_ms
    assert (delivery.sent_at_ms, delivery.waiting_since_ms) == (one.sent_at_ms, one.visible_at_ms)
    assert delivery.dead_letter == one.dead_letter
    assert await store.backend.delete([(QUEUE, delivery.receipt)]) == [None]
    assert (await store.backend.counts(QUEUE)).total == 0


async def test_a_bare_message_stays_bare(store: Store, clock: FakeClock) -> None:
    one = message(
        clock,
        attributes={},
        receive_count=0,
        first_received_at_ms=None,
        deduplication_id=None,
        redrive_count=0,
        dead_letter=None,
    )
    await store.port.adopt(QUEUE, [one], transfer="t", batch="1", previous=None)
    (seen,) = await messages(store.backend, QUEUE)
    assert essence(seen) == essence(one)


async def test_where_a_redrive_sends_a_message_is_kept(store: Store, clock: FakeClock) -> None:
    one = message(clock, dead_letter=None, origin=LINE, group_id="g")
    await store.port.adopt(QUEUE, [one], transfer="t", batch="1", previous=None)
    (seen,) = await messages(store.backend, QUEUE)
    assert seen.origin == LINE
    assert (await store.backend.redrive(QUEUE)).moved == 1
    assert [each.message_id for each in await messages(store.backend, LINE)] == [one.message_id]


async def test_a_delay_ends_when_it_would_have_ended(store: Store, clock: FakeClock) -> None:
    due_ms = clock.now_ms() + 60_000
    one = message(clock, state=MessageState.DELAYED, visible_at_ms=due_ms, dead_letter=None)
    await store.port.adopt(QUEUE, [one], transfer="t", batch="1", previous=None)
    assert (await store.backend.counts(QUEUE)).delayed == 1
    assert await store.backend.receive(QUEUE) == []
    clock.jump(60)
    assert len(await store.backend.receive(QUEUE)) == 1


async def test_a_lease_is_not_taken_along(store: Store, clock: FakeClock) -> None:
    one = message(clock, state=MessageState.LEASED, visible_at_ms=clock.now_ms() + 60_000, dead_letter=None)
    await store.port.adopt(QUEUE, [one], transfer="t", batch="1", previous=None)
    assert (await store.backend.counts(QUEUE)).ready == 1


async def test_the_order_of_a_group_and_its_delays_are_kept(store: Store, clock: FakeClock) -> None:
    now_ms = clock.now_ms()
    line = [
        message(clock, queue=LINE, group_id="g", body=body, state=state, visible_at_ms=now_ms + wait, dead_letter=None)
        for body, state, wait in (
            ("first", MessageState.DELAYED, 5_000),
            ("second", MessageState.BLOCKED, 0),
            ("third", MessageState.BLOCKED, 9_000),
        )
    ]
    await store.port.adopt(LINE, line, transfer="t", batch="1", previous=None)
    counts = await store.backend.counts(LINE)
    assert (counts.delayed, counts.blocked) == (1, 2)
    found: list[str] = []
    for _ in range(3):
        clock.jump(5)
        for one in await store.backend.receive(LINE, max_messages=3):
            found.append(one.body)
            await store.backend.delete([(LINE, one.receipt)])
    assert found == ["first", "second", "third"]


async def test_the_note_is_written_with_the_messages_and_read_again(store: Store, clock: FakeClock) -> None:
    assert await store.port.adopted(QUEUE, "t") is None
    await store.port.adopt(QUEUE, [message(clock)], transfer="t", batch='["1 é"]', previous=None)
    assert await store.port.adopted(QUEUE, "t") == '["1 é"]'
    assert await store.port.adopted(QUEUE, "another") is None
    assert await store.port.adopted(LINE, "t") is None
    clock.jump(365 * 24 * 3600)
    assert await store.port.adopted(QUEUE, "t") == '["1 é"]'


async def test_the_same_batch_is_taken_in_once(store: Store, clock: FakeClock) -> None:
    one = message(clock)
    for _ in range(2):
        await store.port.adopt(QUEUE, [one], transfer="t", batch="1", previous=None)
    assert len(await messages(store.backend, QUEUE)) == 1


async def test_a_mover_who_does_not_know_the_last_batch_changes_nothing(store: Store, clock: FakeClock) -> None:
    await store.port.adopt(QUEUE, [message(clock)], transfer="t", batch="1", previous=None)
    for previous in (None, "0"):
        with pytest.raises(Conflict):
            await store.port.adopt(QUEUE, [message(clock)], transfer="t", batch="2", previous=previous)
    assert len(await messages(store.backend, QUEUE)) == 1
    await store.port.adopt(QUEUE, [message(clock)], transfer="t", batch="2", previous="1")
    assert len(await messages(store.backend, QUEUE)) == 2
    assert await store.port.adopted(QUEUE, "t") == "2"


async def test_of_two_movers_at_one_moment_one_gets_on(store: Store, clock: FakeClock) -> None:
    outcomes = await asyncio.gather(
        *(
            store.port.adopt(QUEUE, [message(clock)], transfer="t", batch=batch, previous=None)
            for batch in ("1", "2", "3")
        ),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Conflict", "NoneType"]
    assert len(await messages(store.backend, QUEUE)) == 1


async def test_a_note_without_messages_can_be_written(store: Store, clock: FakeClock) -> None:
    await store.port.adopt(QUEUE, [message(clock)], transfer="t", batch="1", previous=None)
    await store.port.adopt(QUEUE, [], transfer="t", batch="[]", previous="1")
    assert await store.port.adopted(QUEUE, "t") == "[]"
    assert len(await messages(store.backend, QUEUE)) == 1


async def test_what_was_sent_here_before_stays_the_first_send(store: Store, clock: FakeClock) -> None:
    new = NewMessage(queue=QUEUE, body="here", message_id=new_message_id(), deduplication_id="once")
    await store.backend.send([new])
    await store.port.adopt(QUEUE, [message(clock, dead_letter=None)], transfer="t", batch="1", previous=None)
    assert len(await messages(store.backend, QUEUE)) == 2
    (again,) = await store.backend.send([msgspec.structs.replace(new, message_id=new_message_id())])
    assert isinstance(again, SendResult)
    assert (again.duplicate, again.message_id) == (True, new.message_id)


async def test_a_window_that_is_open_goes_on_and_a_closed_one_does_not(store: Store, clock: FakeClock) -> None:
    now_ms = clock.now_ms()
    young = message(clock, deduplication_id="young", sent_at_ms=now_ms - 200_000, dead_letter=None)
    old = message(clock, deduplication_id="old", sent_at_ms=now_ms - 301_000, dead_letter=None)
    await store.port.adopt(QUEUE, [young, old], transfer="t", batch="1", previous=None)
    sends = [
        NewMessage(queue=QUEUE, body="x", message_id=new_message_id(), deduplication_id=key) for key in ("young", "old")
    ]
    first, second = await store.backend.send(sends)
    assert isinstance(first, SendResult)
    assert isinstance(second, SendResult)
    assert (first.duplicate, first.message_id, first.sent_at_ms) == (True, young.message_id, young.sent_at_ms)
    assert not second.duplicate


async def test_waiting_receivers_wake_for_what_moves_in(store: Store, clock: FakeClock) -> None:
    waiting = asyncio.create_task(store.backend.receive(QUEUE, wait_s=30.0))
    await clock.advance(0.1)
    await store.port.adopt(QUEUE, [message(clock)], transfer="t", batch="1", previous=None)
    async with asyncio.timeout(10):
        while not waiting.done():
            await clock.advance(0.2)
    assert len(waiting.result()) == 1


async def test_messages_are_given_up_in_every_state(store: Store, clock: FakeClock) -> None:
    for body, delay_s in (("ready", 0.0), ("delayed", 60.0)):
        new = NewMessage(queue=QUEUE, body=body, message_id=new_message_id(), delay_s=delay_s)
        await store.backend.send([new])
    for body in ("head", "blocked"):
        await store.backend.send([NewMessage(queue=LINE, body=body, message_id=new_message_id(), group_id="g")])
    (taken,) = await store.backend.receive(LINE)
    for queue in (QUEUE, LINE):
        held = await messages(store.backend, queue)
        pairs = [(one.sequence_number, one.message_id) for one in held]
        assert await store.port.remove(queue, pairs) == 2
        assert await store.port.remove(queue, pairs) == 0
        assert await messages(store.backend, queue) == []
        counts = await store.backend.counts(queue)
        assert (counts.total, counts.ready, counts.leased, counts.delayed, counts.blocked) == (0, 0, 0, 0, 0)
    (outcome,) = await store.backend.delete([(LINE, taken.receipt)])
    assert isinstance(outcome, ReceiptExpired)


async def test_a_number_of_another_message_removes_nothing(store: Store, clock: FakeClock) -> None:
    await store.backend.send([NewMessage(queue=QUEUE, body="x", message_id=new_message_id())])
    (held,) = await messages(store.backend, QUEUE)
    wrong = [(held.sequence_number, new_message_id()), (held.sequence_number + 1, held.message_id)]
    assert await store.port.remove(QUEUE, wrong) == 0
    assert await store.port.remove(LINE, [(held.sequence_number, held.message_id)]) == 0
    assert await store.port.remove(QUEUE, [(held.sequence_number, MessageId(held.message_id[:-1]))]) == 0
    assert len(await messages(store.backend, QUEUE)) == 1


async def test_the_next_of_a_group_is_free_when_its_head_is_given_up(store: Store, clock: FakeClock) -> None:
    for body in ("head", "next"):
        await store.backend.send([NewMessage(queue=LINE, body=body, message_id=new_message_id(), group_id="g")])
    head, _ = await messages(store.backend, LINE)
    await store.port.remove(LINE, [(head.sequence_number, head.message_id)])
    assert [one.body for one in await store.backend.receive(LINE)] == ["next"]


async def test_a_queue_that_is_not_there_is_told(store: Store, clock: FakeClock) -> None:
    nowhere = QueueName("port-nowhere")
    with pytest.raises(QueueNotFound):
        await store.port.adopt(nowhere, [message(clock)], transfer="t", batch="1", previous=None)
    with pytest.raises(QueueNotFound):
        await store.port.adopted(nowhere, "t")
    with pytest.raises(QueueNotFound):
        await store.port.remove(nowhere, [(1, new_message_id())])
