from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from wipsie.database import Database, outbox
from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import StoredMessage
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.testing.clock import DEFAULT_START_S, FakeClock
from wipsie.workers.schedules import Schedule, ScheduleSpec, ScheduleStore

KILLS = 4


async def schedule(url: str) -> Schedule:
    database = Database(url, clock=SystemClock())
    try:
        return await ScheduleStore(database, SystemClock()).get("tick")
    finally:
        await database.stop()


async def run(url: str, folder: Path, *, rounds: int, kill_after_s: float | None) -> None:
    """Go on where the process before ended, until killed."""
    next_ms = (await schedule(url)).next_fire_at_ms
    assert next_ms is not None
    program = Path(__file__).parent / "scheduler_process.py"
    arguments = (str(program), url, str(folder), str(next_ms / 1000), str(rounds))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"ready\n"
        if kill_after_s is not None:
            await asyncio.sleep(kill_after_s)
            process.kill()
        await process.wait()
    assert process.returncode == (0 if kill_after_s is None else -9)


async def all_messages(folder: Path) -> list[StoredMessage]:
    clock = FakeClock()
    names = QueueNames()
    engine = QueueEngine(SqliteQueueBackend(folder / "queue.db", clock=clock), clock=clock, names=names)
    await engine.start()
    found: list[StoredMessage] = []
    while page := await engine.peek(
        names.stored("default"), limit=500, after_sequence_number=found[-1].sequence_number if found else 0
    ):
        found += page
    await engine.stop()
    return found


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_every_time_is_fired_exactly_once_however_often_the_scheduler_is_killed(
    tmp_path: Path, migrated_database_url: str
) -> None:
    url = migrated_database_url
    clock = FakeClock(DEFAULT_START_S)
    database = Database(url, clock=clock)
    spec = ScheduleSpec(name="tick", queue="default", message={"task_type": "tick"}, every_s=1)
    await ScheduleStore(database, clock).declare([spec])
    await database.stop()

    moment = random.Random(4)
    for _ in range(KILLS):
        await run(url, tmp_path, rounds=1_000_000, kill_after_s=moment.uniform(0.1, 0.6))
    await run(url, tmp_path, rounds=60, kill_after_s=None)

    last = await schedule(url)
    messages = await all_messages(tmp_path)
    fired_at_ms = [int(message.attributes["scheduled_at_ms"].value) for message in messages]
    assert len(set(fired_at_ms)) == len(fired_at_ms) == last.fire_count
    assert last.fire_count > 60
    assert sorted(fired_at_ms) == fired_at_ms
    assert {json.decode(message.body)["task_type"] for message in messages} == {"tick"}
    database = Database(url, clock=clock)
    async with database.read() as connection:
        assert await outbox.count_waiting(connection) == 0
        assert await outbox.refused(connection) == []
    await database.stop()
