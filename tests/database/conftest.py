"""A migrated database on SQLite and on PostgreSQL, and one small table to write to."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from wipsie.database import Database
from wipsie.kernel.clock import SystemClock

# Not on the shared metadata: the drift test compares that with the migrations.
_metadata = MetaData()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every promise holds on both; a test of one of them alone says so by indirect parameters."""
    return request.param


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncGenerator[Database]:
    database = Database(migrated_database_url, clock=SystemClock(), pool_size=4, max_overflow=4)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture(scope="session")
def notes_table() -> Table:
    return Table("notes", _metadata, Column("id", Integer, primary_key=True), Column("text", Text, nullable=False))


@pytest.fixture
async def notes(database: Database, notes_table: Table) -> Table:
    async with database.begin() as connection:
        await connection.run_sync(notes_table.create)
    return notes_table
