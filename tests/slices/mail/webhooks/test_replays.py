"""A token is used up by a mail that is on the queue, and by nothing less."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.errors import StorageUnavailable, Unavailable
from wipsie.kernel.ids import MessageId
from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine
from wipsie.slices.mail.doors.webhooks.replays import UNDER_WAY_S, Accepted, Replays
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

WINDOW_S = 3600.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(migrated_database_url: str, clock: FakeClock) -> AsyncIterator[Database]:
    database = Database(migrated_database_url, clock=clock, pool_size=2, max_overflow=0)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def replays(database: Database, clock: FakeClock) -> Replays:
    return Replays(DatabaseSharedStore(database, clock=clock, follow_server_time=False), clock)


class Queue:
    """Takes mail when it can."""

    def __init__(self) -> None:
        self.taken = 0
        self.is_away = False
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    async def accept(self) -> MessageId:
        self.asked += 1
        await self.open.wait()
        if self.is_away:
            raise StorageUnavailable("The disk is full.")
        self.taken += 1
        return MessageId(f"message-{self.taken}")


async def test_a_repeat_is_answered_as_the_first_was(replays: Replays) -> None:
    queue = Queue()
    assert await replays.once("t", "a", WINDOW_S, queue.accept) == Accepted(MessageId("message-1"))
    assert await replays.once("t", "a", WINDOW_S, queue.accept) == Accepted(MessageId("message-1"), duplicate=True)
    assert await replays.once("u", "a", WINDOW_S, queue.accept) == Accepted(MessageId("message-2"))


async def test_a_try_that_failed_uses_nothing_up(replays: Replays) -> None:
    queue = Queue()
    queue.is_away = True
    for fingerprint in ("a", "b"):
        with pytest.raises(StorageUnavailable):
            await replays.once("t", fingerprint, WINDOW_S, queue.accept)
    queue.is_away = False
    assert not (await replays.once("t", "a", WINDOW_S, queue.accept)).duplicate


async def test_a_token_brings_no_second_mail(replays: Replays) -> None:
    queue = Queue()
    await replays.once("t", "a", WINDOW_S, queue.accept)
    with pytest.raises(NotGenuine):
        await replays.once("t", "b", WINDOW_S, queue.accept)
    assert queue.taken == 1


async def test_of_many_at_once_one_gets_in_and_the_others_come_again(replays: Replays) -> None:
    queue = Queue()
    queue.open.clear()
    first = asyncio.create_task(replays.once("t", "a", WINDOW_S, queue.accept))
    await eventually(lambda: queue.asked == 1)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await replays.once("t", "a", WINDOW_S, queue.accept)
    queue.open.set()
    assert not (await first).duplicate
    assert (await replays.once("t", "a", WINDOW_S, queue.accept)).duplicate
    assert queue.taken == 1


async def test_the_claim_of_a_process_that_died_is_taken_over(replays: Replays, clock: FakeClock) -> None:
    dead, queue = Queue(), Queue()
    dead.open.clear()
    dying = asyncio.create_task(replays.once("t", "a", WINDOW_S, dead.accept))
    await eventually(lambda: dead.asked == 1)
    await clock.advance(UNDER_WAY_S)
    assert not (await replays.once("t", "a", WINDOW_S, queue.accept)).duplicate
    # It was only slow, and fails now: what the other noted stays.
    dead.is_away = True
    dead.open.set()
    with pytest.raises(StorageUnavailable):
        await dying
    assert (await replays.once("t", "a", WINDOW_S, queue.accept)).duplicate


async def test_a_request_that_is_cut_off_gives_its_claim_up(replays: Replays) -> None:
    queue = Queue()
    queue.open.clear()
    cut = asyncio.create_task(replays.once("t", "a", WINDOW_S, queue.accept))
    await eventually(lambda: queue.asked == 1)
    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
    queue.open.set()
    assert not (await replays.once("t", "a", WINDOW_S, queue.accept)).duplicate


async def test_after_its_time_a_token_is_forgotten(replays: Replays, clock: FakeClock) -> None:
    queue = Queue()
    await replays.once("t", "a", WINDOW_S, queue.accept)
    await clock.advance(WINDOW_S + 1)
    assert not (await replays.once("t", "a", WINDOW_S, queue.accept)).duplicate


async def test_without_the_store_nothing_is_accepted(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "wipsie.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    database = Database(f"sqlite:///{path}", clock=clock, pool_size=1, max_overflow=0)
    queue = Queue()
    with pytest.raises(StorageUnavailable):
        await Replays(DatabaseSharedStore(database, clock=clock), clock).once("t", "a", WINDOW_S, queue.accept)
    assert queue.asked == 0
    await database.stop()
