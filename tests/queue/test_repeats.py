"""Repeated sends are recognised by the shared store where the queue's backend keeps no ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from wipsie.database import Database, migrator
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.errors import IdempotencyKeyReused, QueueFull, StorageUnavailable, TooManyRequests, WipsieError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import NewMessage, SendResult
from wipsie.queue.repeats import UNDER_WAY_S, Repeats
from wipsie.testing.clock import FakeClock

QUEUE = QueueName("wipsie-default")


class Store:
    """A backend's `send`: notes what it stored; can be full, away, or take its time."""

    def __init__(self) -> None:
        self.stored: list[NewMessage] = []
        self.error: WipsieError | None = None
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        self.asked.set()
        await self.open.wait()
        if isinstance(self.error, StorageUnavailable):
            raise self.error
        if self.error is not None:
            return [self.error for _ in messages]
        self.stored += messages
        return [SendResult(one.message_id, len(self.stored), 1000) for one in messages]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def repeats(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Repeats]:
    url = f"sqlite:///{tmp_path}/wipsie.db"
    await migrator.migrate(url)
    database = Database(url, clock=clock)
    await database.start()
    yield Repeats(DatabaseSharedStore(database, clock=clock), clock)
    await database.stop()


def message(key: str = "k", fingerprint: str | None = None, window_s: float | None = None) -> NewMessage:
    return NewMessage(
        queue=QUEUE,
        body="{}",
        message_id=new_message_id(),
        deduplication_id=key,
        fingerprint=fingerprint,
        deduplication_window_s=window_s,
    )


async def test_a_repeat_is_answered_as_the_first_was_and_stored_once(repeats: Repeats, store: Store) -> None:
    first, second = message(), message()
    (sent,) = await repeats.send([first], store.send)
    (again,) = await repeats.send([second], store.send)
    assert sent == SendResult(first.message_id, 1, 1000)
    assert again == SendResult(first.message_id, 1, 1000, duplicate=True)
    assert [one.message_id for one in store.stored] == [first.message_id]
    assert store.stored[0].deduplication_id is None, "the backend does not know such ids"


async def test_other_ids_and_other_queues_do_not_meet(repeats: Repeats, store: Store) -> None:
    elsewhere = message()
    elsewhere.queue = QueueName("wipsie-other")
    for one in (message("a"), message("b"), elsewhere):
        (sent,) = await repeats.send([one], store.send)
        assert isinstance(sent, SendResult)
        assert not sent.duplicate
    assert len(store.stored) == 3


async def test_another_message_under_a_known_id_is_refused(repeats: Repeats, store: Store) -> None:
    await repeats.send([message(fingerprint="a")], store.send)
    (same,) = await repeats.send([message(fingerprint="a")], store.send)
    (other,) = await repeats.send([message(fingerprint="b")], store.send)
    assert isinstance(same, SendResult)
    assert isinstance(other, IdempotencyKeyReused)


async def test_after_its_window_an_id_is_new_again(repeats: Repeats, store: Store, clock: FakeClock) -> None:
    await repeats.send([message(window_s=60)], store.send)
    clock.jump(59)
    (within,) = await repeats.send([message(window_s=60)], store.send)
    clock.jump(2)
    (after,) = await repeats.send([message(window_s=60)], store.send)
    assert isinstance(within, SendResult)
    assert within.duplicate
    assert isinstance(after, SendResult)
    assert not after.duplicate


async def test_of_many_at_the_same_moment_one_is_stored(repeats: Repeats, store: Store) -> None:
    store.open.clear()
    calls = [asyncio.create_task(repeats.send([message()], store.send)) for _ in range(20)]
    done, _ = await asyncio.wait(calls, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert done
    store.open.set()
    answers = [(await call)[0] for call in calls]
    assert len(store.stored) == 1
    assert sum(isinstance(one, SendResult) and not one.duplicate for one in answers) == 1
    assert all(isinstance(one, SendResult | TooManyRequests) for one in answers)


async def test_twice_in_one_batch_is_once(repeats: Repeats, store: Store) -> None:
    batch = [message("a", "1"), message("b"), message("a", "1"), message("a", "2")]
    answers = await repeats.send(batch, store.send)
    assert [one.message_id for one in store.stored] == [batch[0].message_id, batch[1].message_id]
    again = answers[2]
    assert isinstance(again, SendResult)
    assert (again.message_id, again.duplicate) == (batch[0].message_id, True)
    assert isinstance(answers[3], IdempotencyKeyReused)


async def test_a_refused_message_leaves_its_id_free(repeats: Repeats, store: Store) -> None:
    store.error = QueueFull("full")
    (refused,) = await repeats.send([message()], store.send)
    assert isinstance(refused, QueueFull)
    store.error = None
    (sent,) = await repeats.send([message()], store.send)
    assert isinstance(sent, SendResult)
    assert not sent.duplicate


async def test_a_send_whose_outcome_is_unknown_may_be_repeated_at_once_under_its_id(
    repeats: Repeats, store: Store
) -> None:
    store.error = StorageUnavailable("away")
    first = message()
    with pytest.raises(StorageUnavailable):
        await repeats.send([first], store.send)
    store.error = None
    (sent,) = await repeats.send([message()], store.send)
    assert isinstance(sent, SendResult)
    assert (sent.message_id, sent.duplicate) == (first.message_id, False)


async def test_the_claim_of_a_process_that_died_ends(repeats: Repeats, store: Store, clock: FakeClock) -> None:
    store.open.clear()
    first = message()
    dying = asyncio.create_task(repeats.send([first], store.send))
    await store.asked.wait()
    (meanwhile,) = await repeats.send([message()], Store().send)
    assert isinstance(meanwhile, TooManyRequests)
    clock.jump(UNDER_WAY_S + 1)
    (taken_over,) = await repeats.send([message()], Store().send)
    assert isinstance(taken_over, SendResult)
    assert taken_over.message_id == first.message_id
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
