"""A migrated database on a temporary file, and one small table to write to."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from wipsie.database import Database
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock

# Not on the shared metadata: the drift test compares that with the migrations.
_metadata = MetaData()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/folder/wipsie.db"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated, empty database that tests copy: migrating takes longer than most of them."""
    path = tmp_path_factory.mktemp("migrated") / "wipsie.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def database(url: str, migrated_file: Path) -> AsyncGenerator[Database]:
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True)
    shutil.copy(migrated_file, path)
    database = Database(url, clock=SystemClock(), pool_size=4, max_overflow=4)
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
