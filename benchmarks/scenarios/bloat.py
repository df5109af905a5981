"""A million messages through one PostgreSQL queue: whether dead rows pile up and slow it down."""

from __future__ import annotations

from pathlib import Path

from benchmarks.loops import run
from benchmarks.scenario import Measurement, Outcome, Scenario, Size, Skipped
from benchmarks.scenarios.passing import (
    FLATNESS_BAR,
    flatness,
    look,
    lower,
    open_and_close,
    pass_and_watch,
    passage_settings,
)
from benchmarks.stores import PROGRAMS, Place, postgres_server, postgres_settings
from wipsie.testing.servers import ServerMissing


def measure(size: Size, directory: Path) -> Outcome:
    """Autovacuum runs as PostgreSQL starts it by itself, once a minute by default, or as the queue's tables ask for it."""
    from wipsie.queue.backends.postgres import PostgresQueueBackend

    messages = size.pick(full=1_000_000, quick=100_000, smoke=20_000)
    try:
        with postgres_server(directory / "postgresql") as server:
            url = server.create_database("bloat")
            place = Place(backend=lambda clock: PostgresQueueBackend(url, clock=clock), database_url=url)
            # Opened once, so that the tables are there: what the queue costs empty is no bloat.
            run(open_and_close(place))
            before = look(server, "bloat")
            passage = run(pass_and_watch(place, server, "bloat", messages))
            after = look(server, "bloat")
            settings = postgres_settings(server)
    except ServerMissing as missing:
        raise Skipped(f"needs {missing.program}. {missing.how_to_get_it}") from None
    samples = [*passage.samples, after]
    largest = max(samples, key=lambda one: one.table_bytes + one.index_bytes)
    return Outcome(
        measurements=[
            Measurement(name="messages through the queue", value=passage.rate, unit="messages/s"),
            Measurement(
                name="last three tenths against the first",
                value=flatness(passage.rates),
                unit="ratio",
                bar=FLATNESS_BAR,
            ),
            lower("dead rows at the end", after.dead_rows, "rows"),
            lower("dead rows, most at a time", max(one.dead_rows for one in samples), "rows"),
            lower("tables at the end", after.table_bytes / 2**20, "MB"),
            lower("indexes at the end", after.index_bytes / 2**20, "MB"),
            lower("tables and indexes, largest", (largest.table_bytes + largest.index_bytes) / 2**20, "MB"),
            Measurement(name="autovacuum runs", value=after.autovacuums - before.autovacuums, unit="runs"),
        ],
        settings={
            **settings,
            **passage_settings(messages),
            "tables_before_mb": round(before.table_bytes / 2**20, 2),
            "indexes_before_mb": round(before.index_bytes / 2**20, 2),
        },
    )


def scenario(store: str) -> Scenario:
    """The scenario; there is one on PostgreSQL only."""
    return Scenario(
        name=f"bloat_{store}",
        title="Messages passing through PostgreSQL: dead rows and size",
        run=measure,
        time_limit_s=480,
        repeats_max=1,
        needs=PROGRAMS[store],
    )
