"""Rival: Huey with its SQLite storage."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rivals.requirements import installed_version
from benchmarks.rivals.rival import measure_rival
from benchmarks.scenario import Outcome, Scenario, Size

WORKERS = 1


def measure(size: Size, directory: Path) -> Outcome:
    """One process, threads, without results and without fsync: its fastest way, less durable than Wipsie's."""
    version = installed_version("huey")
    return measure_rival(
        module="benchmarks.rivals.huey_tasks",
        worker=[
            *("huey_consumer", "benchmarks.rivals.huey_tasks.huey", "--workers", str(WORKERS)),
            *("--worker-type", "thread", "--no-periodic", "--delay", "0.01", "--quiet"),
        ],
        tasks=size.pick(full=20_000, quick=5_000, smoke=200),
        directory=directory,
        environment={"BENCHMARK_FILE": str(directory / "huey.db"), "BENCHMARK_FSYNC": "off"},
        settings={
            "version": version,
            "workers": WORKERS,
            "worker_type": "thread",
            "fsync": "off: a power cut may lose accepted tasks (on is slower)",
            "acknowledged": "before the task runs",
            "results": "off",
            "periodic": "off",
        },
    )


SCENARIO = Scenario(name="rival_huey", title="Rival: Huey on SQLite", run=measure, time_limit_s=200)
