from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.exc import IntegrityError

from wipsie.database import Database
from wipsie.database.bulk import bulk_insert

_metadata = MetaData()
things = Table(
    "things",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text),
    Column("number", Float),
    Column("truth", Boolean),
    Column("data", JSON),
    Column("moment", DateTime),
    Column("blob", LargeBinary),
    Column("state", Text, nullable=False, default="new"),
    Column("place", Text, nullable=False, server_default="here"),
)


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    async with database.begin() as connection:
        await connection.run_sync(things.create)


async def test_every_type_comes_back_as_it_went_in(database: Database) -> None:
    row = {
        "id": 7,
        "text": "naïve ☃ 'quoted' \"twice\" 01",
        "number": 0.1,
        "truth": True,
        "data": {"list": [1, None, "x"]},
        "moment": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC).replace(tzinfo=None),
        "blob": b"\x00\xff",
        "state": "old",
        "place": "there",
    }
    async with database.begin() as connection:
        await bulk_insert(connection, things, [row])
    async with database.read() as connection:
        assert (await connection.execute(select(things))).mappings().all() == [row]


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 1000, 2047])
async def test_any_number_of_rows_goes_in_completely_and_in_order(database: Database, count: int) -> None:
    async with database.begin() as connection:
        await bulk_insert(connection, things, [{"text": str(number)} for number in range(count)])
    async with database.read() as connection:
        texts = (await connection.execute(select(things.c.text).order_by(things.c.id))).scalars().all()
    assert texts == [str(number) for number in range(count)]


async def test_columns_nobody_names_get_their_defaults(database: Database) -> None:
    async with database.begin() as connection:
        await bulk_insert(connection, things, [{"id": 1, "text": "a"}, {"text": "b", "id": 2}])
    async with database.read() as connection:
        rows = (
            await connection.execute(select(things.c.text, things.c.state, things.c.place).order_by(things.c.id))
        ).all()
    assert [tuple(row) for row in rows] == [("a", "new", "here"), ("b", "new", "here")]


async def test_a_row_that_exists_already_is_refused_with_its_whole_transaction(database: Database) -> None:
    async with database.begin() as connection:
        await bulk_insert(connection, things, [{"id": 1, "text": "first"}])
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await bulk_insert(connection, things, [{"id": 2, "text": "new"}, {"id": 1, "text": "again"}])
    async with database.read() as connection:
        assert (await connection.execute(select(things.c.text))).scalars().all() == ["first"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": "a"}, {"text": "b", "number": 1.0}],
        [{"text": "a"}, {"number": 1.0}],
        [{"no_such_column": 1}],
    ],
)
async def test_rows_that_do_not_fit_are_refused_before_anything_is_lost(
    database: Database, rows: list[dict[str, object]]
) -> None:
    with pytest.raises(ValueError, match="things"):
        async with database.begin() as connection:
            await bulk_insert(connection, things, rows)
    async with database.read() as connection:
        assert (await connection.execute(select(things.c.id))).all() == []
