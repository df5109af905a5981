"""A million messages through one PostgreSQL queue: whether dead rows pile up and slow it down."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.loops import run
from benchmarks.queues import QUEUE, open_engine, plain_message, sample_body
from benchmarks.scenario import Measurement, Outcome, Scenario, Size, Skipped
from benchmarks.stores import PROGRAMS, Place, postgres_server, postgres_settings
from wipsie.kernel.errors import WipsieError
from wipsie.testing.servers import PostgresServer, ServerMissing

BATCH = 500
DEPTH_MAX = 10_000
"""Messages that may wait at a time: a queue that is worked on, not one that is filled and then emptied."""
FLATNESS_BAR = 0.9
_CONSUMERS = 2
_SLICES = 10
_SAMPLE_S = 1.0
_TIME_LIMIT_S = 420.0

_TABLES = """
SELECT coalesce(sum(n_dead_tup), 0), coalesce(sum(pg_table_size(relid)), 0), coalesce(sum(pg_indexes_size(relid)), 0),
       coalesce(sum(autovacuum_count), 0)
FROM pg_stat_user_tables
"""


@dataclass(frozen=True)
class _Tables:
    """All tables of the database together."""

    dead_rows: int
    table_bytes: int
    index_bytes: int
    autovacuums: int


@dataclass
class _Progress:
    sent: int = 0
    taken: int = 0
    slice_ends: list[float] = field(default_factory=list[float])


def _look(server: PostgresServer, database: str) -> _Tables:
    return _Tables(*(int(value) for value in server.run_sql(_TABLES, database=database).strip().split("|")))


async def _pass_through(place: Place, messages: int, progress: _Progress) -> None:
    """Send all messages in batches while others receive and delete them."""
    body = sample_body()
    async with open_engine(place) as engine:
        queue = engine.resolve(QUEUE)
        fewer_wait = asyncio.Condition()

        async def produce() -> None:
            while progress.sent < messages:
                count = min(BATCH, messages - progress.sent)
                async with fewer_wait:
                    await fewer_wait.wait_for(lambda: progress.sent - progress.taken <= DEPTH_MAX - BATCH)
                for result in await engine.send_many([plain_message(queue, body) for _ in range(count)]):
                    if isinstance(result, WipsieError):
                        raise result
                progress.sent += count

        async def consume() -> None:
            while progress.taken < messages:
                deliveries = await engine.receive(queue, max_messages=BATCH, wait_s=1.0)
                outcomes = await engine.delete([(queue, delivery.receipt) for delivery in deliveries])
                async with fewer_wait:
                    progress.taken += sum(outcome is None for outcome in outcomes)
                    fewer_wait.notify_all()
                while progress.taken >= messages * (len(progress.slice_ends) + 1) / _SLICES:
                    progress.slice_ends.append(time.perf_counter())
                    if len(progress.slice_ends) == _SLICES:
                        return

        async with asyncio.timeout(_TIME_LIMIT_S), asyncio.TaskGroup() as group:
            group.create_task(produce())
            for _ in range(_CONSUMERS):
                group.create_task(consume())
        left = (await engine.counts(queue)).total
        if left:
            raise AssertionError(f"{messages} messages were taken, but the queue still holds {left}.")


async def _watch(server: PostgresServer, database: str, samples: list[_Tables]) -> None:
    while True:
        samples.append(await asyncio.to_thread(_look, server, database))
        # The time between two looks; the caller cancels this when the messages have passed.
        await asyncio.sleep(_SAMPLE_S)


async def _pass_and_watch(
    place: Place, server: PostgresServer, database: str, messages: int
) -> tuple[_Progress, list[_Tables], float]:
    progress = _Progress()
    samples: list[_Tables] = []
    watcher = asyncio.create_task(_watch(server, database, samples))
    started = time.perf_counter()
    try:
        await _pass_through(place, messages, progress)
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    return progress, samples, started


def measure(size: Size, directory: Path) -> Outcome:
    """Autovacuum runs as PostgreSQL starts it by itself, once a minute by default, or as the queue's tables ask for it."""
    from wipsie.queue.backends.postgres import PostgresQueueBackend

    messages = size.pick(full=1_000_000, quick=100_000, smoke=20_000)
    try:
        with postgres_server(directory / "postgresql") as server:
            url = server.create_database("bloat")
            place = Place(backend=lambda clock: PostgresQueueBackend(url, clock=clock), database_url=url)
            # Opened once, so that the tables are there: what the queue costs empty is no bloat.
            run(_open_and_close(place))
            before = _look(server, "bloat")
            progress, samples, started = run(_pass_and_watch(place, server, "bloat", messages))
            after = _look(server, "bloat")
            settings = postgres_settings(server)
    except ServerMissing as missing:
        raise Skipped(f"needs {missing.program}. {missing.how_to_get_it}") from None
    ends = [started, *progress.slice_ends]
    rates = [messages / _SLICES / (end - begin) for begin, end in itertools.pairwise(ends)]
    # The first tenth warms caches and plans; the middle of the first half stands for a young queue.
    flatness = median(rates[-3:]) / median(rates[1:4])
    largest = max([*samples, after], key=lambda one: one.table_bytes + one.index_bytes)
    return Outcome(
        measurements=[
            Measurement(name="messages through the queue", value=messages / (ends[-1] - started), unit="messages/s"),
            Measurement(name="last three tenths against the first", value=flatness, unit="ratio", bar=FLATNESS_BAR),
            _lower("dead rows at the end", after.dead_rows, "rows"),
            _lower("dead rows, most at a time", max(one.dead_rows for one in [*samples, after]), "rows"),
            _lower("tables at the end", after.table_bytes / 2**20, "MB"),
            _lower("indexes at the end", after.index_bytes / 2**20, "MB"),
            _lower("tables and indexes, largest", (largest.table_bytes + largest.index_bytes) / 2**20, "MB"),
            Measurement(name="autovacuum runs", value=after.autovacuums - before.autovacuums, unit="runs"),
        ],
        settings={
            **settings,
            "messages": messages,
            "body_bytes": len(sample_body()),
            "waiting_at_most": DEPTH_MAX,
            "batch": BATCH,
            "consumers": _CONSUMERS,
            "tables_before_mb": round(before.table_bytes / 2**20, 2),
            "indexes_before_mb": round(before.index_bytes / 2**20, 2),
        },
    )


async def _open_and_close(place: Place) -> None:
    async with open_engine(place):
        pass


def _lower(name: str, value: float, unit: str) -> Measurement:
    return Measurement(name=name, value=value, unit=unit, lower_is_better=True)


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
