"""Messages through PostgreSQL queues while somebody else leaves a transaction open: whether the pace falls off a cliff.

Vacuum keeps every row that an open snapshot might still read, so that all a queue leaves behind stays, in its tables and in
their indexes. A claim that looks for the oldest message from the beginning of the index walks over the remains of all
messages before it, and so does whoever keeps a count in a row over the remains of all its earlier values.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.loops import run
from benchmarks.scenario import Measurement, Outcome, Scenario, Size, Skipped
from benchmarks.scenarios.passing import (
    FLATNESS_BAR,
    Passage,
    flatness,
    look,
    lower,
    one_after_the_other,
    open_and_close,
    pass_and_watch,
    passage_settings,
)
from benchmarks.stores import PROGRAMS, Place, postgres_server, postgres_settings
from wipsie.testing.servers import PostgresServer, ServerMissing

_IN_BATCHES = "in_batches"
_ONE_BY_ONE = "one_by_one"


@asynccontextmanager
async def old_snapshot(url: str) -> AsyncGenerator[None]:
    """A transaction of another program that has read and is not ended. AssertionError when it did not last."""
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            question = "SELECT pg_current_snapshot()::text"
            before = (await connection.exec_driver_sql(question)).scalar_one()
            yield
            after = (await connection.exec_driver_sql(question)).scalar_one()
            if after != before:
                raise AssertionError("The transaction did not stay open, so nothing was shown.")
    finally:
        await engine.dispose()


async def _batches_beside_it(place: Place, server: PostgresServer, messages: int) -> Passage:
    async with old_snapshot(place.database_url):
        return await pass_and_watch(place, server, _IN_BATCHES, messages)


async def _single_beside_it(place: Place, messages: int) -> list[float]:
    async with old_snapshot(place.database_url):
        return await one_after_the_other(place, messages)


def measure(size: Size, directory: Path) -> Outcome:
    """The pace of the last messages against that of the first, all beside the open transaction: many in batches, which leave
    many dead messages, and some one after the other, which leave many dead counts."""
    from wipsie.queue.backends.postgres import PostgresQueueBackend

    messages = size.pick(full=300_000, quick=60_000, smoke=20_000)
    single = size.pick(full=20_000, quick=4_000, smoke=200)

    def new_place(url: str) -> Place:
        return Place(backend=lambda clock: PostgresQueueBackend(url, clock=clock), database_url=url)

    try:
        with postgres_server(directory / "postgresql") as server:
            place = new_place(server.create_database(_IN_BATCHES))
            run(open_and_close(place))
            passage = run(_batches_beside_it(place, server, messages))
            after = look(server, _IN_BATCHES)
            place = new_place(server.create_database(_ONE_BY_ONE))
            run(open_and_close(place))
            rates = run(_single_beside_it(place, single))
            settings = postgres_settings(server)
    except ServerMissing as missing:
        raise Skipped(f"needs {missing.program}. {missing.how_to_get_it}") from None
    return Outcome(
        measurements=[
            Measurement(name="in batches", value=passage.rate, unit="messages/s"),
            Measurement(name="in batches, first tenth", value=passage.rates[0], unit="messages/s"),
            Measurement(name="in batches, last tenth", value=passage.rates[-1], unit="messages/s"),
            Measurement(
                name="in batches, last three tenths against the first",
                value=flatness(passage.rates),
                unit="ratio",
                bar=FLATNESS_BAR,
            ),
            lower("in batches, dead rows at the end", after.dead_rows, "rows"),
            lower("in batches, tables and indexes", (after.table_bytes + after.index_bytes) / 2**20, "MB"),
            Measurement(name="one by one, first tenth", value=rates[0], unit="messages/s"),
            Measurement(name="one by one, last tenth", value=rates[-1], unit="messages/s"),
            # No bar: looks from the beginning may take a fifth of a receive's time, and here that is most of a message's.
            Measurement(name="one by one, last three tenths against the first", value=flatness(rates), unit="ratio"),
        ],
        settings={
            **settings,
            **passage_settings(messages),
            "one_by_one": single,
            "beside": "a REPEATABLE READ transaction that has read",
        },
    )


def scenario(store: str) -> Scenario:
    """The scenario; there is one on PostgreSQL only."""
    return Scenario(
        name=f"open_transaction_{store}",
        title="Messages passing through PostgreSQL beside a transaction left open",
        run=measure,
        time_limit_s=480,
        repeats_max=1,
        needs=PROGRAMS[store],
    )
