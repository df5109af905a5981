"""The kit that shows by plans that queries read through an index: what it lets pass, and what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Column, Executable, Index, Integer, MetaData, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.testing.query_plans import ROWS, assert_indexed, fill_table, sent_selects
from wipsie.testing.servers import PostgresServer

METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("owner", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("note", Text),
)
ID, KIND, OWNER, WEIGHT, NOTE = THINGS.c
Index("ix_things_kind", KIND, ID)
_noted = NOTE.is_not(None)
Index("ix_things_noted", ID, sqlite_where=_noted, postgresql_where=_noted)
OWNERS = Table("owners", METADATA, Column("id", Integer, primary_key=True), Column("name", Text))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def sqlite_things(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('things')}/wipsie.db"
    asyncio.run(make_things(url))
    return url


@pytest.fixture(scope="session")
def postgresql_things(postgres_server: PostgresServer) -> str:
    url = postgres_server.create_database("things")
    asyncio.run(make_things(url))
    return url


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=1)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


async def make_things(url: str) -> None:
    """Of a hundred thousand things most are plain, and some few are rare."""
    async with opened(url) as database, database.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await fill_table(
            connection,
            THINGS,
            (
                {
                    "id": number,
                    "kind": "rare" if number % 10_000 == 7 else "plain",
                    "owner": number % 50,
                    "weight": number * 7919 % ROWS,
                    "note": "!" if number % 1_000 == 0 else None,
                }
                for number in range(1, ROWS + 1)
            ),
        )
        await fill_table(connection, OWNERS, ({"id": number, "name": f"owner {number}"} for number in range(50)))


@pytest.fixture
def url(database_kind: str, request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{database_kind}_things")


@pytest.fixture
async def connection(url: str) -> AsyncGenerator[AsyncConnection]:
    async with opened(url) as database, database.read() as connection:
        yield connection


def page(*conditions: object) -> Executable:
    return select(THINGS).where(*conditions).order_by(ID.desc()).limit(51)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(page(), id="the last ones"),
        pytest.param(page(ID < 500), id="the page after a place"),
        pytest.param(page(KIND == "rare"), id="a rare value"),
        pytest.param(page(KIND == "plain"), id="a value that most have"),
        pytest.param(page(KIND == "none"), id="a value that none has"),
        pytest.param(page(KIND == "plain", WEIGHT > 10), id="a filter on top"),
        pytest.param(page(_noted), id="a partial index"),
        pytest.param(select(THINGS).where(ID == 7), id="one by its key"),
        pytest.param(select(THINGS).where(ID.in_([1, 2, 3])), id="some by their keys"),
        pytest.param(select(func.max(ID)), id="the largest"),
        pytest.param(
            select(THINGS, OWNERS.c.name).join(OWNERS, OWNERS.c.id == OWNER).where(KIND == "rare").limit(51),
            id="a join",
        ),
    ],
)
async def test_queries_that_read_through_an_index_pass(connection: AsyncConnection, statement: Executable) -> None:
    await assert_indexed(connection, statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param(page(WEIGHT == 7), "things", id="no index"),
        pytest.param(page(OWNER == 99), "things", id="no index, a value that none has"),
        pytest.param(select(THINGS).order_by(WEIGHT).limit(51), "it sorts", id="another order"),
        pytest.param(
            select(THINGS).where(KIND == "plain").order_by(WEIGHT).limit(51), "it sorts", id="an index for half"
        ),
        pytest.param(page(NOTE.is_(None), WEIGHT == 7), "things", id="not what the partial index holds"),
        pytest.param(page(func.lower(KIND) == "rare"), "things", id="a function around it"),
        pytest.param(
            select(THINGS).where(KIND == "plain").order_by(ID), "rows would take|looked at", id="without a limit"
        ),
        pytest.param(select(THINGS.alias("t")).where(text("t.weight = 7")), "things", id="an alias"),
        pytest.param(
            select(OWNERS.c.id).where(select(ID).where(OWNERS.c.id == WEIGHT).exists(), OWNERS.c.id < 5),
            "things|index",
            id="a subquery",
        ),
    ],
)
async def test_queries_that_read_a_table_or_sort_are_found_and_the_plan_is_told(
    connection: AsyncConnection, statement: Executable, found: str
) -> None:
    with pytest.raises(AssertionError, match=found) as told:
        await assert_indexed(connection, statement)
    said = str(told.value)
    assert "gets slower as its tables grow" in said
    assert "SELECT" in said
    assert "\nPlan:\n" in said
    assert "ix_things_kind" in said


async def test_counting_may_look_at_all_of_an_index_and_sorts_nothing(connection: AsyncConnection) -> None:
    by_kind = select(KIND, func.count()).group_by(KIND)
    await assert_indexed(connection, by_kind, counts=True)
    some = select(ID).where(KIND == "plain").limit(10_001).subquery()
    await assert_indexed(connection, select(func.count()).select_from(some), counts=True)
    with pytest.raises(AssertionError):
        await assert_indexed(connection, by_kind)
    with pytest.raises(AssertionError, match="it sorts"):
        await assert_indexed(connection, select(THINGS).order_by(WEIGHT).limit(51), counts=True)


async def test_what_is_sorted_may_be_little(connection: AsyncConnection) -> None:
    await assert_indexed(connection, select(THINGS).where(KIND == "rare").order_by(WEIGHT), may_sort=True)


async def test_a_table_with_few_rows_tells_nothing(connection: AsyncConnection) -> None:
    with pytest.raises(AssertionError, match="large enough"):
        await assert_indexed(connection, select(OWNERS).where(OWNERS.c.id == 7))


async def test_queries_are_caught_on_their_way(connection: AsyncConnection) -> None:
    with sent_selects() as sent:
        await connection.execute(page(KIND == "rare"))
        await connection.execute(page(WEIGHT == 7))
    assert len(sent) == 2
    assert sent[0].parameters[0] == "rare"
    await connection.execute(page())
    assert len(sent) == 2
    await assert_indexed(connection, sent[0])
    with pytest.raises(AssertionError, match="weight"):
        await assert_indexed(connection, sent[1])
