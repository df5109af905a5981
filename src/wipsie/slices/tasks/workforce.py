"""The workers of all processes and machines on one database, as the API and the command line show them."""

from __future__ import annotations

from wipsie.database import Database
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.slices.tasks.schemas.requests import WorkersResponse, WorkerView
from wipsie.workers.heartbeat import WorkerDirectory, WorkerInfo


class Workforce:
    """Reads the registry of workers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._directory = WorkerDirectory(database, clock)
        self._clock = clock

    async def list(self) -> WorkersResponse:
        """Workers that are alive, late, or stopped lately, by id. StorageUnavailable."""
        found = [_view(worker) for worker in await self._directory.list()]
        alive = sum(worker.state == "alive" for worker in found)
        return WorkersResponse(workers=found, alive=alive, timestamp=iso_utc_ms(self._clock.now_ms()))


def _view(worker: WorkerInfo) -> WorkerView:
    return WorkerView(
        id=worker.worker_id,
        host=worker.host,
        pid=worker.pid,
        state=worker.state,
        queues=worker.queues,
        started_at=iso_utc_ms(worker.started_at_ms),
        last_heartbeat_at=iso_utc_ms(worker.heartbeat_at_ms),
        busy=worker.busy,
        slots=worker.slots,
        processed=worker.processed,
        failed=worker.failed,
        version=worker.version,
    )
