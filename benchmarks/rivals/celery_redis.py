"""Rival: Celery with a Redis broker."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.rivals.environments import RIVALS
from benchmarks.rivals.rival import measure_rival
from benchmarks.rivals.servers import rival_redis
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES

PREFETCH = 64


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One process: the solo pool, which spares the pipe between parent and child of the default pool."""
    version = RIVALS.version("celery")
    tasks = size.pick(full=10_000, quick=3_000, smoke=200)
    with rival_redis(directory, store) as (url, server_settings):
        return measure_rival(
            environment=RIVALS,
            module="benchmarks.rivals.celery_tasks",
            worker=[
                *("celery", "--app", "benchmarks.rivals.celery_tasks", "worker", "--pool", "solo"),
                *("--loglevel", "WARNING", "--queues", "benchmark"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            tasks=tasks,
            single=tasks,
            directory=directory,
            variables={"BENCHMARK_BROKER": url, "BENCHMARK_PREFETCH": str(PREFETCH)},
            settings={
                "version": version,
                **server_settings,
                "pool": "solo (one process)",
                "prefetch_multiplier": PREFETCH,
                "acknowledged": "before the task runs (Celery's default)",
                "history": "none",
                "results_events_gossip_mingle_heartbeat_rate_limits": "off",
            },
        )


def scenario(store: str) -> Scenario:
    """The rival on one store."""
    return Scenario(
        name=f"rival_celery_{store}",
        title=f"Rival: Celery on {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=200,
        needs=PROGRAMS[store],
    )
