"""Messages that pass through one PostgreSQL queue, and what they leave behind: shared by `bloat` and `open_transaction`."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from statistics import median

from benchmarks.queues import QUEUE, open_engine, plain_message, sample_body
from benchmarks.scenario import Measurement, Settings
from benchmarks.stores import Place
from wipsie.kernel.errors import WipsieError
from wipsie.testing.servers import PostgresServer

BATCH = 500
DEPTH_MAX = 10_000
"""Messages that may wait at a time: a queue that is worked on, not one that is filled and then emptied."""
FLATNESS_BAR = 0.9
TIME_LIMIT_S = 420.0
_CONSUMERS = 2
_SLICES = 10
_SAMPLE_S = 1.0

_TABLES = """
SELECT coalesce(sum(n_dead_tup), 0), coalesce(sum(pg_table_size(relid)), 0), coalesce(sum(pg_indexes_size(relid)), 0),
       coalesce(sum(autovacuum_count), 0)
FROM pg_stat_user_tables
"""


@dataclass(frozen=True)
class Tables:
    """All tables of the database together."""

    dead_rows: int
    table_bytes: int
    index_bytes: int
    autovacuums: int


@dataclass(frozen=True)
class Passage:
    """How messages passed: the rate of each tenth of them in order, and the tables as they were meanwhile."""

    rate: float
    rates: list[float]
    samples: list[Tables]


@dataclass
class _Progress:
    sent: int = 0
    taken: int = 0
    slice_ends: list[float] = field(default_factory=list[float])


def flatness(rates: list[float]) -> float:
    """The last three tenths against the first: the very first warms caches and plans, so the three after it stand for a
    young queue."""
    return median(rates[-3:]) / median(rates[1:4])


def look(server: PostgresServer, database: str) -> Tables:
    """The tables as they are now."""
    return Tables(*(int(value) for value in server.run_sql(_TABLES, database=database).strip().split("|")))


async def open_and_close(place: Place) -> None:
    """Make the tables, so that what the queue costs empty is known."""
    async with open_engine(place):
        pass


async def pass_and_watch(place: Place, server: PostgresServer, database: str, messages: int) -> Passage:
    """Send all messages in batches while others receive and delete them."""
    progress = _Progress()
    samples: list[Tables] = []
    watcher = asyncio.create_task(_watch(server, database, samples))
    started = time.perf_counter()
    try:
        await _pass_through(place, messages, progress)
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    ends = [started, *progress.slice_ends]
    return Passage(
        rate=messages / (ends[-1] - started),
        rates=[messages / _SLICES / (end - begin) for begin, end in itertools.pairwise(ends)],
        samples=samples,
    )


def passage_settings(messages: int) -> Settings:
    """How the messages passed, for the reader of the results."""
    return {
        "messages": messages,
        "body_bytes": len(sample_body()),
        "waiting_at_most": DEPTH_MAX,
        "batch": BATCH,
        "consumers": _CONSUMERS,
    }


def lower(name: str, value: float, unit: str) -> Measurement:
    """A figure that is the better the lower it is."""
    return Measurement(name=name, value=value, unit=unit, lower_is_better=True)


async def one_after_the_other(place: Place, messages: int) -> list[float]:
    """Send, receive and delete so many, one at a time, as a quiet queue does: three transactions for each. The rate of each
    tenth of them in order."""
    body = sample_body()
    rates: list[float] = []
    async with open_engine(place) as engine:
        queue = engine.resolve(QUEUE)
        for _ in range(_SLICES):
            started = time.perf_counter()
            for _ in range(messages // _SLICES):
                await engine.send(plain_message(queue, body))
                deliveries = await engine.receive(queue, max_messages=1)
                outcomes = await engine.delete([(queue, delivery.receipt) for delivery in deliveries])
                if outcomes != [None]:
                    raise AssertionError(f"A message was not received and deleted: {outcomes}.")
            rates.append(messages // _SLICES / (time.perf_counter() - started))
    return rates


async def _pass_through(place: Place, messages: int, progress: _Progress) -> None:
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

        async with asyncio.timeout(TIME_LIMIT_S), asyncio.TaskGroup() as group:
            group.create_task(produce())
            for _ in range(_CONSUMERS):
                group.create_task(consume())
        left = (await engine.counts(queue)).total
        if left:
            raise AssertionError(f"{messages} messages were taken, but the queue still holds {left}.")


async def _watch(server: PostgresServer, database: str, samples: list[Tables]) -> None:
    while True:
        samples.append(await asyncio.to_thread(look, server, database))
        # The time between two looks; the caller cancels this when the messages have passed.
        await asyncio.sleep(_SAMPLE_S)
