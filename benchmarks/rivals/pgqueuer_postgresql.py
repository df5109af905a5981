"""Rival: PgQueuer, the fastest of the Python queues on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rivals.environments import RIVALS
from benchmarks.rivals.rival import measure_rival
from benchmarks.rivals.servers import rival_postgresql
from benchmarks.scenario import Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES

BATCH = 500
CONSUMERS = 1
"""Queue managers in the one worker process, each with a connection of its own; its benchmark tool starts five by default."""


def measure(size: Size, directory: Path) -> Outcome:
    """As its own benchmark tool drains a queue: asyncpg, uvloop, and its advice for autovacuum."""
    version = RIVALS.version("pgqueuer")
    with rival_postgresql(directory) as (url, server_settings):
        return measure_rival(
            environment=RIVALS,
            module="benchmarks.rivals.pgqueuer_tasks",
            worker=["python", "-m", "benchmarks.rivals.pgqueuer_tasks"],
            tasks=size.pick(full=100_000, quick=30_000, smoke=500),
            single=size.pick(full=3_000, quick=1_000, smoke=50),
            directory=directory,
            variables={
                "BENCHMARK_DATABASE": url,
                "BENCHMARK_BATCH": str(BATCH),
                "BENCHMARK_CONSUMERS": str(CONSUMERS),
            },
            settings={
                "version": version,
                **server_settings,
                "driver": "asyncpg",
                "loop": "uvloop",
                "batch_size": BATCH,
                "queue_managers": CONSUMERS,
                "durability": "durable (its default: logged tables)",
                "autovacuum": "as `pgq autovac` sets it",
                "acknowledged": "after the task ran, in batches",
                "history": "one row for each state of each job",
            },
        )


def scenario(store: str) -> Scenario:
    """The rival on its one store."""
    return Scenario(
        name=f"rival_pgqueuer_{store}",
        title=f"Rival: PgQueuer on {TITLES[store]}",
        run=measure,
        time_limit_s=200,
        needs=PROGRAMS[store],
    )
