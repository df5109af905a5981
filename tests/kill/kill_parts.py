"""What sender, worker and judge of the kill tests share: one folder, one queue with short leases, one database."""

from __future__ import annotations

from pathlib import Path

from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames

QUEUE = "default"


def database_url(folder: Path) -> str:
    return f"sqlite:///{folder}/wipsie.db"


def open_database(folder: Path, clock: Clock) -> Database:
    return Database(database_url(folder), clock=clock)


async def open_engine(folder: Path, clock: Clock) -> QueueEngine:
    names = QueueNames()
    engine = QueueEngine(SqliteQueueBackend(folder / "queue.db", clock=clock), clock=clock, names=names)
    await engine.start()
    # Leases of one second come back soon after a kill; the receive limit must not end a message that was only unlucky.
    await engine.declare([QueueSettings(name=names.stored(QUEUE), visibility_timeout_s=1.0, max_receive_count=1000)])
    return engine
