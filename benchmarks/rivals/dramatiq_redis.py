"""Rival: Dramatiq with a Redis broker."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.rivals.environments import RIVALS
from benchmarks.rivals.rival import measure_rival
from benchmarks.rivals.servers import rival_redis
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES

THREADS = 1
"""Fewer than the default of 8: no-op tasks only fight for the interpreter lock."""
PREFETCH = 1000


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One worker process with one thread and a long prefetch."""
    version = RIVALS.version("dramatiq")
    tasks = size.pick(full=10_000, quick=3_000, smoke=200)
    with rival_redis(directory, store) as (url, server_settings):
        return measure_rival(
            environment=RIVALS,
            module="benchmarks.rivals.dramatiq_tasks",
            worker=[
                *("dramatiq", "benchmarks.rivals.dramatiq_tasks"),
                *("--processes", "1", "--threads", str(THREADS), "--queues", "benchmark"),
            ],
            tasks=tasks,
            single=tasks,
            directory=directory,
            variables={"BENCHMARK_BROKER": url, "dramatiq_queue_prefetch": str(PREFETCH)},
            settings={
                "version": version,
                **server_settings,
                "processes": 1,
                "threads": THREADS,
                "prefetch": PREFETCH,
                "middleware": "default",
                "acknowledged": "after the task ran",
                "history": "none",
            },
        )


def scenario(store: str) -> Scenario:
    """The rival on one store."""
    return Scenario(
        name=f"rival_dramatiq_{store}",
        title=f"Rival: Dramatiq on {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=200,
        needs=PROGRAMS[store],
    )
