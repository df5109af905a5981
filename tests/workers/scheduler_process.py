"""A scheduler and a relay in a process of its own, on a clock that runs a second per round: made to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from wipsie.database import Database
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.testing.clock import FakeClock
from wipsie.workers.outbox_relay import OutboxRelay
from wipsie.workers.schedules import ScheduleStore


async def main(database_url: str, folder: Path, start_s: float, rounds: int) -> None:
    clock = FakeClock(start_s, settle_s=0)
    database = Database(database_url, clock=clock)
    await database.start()
    names = QueueNames()
    engine = QueueEngine(SqliteQueueBackend(folder / "queue.db", clock=clock), clock=clock, names=names)
    await engine.start()
    await engine.declare([QueueSettings(name=names.stored("default"))])
    store = ScheduleStore(database, clock)
    relay = OutboxRelay(database, engine, clock=clock)
    print("ready", flush=True)
    for _ in range(rounds):
        clock.jump(1)
        await asyncio.gather(store.fire_due(), relay.run_once())
    clock.jump(60)
    await relay.run_once()
    await engine.stop()
    await database.stop()


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
