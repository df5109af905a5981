"""Background parts come back after a crash, with growing pauses, and everybody can see it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from wipsie.testing.clock import FakeClock
from wipsie.workers.supervisor import Supervisor


async def test_a_part_that_crashes_is_restarted_with_growing_pauses() -> None:
    clock = FakeClock()
    supervisor = Supervisor(clock)
    starts: list[float] = []

    async def part() -> None:
        starts.append(clock.monotonic())
        raise RuntimeError("broken")

    supervisor.start("part", part)
    await clock.advance(0.4)
    assert supervisor.status()["part"] == {"state": "restarting", "restarts": 1, "last_error": "RuntimeError: broken"}
    assert not supervisor.is_healthy
    await clock.advance(100)
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
    await supervisor.stop()
    assert supervisor.status()["part"]["state"] == "stopped"


async def test_a_part_that_returns_is_finished() -> None:
    supervisor = Supervisor(FakeClock())

    async def part() -> None: ...

    supervisor.start("part", part)
    await asyncio.sleep(0)
    assert supervisor.status()["part"]["state"] == "finished"
    assert supervisor.is_healthy
    await supervisor.stop()


async def test_two_parts_of_one_name_are_refused() -> None:
    supervisor = Supervisor(FakeClock())

    async def part() -> None:
        await asyncio.Event().wait()

    supervisor.start("part", part)
    with pytest.raises(ValueError, match="'part' runs already"):
        supervisor.start("part", part)
    await supervisor.stop()
