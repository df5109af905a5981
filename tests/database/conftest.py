"""A migrated database on SQLite and on PostgreSQL, and one small table to write to."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

sys.path.insert(0, str(Path(__file__).parent))

from schema_shapes import Schema, read_schema

from wipsie.database import Database
from wipsie.database.migrator import BASE, migrate, revisions
from wipsie.kernel.clock import SystemClock
from wipsie.testing.servers import PostgresServer

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


@pytest.fixture
def schemas(database_kind: str, request: pytest.FixtureRequest) -> dict[str, Schema]:
    """The schema of each revision on a fresh database, and the empty one before the first, by revision."""
    return request.getfixturevalue(f"{database_kind}_schemas")


@pytest.fixture(scope="session")
def sqlite_schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Schema]:
    return asyncio.run(schema_history(f"sqlite:///{tmp_path_factory.mktemp('history')}/wipsie.db"))


@pytest.fixture(scope="session")
def postgresql_schemas(postgres_server: PostgresServer) -> dict[str, Schema]:
    return asyncio.run(schema_history(postgres_server.create_database("history")))


async def schema_history(url: str) -> dict[str, Schema]:
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    found: dict[str, Schema] = {}
    for revision in (BASE, *revisions()):
        await migrate(url, to=revision)
        async with database.read() as connection:
            found[revision] = await read_schema(connection)
    await database.stop()
    return found
