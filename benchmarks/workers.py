"""What the worker scenarios share: one worker with run log and database, as `wipsie worker` composes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from benchmarks.queues import QUEUE, open_engine
from benchmarks.stores import Place
from wipsie.database import Database
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import StandardMessage
from wipsie.telemetry.logging import configure_logging
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, HandlerSpec
from wipsie.workers.run_log import RunLog, task_runs_table
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

Handler = Callable[[StandardMessage[Any], Any], Awaitable[Any]]
DRAIN_S = 20.0
_LOOK_S = 0.02


@dataclass(frozen=True)
class WorkerBench:
    """An engine, a database and a worker that was not started yet."""

    engine: QueueEngine
    database: Database
    worker: Worker

    async def wait_until_empty(self, time_limit_s: float, *, after: Callable[[], bool]) -> None:
        """Return when every message was acknowledged and deleted. The store is asked only once `after` holds, so that
        looking takes nothing from what is measured. TimeoutError."""
        queue = self.engine.resolve(QUEUE)
        deadline = time.perf_counter() + time_limit_s
        while not after() or (await self.engine.counts(queue)).total:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"The queue was not empty after {time_limit_s:.0f} s.")
            await asyncio.sleep(_LOOK_S)

    async def recorded(self, status: str = "succeeded") -> int:
        """How many runs the run log holds."""
        wanted = select(func.count()).select_from(task_runs_table).where(task_runs_table.c.status == status)
        async with self.database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()


@asynccontextmanager
async def open_worker(
    place: Place, handler: Handler, *, settings: WorkerSettings | None = None
) -> AsyncGenerator[WorkerBench]:
    """A worker with default settings for the task type ``benchmark``; drained at the end if it was started."""
    configure_logging("WARNING", "json", None)
    await migrate(place.database_url)
    clock = SystemClock()
    metrics = Metrics()
    database = Database(place.database_url, clock=clock)
    await database.start()
    cpu_pool = CpuPool(clock=clock)
    registry = HandlerRegistry()
    registry.add(HandlerSpec(task_type="benchmark", queue=QUEUE, function=handler))
    try:
        async with open_engine(place, metrics=metrics) as engine:
            worker = Worker(
                engine,
                registry,
                run_log=RunLog(database),
                database=database,
                metrics=metrics,
                clock=clock,
                settings=settings or WorkerSettings(),
                cpu_pool=cpu_pool,
            )
            try:
                yield WorkerBench(engine, database, worker)
            finally:
                await worker.drain(DRAIN_S)
    finally:
        await cpu_pool.stop()
        await database.stop()
