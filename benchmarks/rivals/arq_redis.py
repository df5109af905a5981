"""Rival: arq."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.rivals.environments import ARQ
from benchmarks.rivals.rival import measure_rival
from benchmarks.rivals.servers import rival_redis
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES

CONCURRENCY = 1000
POLL_S = 0.01


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One worker process on uvloop, results off, a short poll delay."""
    version = ARQ.version("arq")
    with rival_redis(directory, store) as (url, server_settings):
        return measure_rival(
            environment=ARQ,
            module="benchmarks.rivals.arq_tasks",
            worker=["arq", "benchmarks.rivals.arq_tasks.WorkerSettings"],
            tasks=size.pick(full=6_000, quick=2_000, smoke=200),
            single=size.pick(full=1_000, quick=500, smoke=50),
            directory=directory,
            variables={
                "BENCHMARK_BROKER": url,
                "BENCHMARK_CONCURRENCY": str(CONCURRENCY),
                "BENCHMARK_POLL": str(POLL_S),
            },
            settings={
                "version": version,
                **server_settings,
                "redis-py": ARQ.version("redis"),
                "max_jobs": CONCURRENCY,
                "poll_delay_s": POLL_S,
                "keep_result": 0,
                "loop": "uvloop",
                "acknowledged": "after the task ran",
                "history": "none",
            },
        )


def scenario(store: str) -> Scenario:
    """The rival on one store."""
    return Scenario(
        name=f"rival_arq_{store}",
        title=f"Rival: arq on {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=200,
        needs=PROGRAMS[store],
    )
