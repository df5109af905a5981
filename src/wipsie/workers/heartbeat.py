"""The registry of workers: a row each, written every few seconds by its worker, and the directory that reads them.

(start) ──► alive ── drained ──► stopped ──► forgotten
              │ ▲                              ▲
 killed, or   ▼ │ beats again                  │ after `FORGET_S`
 hangs       late ─────────────────────────────┘
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Column, Delete, Integer, Table, Text, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

import wipsie
from wipsie.database import Database
from wipsie.database.metadata import metadata
from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import WorkerId
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.outage import Outage

ALIVE_S = 20.0
"""A worker silent for longer is late: killed, cut off from the database, or with a blocked event loop."""
FORGET_S = 3_600.0
"""A worker that is late or stopped for this long is no longer shown."""

WorkerState = Literal["alive", "late", "stopped"]

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
    Column("slots", Integer, nullable=False, server_default="0"),
    Column("processed", BigInteger, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    Column("stopped_at_ms", BigInteger),
)
_BEAT = text(
    """INSERT INTO workers
           (worker_id, host, pid, queues, started_at_ms, heartbeat_at_ms, busy, version, slots, processed, failed)
       VALUES
           (:worker_id, :host, :pid, :queues, :started_at_ms, :heartbeat_at_ms, :busy, :version, :slots, :processed,
            :failed)
       ON CONFLICT (worker_id) DO UPDATE SET
           heartbeat_at_ms = excluded.heartbeat_at_ms, busy = excluded.busy, processed = excluded.processed,
           failed = excluded.failed"""
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
    slots: int
    """Handlers it can run at the same time, over all its queues."""
    processed: int
    """Tries that succeeded since it started."""
    failed: int
    """Tries that did not."""
    version: str
    state: WorkerState


class Activity(msgspec.Struct, frozen=True):
    """What a worker tells of itself with each heartbeat."""

    busy: int
    processed: int
    failed: int


class Heartbeat:
    """Writes the row of one worker."""

    def __init__(
        self,
        database: Database,
        *,
        worker_id: WorkerId,
        queues: Sequence[str],
        slots: int,
        activity: Callable[[], Activity],
        clock: Clock,
        metrics: Metrics,
        interval_s: float = 5.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._interval_s = interval_s
        self._activity = activity
        self._trouble = Outage(_log, "heartbeat_not_written", clock)
        self._gauge = metrics.worker_heartbeat_timestamp_seconds.labels(worker_id)
        self._row = {
            "worker_id": worker_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": json.encode_text(list(queues)),
            "slots": slots,
            "started_at_ms": clock.now_ms(),
            "version": wipsie.__version__,
        }

    async def run_forever(self) -> None:
        """Beat, again and again. A database that does not answer is no reason to stop working."""
        while True:
            try:
                await self.beat()
                self._trouble.over()
            except Exception as error:
                self._trouble.failed(error)
            await self._clock.sleep(self._interval_s)

    async def beat(self) -> None:
        """Write one heartbeat. StorageUnavailable."""
        async with self._database.begin() as connection:
            now_ms = await self._write(connection)
            # Whoever beats clears away the dead, so that the table does not grow by every crash.
            await connection.execute(_forgotten(now_ms))
        self._gauge.set(now_ms / 1000)

    async def sign_off(self) -> None:
        """This worker has stopped in good order. StorageUnavailable."""
        async with self._database.begin() as connection:
            now_ms = await self._write(connection)
            await connection.execute(
                update(workers_table)
                .where(workers_table.c.worker_id == self._row["worker_id"])
                .values(stopped_at_ms=now_ms)
            )

    async def _write(self, connection: AsyncConnection) -> int:
        now_ms = self._clock.now_ms()
        await connection.execute(
            _BEAT, {**self._row, "heartbeat_at_ms": now_ms, **msgspec.structs.asdict(self._activity())}
        )
        return now_ms


class WorkerDirectory:
    """Which workers there are, whatever process they run in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self) -> list[WorkerInfo]:
        """All workers that are alive, late, or stopped lately, by id. StorageUnavailable."""
        now_ms = self._clock.now_ms()
        wanted = (
            select(workers_table)
            .where(workers_table.c.heartbeat_at_ms >= now_ms - int(FORGET_S * 1000))
            .order_by(workers_table.c.worker_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        return [_info(dict(row), now_ms) for row in rows]

    async def live(self) -> list[WorkerInfo]:
        """Workers that showed themselves in the last `ALIVE_S` seconds, by id. StorageUnavailable."""
        return [one for one in await self.list() if one.state == "alive"]

    async def prune(self) -> int:
        """Forget workers that are late or stopped for long; how many. Workers do so too: this is for a time when none
        runs. StorageUnavailable."""
        async with self._database.begin() as connection:
            return (await connection.execute(_forgotten(self._clock.now_ms()))).rowcount


def _forgotten(now_ms: int) -> Delete:
    return delete(workers_table).where(workers_table.c.heartbeat_at_ms < now_ms - int(FORGET_S * 1000))


def _info(row: dict[str, Any], now_ms: int) -> WorkerInfo:
    stopped_at_ms = row.pop("stopped_at_ms")
    state: WorkerState = "alive"
    if stopped_at_ms is not None:
        state = "stopped"
    elif row["heartbeat_at_ms"] <= now_ms - int(ALIVE_S * 1000):
        state = "late"
    return WorkerInfo(**{**row, "queues": json.decode(row["queues"])}, state=state)
