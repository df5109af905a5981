"""Rival: Taskiq with Redis streams, its broker that acknowledges."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.rivals.environments import RIVALS
from benchmarks.rivals.rival import measure_rival
from benchmarks.rivals.servers import rival_redis
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES

CONCURRENCY = 100
READ_COUNT = 1000


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One worker process, on uvloop, without parsing of parameters and with the faster of its JSON encoders."""
    version = RIVALS.version("taskiq")
    with rival_redis(directory, store) as (url, server_settings):
        return measure_rival(
            environment=RIVALS,
            module="benchmarks.rivals.taskiq_tasks",
            worker=[
                *("taskiq", "worker", "benchmarks.rivals.taskiq_tasks:broker", "--workers", "1", "--no-parse"),
                *("--max-async-tasks", str(CONCURRENCY), "--log-level", "WARNING"),
            ],
            tasks=size.pick(full=20_000, quick=6_000, smoke=400),
            single=size.pick(full=3_000, quick=1_000, smoke=50),
            directory=directory,
            variables={"BENCHMARK_BROKER": url, "BENCHMARK_READ_COUNT": str(READ_COUNT)},
            settings={
                "version": version,
                "taskiq-redis": RIVALS.version("taskiq-redis"),
                **server_settings,
                "broker": "RedisStreamBroker",
                "workers": 1,
                "max_async_tasks": CONCURRENCY,
                "xread_count": READ_COUNT,
                "loop": "uvloop",
                "serializer": "orjson",
                "acknowledged": "after the task ran, one by one",
                "history": "none (results off; the stream keeps what was acknowledged)",
            },
        )


def scenario(store: str) -> Scenario:
    """The rival on one store."""
    return Scenario(
        name=f"rival_taskiq_{store}",
        title=f"Rival: Taskiq on {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=200,
        needs=PROGRAMS[store],
    )
