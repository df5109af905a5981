"""Rival: Procrastinate."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rivals.environments import RIVALS
from benchmarks.rivals.rival import measure_rival
from benchmarks.rivals.servers import rival_postgresql
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES

CONCURRENCY = 20


def measure(size: Size, directory: Path) -> Outcome:
    """Its async worker, with as many jobs at a time as made it fastest."""
    version = RIVALS.version("procrastinate")
    with rival_postgresql(directory) as (url, server_settings):
        return measure_rival(
            environment=RIVALS,
            module="benchmarks.rivals.procrastinate_tasks",
            worker=["python", "-m", "benchmarks.rivals.procrastinate_tasks"],
            tasks=size.pick(full=4_000, quick=1_500, smoke=100),
            single=size.pick(full=1_000, quick=500, smoke=20),
            directory=directory,
            variables={"BENCHMARK_DATABASE": url, "BENCHMARK_CONCURRENCY": str(CONCURRENCY)},
            settings={
                "version": version,
                **server_settings,
                "driver": f"psycopg {RIVALS.version('psycopg')}, binary",
                "loop": "uvloop",
                "concurrency": CONCURRENCY,
                "delete_jobs": "never (its default)",
                "acknowledged": "after the task ran",
                "history": "the job's row stays, with its events",
            },
        )


def scenario(store: str) -> Scenario:
    """The rival on its one store."""
    return Scenario(
        name=f"rival_procrastinate_{store}",
        title=f"Rival: Procrastinate on {TITLES[store]}",
        run=measure,
        time_limit_s=200,
        needs=PROGRAMS[store],
    )
