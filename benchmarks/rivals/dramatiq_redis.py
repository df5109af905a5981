"""Rival: Dramatiq with a Redis broker."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rivals.redis_server import SETTINGS, redis_server
from benchmarks.rivals.requirements import installed_version
from benchmarks.rivals.rival import measure_rival
from benchmarks.scenario import Outcome, Scenario, Size

THREADS = 1
"""Fewer than the default of 8: no-op tasks only fight for the interpreter lock."""
PREFETCH = 1000


def measure(size: Size, directory: Path) -> Outcome:
    """One worker process with one thread and a long prefetch."""
    version = installed_version("dramatiq")
    with redis_server(directory / "redis") as url:
        return measure_rival(
            module="benchmarks.rivals.dramatiq_tasks",
            worker=[
                *("dramatiq", "benchmarks.rivals.dramatiq_tasks"),
                *("--processes", "1", "--threads", str(THREADS), "--queues", "benchmark"),
            ],
            tasks=size.pick(full=20_000, quick=5_000, smoke=200),
            directory=directory,
            environment={"BENCHMARK_BROKER": url, "dramatiq_queue_prefetch": str(PREFETCH)},
            settings={
                "version": version,
                "redis": SETTINGS,
                "processes": 1,
                "threads": THREADS,
                "prefetch": PREFETCH,
                "middleware": "default",
                "acknowledged": "after the task ran",
            },
        )


SCENARIO = Scenario(
    name="rival_dramatiq", title="Rival: Dramatiq on Redis", run=measure, time_limit_s=200, needs=("redis-server",)
)
