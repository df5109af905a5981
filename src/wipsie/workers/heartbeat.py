"""Workers show that they are alive: a row each, written every few seconds; and the directory that reads them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import BigInteger, Column, Integer, Table, Text, delete, select, text

import wipsie
from wipsie.database import Database
from wipsie.database.metadata import metadata
from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import WorkerId
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics

ALIVE_S = 20.0
"""A worker silent for longer is taken for dead."""
_FORGET_S = 3_600.0

_log = get_logger(__name__)

workers_table = Table(
    "workers",
    metadata,
    Column("worker_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", Text, nullable=False),
    Column("started_at_ms", BigInteger, nullable=False),
    Column("heartbeat_at_ms", BigInteger, nullable=False),
    Column("busy", Integer, nullable=False),
    Column("version", Text, nullable=False),
)
_BEAT = text(
    """INSERT INTO workers (worker_id, host, pid, queues, started_at_ms, heartbeat_at_ms, busy, version)
       VALUES (:worker_id, :host, :pid, :queues, :started_at_ms, :heartbeat_at_ms, :busy, :version)
       ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at_ms = excluded.heartbeat_at_ms, busy = excluded.busy"""
)


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as the directory shows it."""

    worker_id: str
    host: str
    pid: int
    queues: list[str]
    """Short names."""
    started_at_ms: int
    heartbeat_at_ms: int
    busy: int
    """Handlers it ran at its last heartbeat."""
    version: str


class Heartbeat:
    """Writes the row of one worker."""

    def __init__(
        self,
        database: Database,
        *,
        worker_id: WorkerId,
        queues: Sequence[str],
        busy: Callable[[], int],
        clock: Clock,
        metrics: Metrics,
        interval_s: float = 5.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._interval_s = interval_s
        self._busy = busy
        self._gauge = metrics.worker_heartbeat_timestamp_seconds.labels(worker_id)
        self._row = {
            "worker_id": worker_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": json.encode_text(list(queues)),
            "started_at_ms": clock.now_ms(),
            "version": wipsie.__version__,
        }

    async def run_forever(self) -> None:
        """Beat, again and again. A database that does not answer is no reason to stop working."""
        while True:
            try:
                await self.beat()
            except Exception as error:
                _log.warning("heartbeat_not_written", error=str(error))
            await self._clock.sleep(self._interval_s)

    async def beat(self) -> None:
        """Write one heartbeat. StorageUnavailable."""
        now_ms = self._clock.now_ms()
        self._gauge.set(now_ms / 1000)
        async with self._database.begin() as connection:
            await connection.execute(_BEAT, {**self._row, "heartbeat_at_ms": now_ms, "busy": self._busy()})
            # Whoever beats clears away the dead, so that the table does not grow by every crash.
            await connection.execute(
                delete(workers_table).where(workers_table.c.heartbeat_at_ms < now_ms - int(_FORGET_S * 1000))
            )

    async def remove(self) -> None:
        """This worker has stopped in good order. StorageUnavailable."""
        async with self._database.begin() as connection:
            await connection.execute(delete(workers_table).where(workers_table.c.worker_id == self._row["worker_id"]))


class WorkerDirectory:
    """Which workers are alive, whatever process they run in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def live(self) -> list[WorkerInfo]:
        """Workers that showed themselves in the last `ALIVE_S` seconds, by id. StorageUnavailable."""
        since_ms = self._clock.now_ms() - int(ALIVE_S * 1000)
        wanted = (
            select(workers_table).where(workers_table.c.heartbeat_at_ms > since_ms).order_by(workers_table.c.worker_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        return [WorkerInfo(**{**row, "queues": json.decode(row["queues"])}) for row in rows]
