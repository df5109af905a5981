"""Opening a store that may be away: waited for where waiting helps, refused where it does not."""

from __future__ import annotations

import asyncio

import pytest

from wipsie.app.opening import PAUSE_S_MAX, Opening
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable
from wipsie.testing import eventually
from wipsie.testing.clock import FakeClock

SERVER = "postgresql://host/name"
FILE = "sqlite:////data/queue.db"


class Store:
    """A store that is away, until it is not."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.tries = 0
        self.is_open = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def open(self) -> None:
        self.tries += 1
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        self.is_open = True

    async def close(self) -> None:
        assert self.is_open, "closed what was not open"
        self.is_open = False


def opening(clock: FakeClock, url: str = SERVER) -> Opening:
    return Opening("queue", url, clock=clock, held_up=asyncio.Event())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_a_server_that_is_away_is_tried_again_with_growing_pauses_until_it_is_there(clock: FakeClock) -> None:
    store = Store(StorageUnavailable("The server is away."))
    one = opening(clock)
    assert one.reason == "not opened yet"
    task = asyncio.create_task(one.run(store.open, patient=True))
    await eventually(lambda: store.tries == 1, message="it is tried")
    await eventually(lambda: one.reason == "The server is away.", message="the reason is told")
    for _ in range(30):
        clock.jump(PAUSE_S_MAX / 4)
        await clock.settle()
    assert 8 <= store.tries <= 20, "pauses grow, and are bounded"
    store.failure = None
    clock.jump(PAUSE_S_MAX)
    await task
    assert one.reason is None
    await one.undo(store.close)
    await one.undo(store.close)


async def test_what_no_waiting_mends_is_raised_at_once(clock: FakeClock) -> None:
    store = Store(ConfigurationError("QUEUE_URL: the password is wrong."))
    with pytest.raises(ConfigurationError, match="password"):
        await opening(clock).run(store.open, patient=True)
    assert store.tries == 1


@pytest.mark.parametrize(("url", "patient"), [(FILE, True), (SERVER, False)])
async def test_a_file_is_not_waited_for_and_nothing_is_by_the_impatient(
    clock: FakeClock, url: str, patient: bool
) -> None:
    store = Store(StorageUnavailable("It cannot be opened."))
    one = opening(clock, url)
    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        await one.run(store.open, patient=patient)
    await one.undo(store.close)


async def test_a_start_called_off_in_the_middle_of_a_try_leaves_nothing_half_open(clock: FakeClock) -> None:
    store = Store()
    store.may_answer.clear()
    one = opening(clock)
    task = asyncio.create_task(one.run(store.open, patient=True))
    await eventually(lambda: store.tries == 1, message="it is tried")
    task.cancel()
    await clock.settle()
    store.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.is_open
    await one.undo(store.close)
    assert not store.is_open
