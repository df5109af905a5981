"""Lanes: concurrent calls travel together, each gets its own answer, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from wipsie.kernel.errors import InvalidInput, ShuttingDown, StorageUnavailable, TooManyRequests
from wipsie.queue.backend_kit import lane as lane_module
from wipsie.queue.backend_kit.lane import Lane


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds; the test's time-out bounds it."""
    while not condition():  # noqa: ASYNC110  the turns of the loop are what is tested
        await asyncio.sleep(0)


class Store:
    """Doubles numbers; refuses negative ones; can be held back and broken."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def run(self, items: list[int]) -> Sequence[int | BaseException]:
        self.batches.append(items)
        await self.open.wait()
        if self.broken:
            raise StorageUnavailable("The store is away.", retry_after_s=1)
        return [InvalidInput("negative") if item < 0 else item * 2 for item in items]


@pytest.fixture
def store() -> Store:
    return Store()


def open_lane(store: Store, **options: Any) -> Lane[int, int]:
    lane: Lane[int, int] = Lane(store.run, name="test", **options)
    lane.start()
    return lane


async def test_calls_of_one_moment_travel_in_one_batch(store: Store) -> None:
    lane = open_lane(store)
    assert await asyncio.gather(*(lane.call(number) for number in range(100))) == [2 * n for n in range(100)]
    assert len(store.batches) == 1
    await lane.stop()


async def test_calls_that_arrive_during_a_batch_travel_in_the_next_one(store: Store) -> None:
    lane = open_lane(store)
    store.open.clear()
    first = asyncio.create_task(lane.call(1))
    await until(lambda: store.batches)
    others = [asyncio.create_task(lane.call(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    assert store.batches == [[1]]
    store.open.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert store.batches == [[1], [2, 3]]
    await lane.stop()


async def test_one_refusal_is_not_the_neighbours_business(store: Store) -> None:
    lane = open_lane(store)
    answers = await asyncio.gather(lane.call(1), lane.call(-1), lane.call(2), return_exceptions=True)
    assert answers[0] == 2
    assert isinstance(answers[1], InvalidInput)
    assert answers[2] == 4
    await lane.stop()


async def test_a_store_that_fails_is_told_to_all_and_the_lane_goes_on(store: Store) -> None:
    lane = open_lane(store)
    store.broken = True
    answers = await asyncio.gather(lane.call(1), lane.call(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StorageUnavailable, StorageUnavailable]
    store.broken = False
    assert await lane.call(3) == 6
    await lane.stop()


async def test_a_batch_holds_as_many_calls_and_as_much_weight_as_it_may(store: Store) -> None:
    lane = open_lane(store, calls_max=3)
    await asyncio.gather(*(lane.call(number) for number in range(7)))
    assert [len(batch) for batch in store.batches] == [3, 3, 1]
    await lane.stop()
    store.batches.clear()
    heavy = open_lane(store, weigh=int, weight_max=10)
    await asyncio.gather(*(heavy.call(number) for number in (6, 4, 1, 50, 2)))
    assert store.batches == [[6, 4], [1], [50], [2]]
    await heavy.stop()


async def test_who_gives_up_while_waiting_gets_nothing_done(store: Store) -> None:
    lane = open_lane(store)
    waiting = asyncio.create_task(lane.call(1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await lane.call(2) == 4
    assert store.batches == [[2]]
    await lane.stop()


async def test_a_result_whose_caller_gave_up_is_handed_back(store: Store) -> None:
    returned: list[tuple[int, int]] = []

    def give_back(item: int, result: int) -> None:
        returned.append((item, result))

    lane = open_lane(store, abandoned=give_back)
    store.open.clear()
    given_up = asyncio.create_task(lane.call(1))
    await until(lambda: store.batches)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    store.open.set()
    await lane.stop()
    assert returned == [(1, 2)]


async def test_a_result_that_met_its_callers_cancellation_half_way_is_handed_back(store: Store) -> None:
    returned: list[tuple[int, int]] = []

    def give_back(item: int, result: int) -> None:
        returned.append((item, result))

    lane = open_lane(store, abandoned=give_back)
    caller = asyncio.create_task(lane.call(1))

    async def cancel_at_the_last_moment() -> None:
        await until(lambda: lane.batches)
        caller.cancel()

    await asyncio.gather(cancel_at_the_last_moment(), caller, return_exceptions=True)
    # Either the caller had its answer already, or it was handed back; never neither.
    assert returned == ([] if not caller.cancelled() else [(1, 2)])
    await lane.stop()


async def test_stop_answers_what_was_accepted_and_refuses_what_comes_later(store: Store) -> None:
    lane = open_lane(store)
    accepted = [asyncio.create_task(lane.call(number)) for number in range(5)]
    await asyncio.sleep(0)
    await lane.stop()
    assert await asyncio.gather(*accepted) == [0, 2, 4, 6, 8]
    with pytest.raises(ShuttingDown):
        await lane.call(1)


async def test_waiting_calls_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "PENDING_MAX", 3)
    lane = open_lane(store)
    calls = [asyncio.create_task(lane.call(number)) for number in range(4)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[:3] == [0, 2, 4]
    assert isinstance(answers[3], TooManyRequests)
    await lane.stop()


async def test_parallel_batches_run_side_by_side_up_to_the_limit(store: Store) -> None:
    lane = open_lane(store, calls_max=1, parallel=2)
    store.open.clear()
    calls = [asyncio.create_task(lane.call(number)) for number in range(2)]
    await until(lambda: len(store.batches) == 2)
    calls.append(asyncio.create_task(lane.call(2)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(store.batches) == 2
    store.open.set()
    assert await asyncio.gather(*calls) == [0, 2, 4]
    await lane.stop()


async def test_who_calls_again_in_the_turn_of_its_answer_is_served(store: Store) -> None:
    lane = open_lane(store)
    for number in range(50):
        async with asyncio.timeout(5):
            assert await lane.call(number) == 2 * number
    assert [len(batch) for batch in store.batches] == [1] * 50
    await lane.stop()
