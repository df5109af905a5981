"""Rival: Huey with its SQLite storage."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.rivals.environments import RIVALS
from benchmarks.rivals.rival import measure_rival
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import TITLES

WORKERS = 1


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One process, threads, without results and without fsync: its fastest way, less durable than Wipsie's."""
    version = RIVALS.version("huey")
    tasks = size.pick(full=20_000, quick=5_000, smoke=200)
    return measure_rival(
        environment=RIVALS,
        module="benchmarks.rivals.huey_tasks",
        worker=[
            *("huey_consumer", "benchmarks.rivals.huey_tasks.huey", "--workers", str(WORKERS)),
            *("--worker-type", "thread", "--no-periodic", "--delay", "0.01", "--quiet"),
        ],
        tasks=tasks,
        single=tasks,
        directory=directory,
        variables={"BENCHMARK_FILE": str(directory / f"{store}.db"), "BENCHMARK_FSYNC": "off"},
        settings={
            "version": version,
            "workers": WORKERS,
            "worker_type": "thread",
            "fsync": "off: a power cut may lose accepted tasks (on is slower)",
            "acknowledged": "before the task runs",
            "history": "none",
            "results": "off",
            "periodic": "off",
        },
    )


def scenario(store: str) -> Scenario:
    """The rival on its one store."""
    return Scenario(
        name=f"rival_huey_{store}",
        title=f"Rival: Huey on {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=200,
    )
