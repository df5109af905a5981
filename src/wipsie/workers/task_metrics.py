"""Metrics of tasks, counted per batch: at tens of thousands of tasks a second each single update would be felt."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from wipsie.telemetry.metrics import Metrics
from wipsie.workers.run_log import SUCCEEDED
from wipsie.workers.settlement import Settlement


class TaskMetrics:
    """Keeps the series it updates, since looking one up costs more than the update."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._attempts: dict[tuple[str, str, str], Counter] = {}
        self.processed = 0
        """Tries that succeeded."""
        self.failed = 0
        """Tries that did not."""

    def observe(self, batch: Sequence[Settlement]) -> None:
        """Count the recorded runs of a batch."""
        by_task: dict[tuple[str, str], list[float]] = {}
        by_queue: dict[str, list[float]] = {}
        by_outcome: dict[tuple[str, str, str], int] = {}
        for _, run, _, label in batch:
            if run is None:
                continue
            queue = run.queue
            task = (queue, label)
            durations = by_task.get(task)
            if durations is None:
                durations = by_task[task] = []
                by_queue.setdefault(queue, [])
            durations.append(run.run_ms / 1000)
            by_queue[queue].append(run.wait_ms / 1000)
            outcome = (queue, label, run.status)
            by_outcome[outcome] = by_outcome.get(outcome, 0) + 1
        for task, values in by_task.items():
            self._metrics.task_processing_duration_seconds.labels(*task).observe_many(values)
        for queue, values in by_queue.items():
            self._metrics.task_wait_seconds.labels(queue).observe_many(values)
        for outcome, count in by_outcome.items():
            counter = self._attempts.get(outcome)
            if counter is None:
                counter = self._attempts[outcome] = self._metrics.task_attempts_total.labels(*outcome)
            counter.inc(count)
            if outcome[2] == SUCCEEDED:
                self.processed += count
            else:
                self.failed += count

    def dead_lettered(self, queue: str, code: str) -> None:
        """Count one dead letter."""
        self._metrics.tasks_dead_lettered_total.labels(queue, code).inc()

    def busy(self, queue: str, slots: int) -> None:
        """Show how many handlers of a queue run now."""
        self._metrics.worker_busy_slots.labels(queue).set(slots)
