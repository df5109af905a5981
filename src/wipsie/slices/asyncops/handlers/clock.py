"""What has to happen by itself as time goes on: a message on a schedule wakes jobs that look for what is due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from wipsie.database import UnitOfWork
from wipsie.kernel.errors import WipsieError
from wipsie.queue.message import StandardMessage
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.telemetry.logging import get_logger
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext
from wipsie.workers.schedules import ScheduleSpec

TASK_TYPE = "asyncops_clock"
EVERY_S = 300.0

ClockJob = Callable[[UnitOfWork], Awaitable[int]]
"""Does what is due now, in one commit; how much that was. It finds out by itself what is due, marks what it did in the same
commit, and does nothing a second time: it may run at any time, late, and again after a crash."""

_log = get_logger(__name__)


class ClockData(msgspec.Struct, frozen=True):
    """The message says nothing but "look"."""


class ClockHandler:
    """Runs the jobs of the slice."""

    def __init__(self, jobs: Mapping[str, ClockJob]) -> None:
        """`jobs` by name."""
        self._jobs = dict(jobs)

    async def run_clock_jobs(self, message: StandardMessage[ClockData], context: TaskContext) -> dict[str, Any]:
        """Every job in a commit of its own: one that fails leaves the others alone, and the message is tried again."""
        del message
        done: dict[str, int] = {}
        failed: list[str] = []
        for name, job in self._jobs.items():
            try:
                async with context.unit_of_work() as unit:
                    done[name] = await job(unit)
            except WipsieError as error:
                _log.warning("clock_job_failed", job=name, code=error.code, reason=error.message)
                failed.append(name)
        if failed:
            raise Retry(f"These jobs failed and are tried again: {', '.join(failed)}.")
        return {"done": done}


def clock_handler(jobs: Mapping[str, ClockJob]) -> HandlerSpec:
    """The handler of the message."""
    return HandlerSpec(
        task_type=TASK_TYPE,
        queue=OPERATIONS_QUEUE,
        function=ClockHandler(jobs).run_clock_jobs,
        data_type=ClockData,
        timeout_s=120.0,
    )


CLOCK_SCHEDULE = ScheduleSpec(
    name="asyncops-clock",
    queue=OPERATIONS_QUEUE,
    message={"task_type": TASK_TYPE, "message": "Look what is due.", "data": {}},
    every_s=EVERY_S,
)
