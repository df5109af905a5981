"""No-op tasks and tasks with a stored result, taken from a backlog by one worker process, durable, with run log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.derived import PROCESSED
from benchmarks.loops import run
from benchmarks.queues import QUEUE, fill
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.workers import Handler, open_worker
from wipsie.queue.message import StandardMessage

BAR = 25_000
_TIME_LIMIT_S = 100.0


async def no_op(message: StandardMessage[Any], context: Any) -> None:
    """Do nothing: what remains is the cost of the queue and the worker."""


async def with_result(message: StandardMessage[Any], context: Any) -> dict[str, Any]:
    """Return a small result, which the run log stores."""
    return {"number": message.data["number"], "status": "done", "rows": 10, "columns": ["a", "b", "c"]}


async def _process(directory: Path, handler: Handler, tasks: int) -> float:
    """Tasks per second, from the worker's start to the last acknowledgement on the disk."""
    directory.mkdir()
    async with open_worker(directory, handler) as bench:
        await fill(bench.engine, bench.engine.resolve(QUEUE), tasks)
        started = time.perf_counter()
        await bench.worker.start()
        await bench.wait_until_empty(_TIME_LIMIT_S)
        seconds = time.perf_counter() - started
        recorded = await bench.recorded()
        if recorded < tasks:
            raise AssertionError(f"{tasks} tasks were acknowledged, but the run log holds {recorded}.")
    return tasks / seconds


def measure(size: Size, directory: Path) -> Outcome:
    """Each kind of task over a backlog of its own."""
    tasks = size.pick(full=200_000, quick=50_000, smoke=500)
    plain = run(_process(directory / "plain", no_op, tasks))
    stored = run(_process(directory / "stored", with_result, tasks))
    return Outcome(
        measurements=[
            Measurement(name=PROCESSED, value=plain, unit="tasks/s", bar=BAR),
            Measurement(name="tasks with a stored result", value=stored, unit="tasks/s"),
        ],
        settings={"tasks": tasks, "processes": 1, "synchronous": "FULL", "run_log": "on", "worker_settings": "default"},
    )


SCENARIO = Scenario(
    name="tasks_processed", title="Tasks processed by one worker process, SQLite", run=measure, time_limit_s=240
)
