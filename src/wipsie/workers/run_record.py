"""The record of tries that did not succeed, whoever made them: a worker, or a person by hand."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.queue.contract import AttemptRecord, Delivery
from wipsie.workers.run_log import TaskRun, storable

_ATTEMPTS_KEPT = 20


def unsuccessful_run(
    delivery: Delivery,
    *,
    queue: str,
    task_type: str,
    attempt: int,
    status: str,
    worker: str,
    started_at_ms: int,
    finished_at_ms: int,
    error: str,
    traceback: str | None,
    correlation_id: str | None,
) -> TaskRun:
    """`queue`: short name. The texts may be anybody's; without a correlation id the message is its own."""
    finished_at_ms = max(started_at_ms, finished_at_ms)
    return TaskRun(
        message_id=delivery.message_id,
        queue=queue,
        task_type=storable(task_type),
        attempt=attempt,
        status=status,
        worker=worker,
        wait_ms=max(0, started_at_ms - delivery.waiting_since_ms),
        started_at_ms=started_at_ms,
        finished_at_ms=finished_at_ms,
        run_ms=float(finished_at_ms - started_at_ms),
        error=storable(error),
        traceback=traceback,
        correlation_id=storable(correlation_id) if correlation_id is not None else delivery.message_id,
    )


def attempts_of(runs: Sequence[TaskRun]) -> tuple[AttemptRecord, ...]:
    """What a dead letter tells of the tries before it: the last ones, oldest first."""
    return tuple(
        AttemptRecord(one.attempt, one.started_at_ms, one.finished_at_ms, one.worker, one.error or one.status)
        for one in runs[-_ATTEMPTS_KEPT:]
    )
