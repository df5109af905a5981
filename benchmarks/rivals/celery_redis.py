"""Rival: Celery with a Redis broker."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rivals.redis_server import SETTINGS, redis_server
from benchmarks.rivals.requirements import installed_version
from benchmarks.rivals.rival import measure_rival
from benchmarks.scenario import Outcome, Scenario, Size

PREFETCH = 64


def measure(size: Size, directory: Path) -> Outcome:
    """One process: the solo pool, which spares the pipe between parent and child of the default pool."""
    version = installed_version("celery")
    with redis_server(directory / "redis") as url:
        return measure_rival(
            module="benchmarks.rivals.celery_tasks",
            worker=[
                *("celery", "--app", "benchmarks.rivals.celery_tasks", "worker", "--pool", "solo"),
                *("--loglevel", "WARNING", "--queues", "benchmark"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            tasks=size.pick(full=20_000, quick=5_000, smoke=200),
            directory=directory,
            environment={"BENCHMARK_BROKER": url, "BENCHMARK_PREFETCH": str(PREFETCH)},
            settings={
                "version": version,
                "redis": SETTINGS,
                "pool": "solo (one process)",
                "prefetch_multiplier": PREFETCH,
                "acknowledged": "before the task runs (Celery's default)",
                "results_events_gossip_mingle_heartbeat_rate_limits": "off",
            },
        )


SCENARIO = Scenario(
    name="rival_celery", title="Rival: Celery on Redis", run=measure, time_limit_s=200, needs=("redis-server",)
)
