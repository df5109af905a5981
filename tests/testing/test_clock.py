"""The fake clock keeps the promises tests build on."""

from __future__ import annotations

import asyncio

from wipsie.testing.clock import FakeClock


async def test_time_stands_still_until_advanced() -> None:
    clock = FakeClock(1000.0)
    # Real time must pass, to show that it does not matter.
    await asyncio.sleep(0.005)
    assert clock.now_ms() == 1_000_000
    await clock.advance(1.5)
    assert clock.now_ms() == 1_001_500
    assert clock.monotonic() == 1.5


async def test_a_thousand_small_steps_add_up_exactly() -> None:
    clock = FakeClock(0.0, settle_s=0.0)
    for _ in range(1000):
        clock.jump(0.1)
    assert clock.now_ms() == 100_000


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = FakeClock(0.0)
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(seconds)
            seen.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("slow", 2.5, 1))
        group.create_task(sleeper("fast", 1.0, 3))
        await clock.advance(3.0)
    assert seen == [("fast", 1.0), ("fast", 2.0), ("slow", 2.5), ("fast", 3.0)]


async def test_wait_ends_by_the_future_or_by_time() -> None:
    clock = FakeClock(0.0)
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    forgotten: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    first = asyncio.create_task(clock.wait(answered, 10.0))
    second = asyncio.create_task(clock.wait(forgotten, 10.0))
    await clock.settle()
    assert clock.sleepers == 2
    answered.set_result("here")
    assert await first is True
    assert not second.done()
    await clock.advance(10.0)
    assert await second is False
    assert not forgotten.cancelled()
    assert clock.sleepers == 0


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock(0.0)
    task = asyncio.create_task(clock.sleep(5.0))
    await clock.settle()
    task.cancel()
    await asyncio.wait((task,))
    assert clock.sleepers == 0
    await clock.advance(10.0)
    assert clock.now() == 10.0


async def test_jump_from_another_thread_wakes_the_loop() -> None:
    clock = FakeClock(0.0)
    task = asyncio.create_task(clock.sleep(5.0))
    await clock.settle()
    await asyncio.to_thread(clock.jump, 5.0)
    await asyncio.wait_for(task, 5.0)
