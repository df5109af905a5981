"""A worker: consumers for its queues and the parts they share, started together and drained together."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

from wipsie.database import Database
from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import WorkerId
from wipsie.queue.engine import QueueEngine
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.consumer import Consumer
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, TaskServices
from wipsie.workers.heartbeat import Activity, Heartbeat
from wipsie.workers.lease_keeper import LeaseKeeper
from wipsie.workers.run_log import RunLog
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.settle import Settler
from wipsie.workers.supervisor import Supervisor
from wipsie.workers.task_decoder import TaskDecoder
from wipsie.workers.task_metrics import TaskMetrics
from wipsie.workers.watchdog import Watchdog

_CANCEL_S_MAX = 2.0
_SETTLE_S_MAX = 10.0

_log = get_logger(__name__)


class Worker:
    """Runs the handlers of a registry::

    new ── start ──► running ── drain ──► draining ──► stopped
    """

    def __init__(
        self,
        engine: QueueEngine,
        registry: HandlerRegistry,
        *,
        run_log: RunLog,
        database: Database,
        metrics: Metrics,
        clock: Clock,
        settings: WorkerSettings,
        cpu_pool: CpuPool,
        shared: SharedStore | None = None,
    ) -> None:
        """Engine and database are started and stopped by the caller, the process pool and the shared store too. With a
        `shared` store the rate limits of handlers hold over all processes, else in this one. Starts nothing yet."""
        self.worker_id = WorkerId(f"{settings.name or socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}")
        self.state = "new"
        self.supervisor = Supervisor(clock)
        """Runs the worker's parts; others may run theirs beside them."""
        self._engine = engine
        self._registry = registry
        self._shared = shared
        self._clock = clock
        self._settings = settings
        self._run_log = run_log
        self._task_metrics = TaskMetrics(metrics)
        self._keeper = LeaseKeeper(engine, clock)
        self._settler = Settler(engine, run_log, self._keeper, clock, self._task_metrics, self.worker_id)
        self._services = TaskServices(run_cpu=cpu_pool.run, unit_of_work=database.unit_of_work)
        self._queues = settings.queues if settings.queues is not None else registry.queues
        self._heartbeat = Heartbeat(
            database,
            worker_id=self.worker_id,
            queues=self._queues,
            slots=sum(settings.concurrency_of(queue) for queue in self._queues),
            activity=self._activity,
            clock=clock,
            metrics=metrics,
            interval_s=settings.heartbeat_s,
        )
        self._consumers: dict[str, Consumer] = {}
        self._draining: asyncio.Task[None] | None = None
        self._hasten = asyncio.Event()

    async def start(self) -> None:
        """Begin to work. QueueNotFound when a queue is missing."""
        stored = {queue: self._engine.resolve(queue) for queue in self._queues}
        for queue, name in stored.items():
            self._consumers[queue] = Consumer(
                queue=queue,
                stored=name,
                engine=self._engine,
                decoder=TaskDecoder(queue, self._registry, self._settings.retry_of(queue)),
                settler=self._settler,
                keeper=self._keeper,
                run_log=self._run_log,
                services=self._services,
                clock=self._clock,
                settings=self._settings,
                worker_id=self.worker_id,
                shared=self._shared,
            )
        consumers = list(self._consumers.values())
        self.supervisor.start("leases", self._keeper.run_forever)
        self.supervisor.start("record", self._settler.run_recording)
        self.supervisor.start("settle", self._settler.run_acting)
        self.supervisor.start("watchdog", Watchdog(consumers, self._clock, self._task_metrics).run_forever)
        self.supervisor.start("heartbeat", self._heartbeat.run_forever)
        for consumer in consumers:
            consumer.start()
            self.supervisor.start(_fetch_part(consumer.queue), consumer.fetch_forever)
        self.state = "running"
        _log.info("worker_started", worker=self.worker_id, queues=list(self._queues))

    async def drain(self, deadline_s: float | None = None) -> None:
        """Stop in good order: fetch nothing more, return at once and uncounted what has not started, let running handlers
        go on for `deadline_s` (None: as set), then cancel and return them, settle everything. A second call ends the
        wait at once. Returns when the worker has stopped."""
        if self._draining is None:
            deadline_s = self._settings.drain_deadline_s if deadline_s is None else deadline_s
            self._draining = asyncio.create_task(self._drain(deadline_s), name="drain")
        else:
            self._hasten.set()
        await asyncio.shield(self._draining)

    def pause(self, queue: str) -> None:
        """Fetch nothing more of a queue (short name) in this worker. KeyError for a queue it does not serve."""
        self._consumers[queue].pause()

    def resume(self, queue: str) -> None:
        """Fetch again. KeyError for a queue it does not serve."""
        self._consumers[queue].resume()

    def status(self) -> dict[str, Any]:
        """Facts for health checks: whether it is `healthy`, and why not."""
        troubles = (self._settler.trouble, *(consumer.trouble for consumer in self._consumers.values()))
        trouble = next((one for one in troubles if one is not None), None)
        return {
            "worker_id": self.worker_id,
            "state": self.state,
            "healthy": self.state == "running" and self.supervisor.is_healthy and trouble is None,
            "trouble": trouble,
            "held": len(self._keeper),
            "unsettled": self._settler.outstanding,
            "queues": {queue: consumer.status() for queue, consumer in self._consumers.items()},
            "parts": self.supervisor.status(),
        }

    def _activity(self) -> Activity:
        busy = sum(consumer.running for consumer in self._consumers.values())
        return Activity(busy, self._task_metrics.processed, self._task_metrics.failed)

    async def _drain(self, deadline_s: float) -> None:
        if self.state == "new":
            self.state = "stopped"
            return
        self.state = "draining"
        consumers = list(self._consumers.values())
        await self.supervisor.stop(*(_fetch_part(consumer.queue) for consumer in consumers))
        returned = sum(consumer.give_back_unstarted() for consumer in consumers)
        _log.info("worker_draining", worker=self.worker_id, returned=returned, deadline_s=deadline_s)
        if not await self._ended(consumers, deadline_s, can_hasten=True):
            for consumer in consumers:
                consumer.cancel_running()
            if not await self._ended(consumers, _CANCEL_S_MAX, can_hasten=False):
                for consumer in consumers:
                    consumer.abandon_running()
        settled = asyncio.ensure_future(self._settler.wait_until_empty())
        if not await self._clock.wait(settled, _SETTLE_S_MAX):
            settled.cancel()
            # Their leases end by themselves; what the run log has is not run again.
            _log.error("worker_stops_unsettled", worker=self.worker_id, unsettled=self._settler.outstanding)
        for consumer in consumers:
            await consumer.stop()
        await self.supervisor.stop()
        try:
            await self._heartbeat.sign_off()
        except Exception as error:
            # Its row turns late and is forgotten in time.
            _log.warning("worker_not_signed_off", error=str(error))
        self.state = "stopped"
        _log.info("worker_stopped", worker=self.worker_id)

    async def _ended(self, consumers: list[Consumer], within_s: float, *, can_hasten: bool) -> bool:
        """Wait until no handler runs, up to `within_s` or until hastened; True when none runs."""
        waits: list[asyncio.Task[Any]] = [asyncio.ensure_future(_all_idle(consumers))]
        if can_hasten:
            waits.append(asyncio.ensure_future(self._hasten.wait()))
        first = asyncio.ensure_future(asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED))
        try:
            await self._clock.wait(first, within_s)
        finally:
            for wait in (first, *waits):
                wait.cancel()
        return all(not consumer.running for consumer in consumers)


async def _all_idle(consumers: list[Consumer]) -> None:
    for consumer in consumers:
        await consumer.wait_until_idle()


def _fetch_part(queue: str) -> str:
    return f"fetch:{queue}"
