"""No-op tasks and tasks with a stored result, taken from a backlog by one worker process, durable, with run log."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.derived import PROCESSED
from benchmarks.loops import run
from benchmarks.queues import QUEUE, fill
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES, Place, open_store
from benchmarks.workers import Handler, open_worker
from wipsie.queue.message import StandardMessage

BARS = {"sqlite": 25_000}
WITH_RESULT = "tasks with a stored result"
_TIME_LIMIT_S = 100.0


class NoOp:
    """A handler that does nothing: what remains is the cost of the queue and the worker."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, message: StandardMessage[Any], context: Any) -> None:
        self.calls += 1


class WithResult(NoOp):
    """A handler that returns a small result, which the run log stores."""

    async def __call__(self, message: StandardMessage[Any], context: Any) -> Any:
        self.calls += 1
        return {"number": message.data["number"], "status": "done", "rows": 10, "columns": ["a", "b", "c"]}


async def _process(place: Place, counter: NoOp, tasks: int) -> float:
    """Tasks per second, from the worker's start to the last acknowledgement in the store."""
    handler: Handler = counter.__call__
    async with open_worker(place, handler) as bench:
        await fill(bench.engine, bench.engine.resolve(QUEUE), tasks)
        started = time.perf_counter()
        await bench.worker.start()
        await bench.wait_until_empty(_TIME_LIMIT_S, after=lambda: counter.calls >= tasks)
        seconds = time.perf_counter() - started
        recorded = await bench.recorded()
        if recorded < tasks:
            raise AssertionError(f"{tasks} tasks were acknowledged, but the run log holds {recorded}.")
    return tasks / seconds


def tasks_for(store: str, size: Size) -> int:
    """Tasks that take a few seconds; moto is a hundred times slower than the others, the more so the more it holds."""
    if store == "sqs":
        return size.pick(full=200, quick=100, smoke=20)
    return size.pick(full=100_000, quick=30_000, smoke=500)


def measure(store_name: str, size: Size, directory: Path) -> Outcome:
    """Each kind of task over a backlog of its own."""
    tasks = tasks_for(store_name, size)
    with open_store(store_name, directory) as store:
        plain = run(_process(store.new_place("plain"), NoOp(), tasks))
        stored = run(_process(store.new_place("stored"), WithResult(), tasks))
        settings = store.settings
    return Outcome(
        measurements=[
            Measurement(name=PROCESSED, value=plain, unit="tasks/s", bar=BARS.get(store_name)),
            Measurement(name=WITH_RESULT, value=stored, unit="tasks/s"),
        ],
        settings={
            **settings,
            "tasks": tasks,
            "processes": 1,
            "run_log": "the same PostgreSQL" if store_name == "postgresql" else "a SQLite file, synchronous=FULL",
            "worker_settings": "default",
            "acknowledged": "after the task ran and its run was recorded",
        },
    )


def scenario(store: str) -> Scenario:
    """The scenario on one store."""
    return Scenario(
        name=f"tasks_processed_{store}",
        title=f"Tasks processed by one worker process, {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=240,
        needs=PROGRAMS.get(store, ()),
    )
