"""What `/health/ready` looks at: queue, database, workers and disk."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from wipsie.api.health import HealthCheck, HealthResult
from wipsie.database import Database
from wipsie.database.migrator import missing_on
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.limits import MIB
from wipsie.queue.engine import QueueEngine
from wipsie.workers.heartbeat import WorkerDirectory
from wipsie.workers.worker import Worker

FREE_BYTES_MIN = 100 * MIB


def _nothing(_store: str) -> None:
    return None


def readiness_checks(
    *,
    engine: QueueEngine,
    database: Database,
    worker: Worker | None,
    data_dir: Path,
    clock: Clock,
    shared: SharedStore | None = None,
    sees_workers: bool = True,
    waits_for: Callable[[str], str | None] = _nothing,
) -> list[HealthCheck]:
    """The checks of a process; `worker` is its own, None when workers run elsewhere. `shared` is what processes share, when
    it is not in the database. `sees_workers`: those that run elsewhere sign in where this process looks. `waits_for` says why a store was not opened so far."""

    async def queue() -> HealthResult:
        if reason := waits_for("queue"):
            return HealthResult(ok=False, detail=reason)
        counts = await engine.all_counts()
        data = {engine.names.short(one.queue): one.total for one in counts}
        return HealthResult(ok=True, detail=f"{len(counts)} queues, {sum(data.values())} messages", data=data)

    async def reach_database() -> HealthResult:
        if reason := waits_for("database"):
            return HealthResult(ok=False, detail=reason)
        async with database.read() as connection:
            missing = await missing_on(connection)
        if missing:
            # Somebody took it down while this process ran.
            return HealthResult(ok=False, detail=f"it lacks the migrations {', '.join(missing)}; run: wipsie migrate")
        return HealthResult(ok=True, detail=f"{database.dialect} answers")

    async def reach_shared(store: SharedStore) -> HealthResult:
        if reason := waits_for("shared"):
            return HealthResult(ok=False, detail=reason)
        await store.get("ready")
        return HealthResult(ok=True, detail="redis answers")

    async def workers() -> HealthResult:
        if worker is not None and worker.state == "new":
            return HealthResult(ok=False, detail="its worker starts when queue and database are there")
        if worker is not None:
            status = worker.status()
            detail = "running" if status["healthy"] else f"{status['state']}: {status['trouble'] or 'a part restarts'}"
            return HealthResult(ok=bool(status["healthy"]), detail=detail, data={"worker_id": worker.worker_id})
        if waits_for("database"):
            return HealthResult(ok=False, detail="unknown without the database")
        live = await WorkerDirectory(database, clock).live()
        detail = f"{len(live)} alive" if live else "no worker is alive; start one with: wipsie worker"
        return HealthResult(ok=bool(live), detail=detail, data={"workers": [one.worker_id for one in live]})

    async def disk() -> HealthResult:
        return await asyncio.to_thread(check_disk, data_dir)

    return [
        HealthCheck("queue", queue),
        HealthCheck("database", reach_database),
        *([] if shared is None else [HealthCheck("shared", lambda: reach_shared(shared))]),
        *([HealthCheck("workers", workers)] if worker is not None or sees_workers else []),
        HealthCheck("disk", disk),
    ]


def check_disk(folder: Path) -> HealthResult:
    """Whether the folder can be written and has room. A real file is written: rights do not tell of a read-only mount."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        free_bytes = shutil.disk_usage(folder).free
        probe.write_bytes(b"wipsie")
        probe.unlink()
    except OSError as error:
        return HealthResult(ok=False, detail=f"{folder} cannot be written: {error.strerror or error}")
    data = {"free_bytes": free_bytes}
    if free_bytes < FREE_BYTES_MIN:
        return HealthResult(ok=False, detail=f"only {free_bytes // MIB} MiB free in {folder}; make room", data=data)
    return HealthResult(ok=True, detail=f"{free_bytes // MIB} MiB free", data=data)
