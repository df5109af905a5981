"""The scheduler: sleeps until the next schedule is due, fires it, sleeps again. Any number may run."""

from __future__ import annotations

import asyncio
from typing import Any

from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.outage import Outage
from wipsie.workers.schedules import ScheduleStore
from wipsie.workers.wake import Wake

SLEEP_S_MAX = 30.0
"""How late a schedule that another process made or changed may be noticed."""
_BACKOFF_S_MIN = 1.0
_BACKOFF_S_MAX = 30.0

_log = get_logger("wipsie.scheduler")


class Scheduler:
    """One loop over a `ScheduleStore`. Several, in any number of processes, fire each time once between them."""

    def __init__(self, store: ScheduleStore, *, clock: Clock, metrics: Metrics | None = None) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._wake = Wake(clock)
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._end_hook: Any = None
        self._fires = 0
        self._last_round_at_ms: int | None = None
        self._database_away = Outage(_log, "scheduler_waits_for_database", clock)

    async def start(self) -> None:
        """Begin to fire, first what was missed while no scheduler ran."""
        self._stopping = False
        self._end_hook = self._store.on_change(self._wake.ring)
        self._task = asyncio.create_task(self._run(), name="scheduler")

    async def stop(self) -> None:
        """Finish the transaction at hand and end. May be called twice."""
        if self._task is None:
            return
        self._stopping = True
        self._end_hook()
        self._wake.ring()
        await asyncio.wait((self._task,))
        self._task = None

    def status(self) -> dict[str, Any]:
        """Facts for health checks: whether it runs, how many fires, when it last looked, its last error if that stands."""
        return {
            "running": self._task is not None and not self._task.done(),
            "fires": self._fires,
            "last_round_at_ms": self._last_round_at_ms,
            "error": self._database_away.reason,
        }

    async def _run(self) -> None:
        backoff = Backoff(_BACKOFF_S_MIN, _BACKOFF_S_MAX)
        while not self._stopping:
            try:
                sleep_s = await self._round()
                backoff.reset()
                self._database_away.over()
            except Exception as error:
                # The loop must outlive what it did not foresee as well; the log has its traceback.
                self._database_away.failed(error)
                sleep_s = backoff.next_s()
            await self._wake.wait(sleep_s)

    async def _round(self) -> float:
        """Fire what is due; seconds until something may be due again."""
        for fired in await self._store.fire_due():
            self._fires += 1
            if self._metrics is not None:
                self._metrics.schedule_fires_total.labels(fired.schedule).inc()
            _log.info(
                "schedule_fired", schedule=fired.schedule, message_id=fired.message_id, fire_at_ms=fired.fire_at_ms
            )
        self._last_round_at_ms = now_ms = self._clock.now_ms()
        next_ms = await self._store.next_fire_at_ms()
        if next_ms is None:
            return SLEEP_S_MAX
        return min(max(0.0, (next_ms - now_ms) / 1000), SLEEP_S_MAX)
