"""Looks after running handlers: time-outs by a scan a few times a second instead of a timer per message."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel.clock import Clock
from wipsie.telemetry.logging import get_logger
from wipsie.workers.consumer import Consumer
from wipsie.workers.task_metrics import TaskMetrics

_TICK_S = 0.25
_BLOCKED_S = 1.0

_log = get_logger(__name__)


class Watchdog:
    """One per worker."""

    def __init__(self, consumers: Sequence[Consumer], clock: Clock, metrics: TaskMetrics) -> None:
        self._consumers = consumers
        self._clock = clock
        self._metrics = metrics

    async def run_forever(self) -> None:
        """Scan, again and again."""
        while True:
            slept_at = self._clock.monotonic()
            await self._clock.sleep(_TICK_S)
            now = self._clock.monotonic()
            blocked_s = now - slept_at - _TICK_S
            if blocked_s > _BLOCKED_S:
                # A handler that blocks the loop also stops the lease keeper: somebody should know before leases are lost.
                _log.warning("event_loop_blocked", seconds=round(blocked_s, 2), advice="run it with context.run_cpu")
            for consumer in self._consumers:
                consumer.check_slots(now)
                self._metrics.busy(consumer.queue, consumer.running)
