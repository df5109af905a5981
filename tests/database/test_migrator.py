from __future__ import annotations

import asyncio
import importlib
import pkgutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect

import wipsie
from wipsie.database import Database
from wipsie.database.metadata import metadata
from wipsie.database.migrator import current, migrate, pending, revisions
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable


def import_every_room() -> None:
    """So that all tables are on the metadata, whoever defines them."""
    for module in pkgutil.walk_packages(wipsie.__path__, "wipsie."):
        if module.name.endswith("__main__") or ".migrations" in module.name:
            continue
        source = Path(wipsie.__path__[0], *module.name.split(".")[1:])
        file = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
        if "metadata" in file.read_text():
            importlib.import_module(module.name)


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_an_empty_place_gets_every_revision_once(url: str) -> None:
    assert await current(url) is None
    assert await pending(url) == revisions()
    assert await migrate(url) == revisions()
    assert await pending(url) == []
    assert await migrate(url) == []
    assert await current(url) == revisions()[-1]


def test_revisions_are_one_line_without_gaps() -> None:
    assert revisions() == [f"{number + 1:04d}" for number in range(len(revisions()))]


FULL_TEXT = ("search_index", "ix_search_documents_words", "mail_words_index", "ix_mail_words_words")


def _is_declared(thing: object, name: str | None, kind: str, reflected: bool, compared_to: object) -> bool:
    """Full-text indexes are the migration's alone: a table of FTS5 with its parts, an index of PostgreSQL."""
    del thing, kind, reflected, compared_to
    return not (name or "").startswith(FULL_TEXT)


_COMPARED = {"compare_type": True, "compare_server_default": True, "include_object": _is_declared}


async def test_the_migrated_schema_is_the_one_the_code_declares(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    import_every_room()

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts=_COMPARED)
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
        found = {name for name in await connection.run_sync(tables) if not name.startswith(FULL_TEXT)}
        assert set(metadata.tables) == found - {"alembic_version"}


async def test_a_database_that_is_newer_than_the_code_is_left_alone(
    migrated_database_url: str, database: Database
) -> None:
    async with database.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert await pending(migrated_database_url) == []
    assert await migrate(migrated_database_url) == []


async def test_a_failed_migration_leaves_the_old_schema(url: str) -> None:
    database = Database(url, clock=SystemClock())
    await database.start()
    async with database.begin() as connection:
        # In the way of the last revision's table: those before it must be undone too.
        await connection.exec_driver_sql("CREATE TABLE leases (name TEXT)")
    with pytest.raises(Exception, match="leases"):
        await migrate(url)
    assert await current(url) is None
    async with database.read() as connection:
        assert await connection.run_sync(tables) == {"leases"}
    await database.stop()


@pytest.mark.slow
async def test_processes_that_migrate_at_once_share_the_work(url: str) -> None:
    code = "import asyncio, sys; from wipsie.database.migrator import migrate; print(len(asyncio.run(migrate(sys.argv[1]))))"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, url, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    said = [await process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], [errors[-2000:] for _, errors in said]
    outputs = [int(output) for output, _ in said]
    assert sorted(outputs) == [0, 0, len(revisions())]


@pytest.mark.slow
async def test_nothing_pending_costs_no_alembic(url: str) -> None:
    await migrate(url)
    code = (
        "import asyncio, sys; from wipsie.database.migrator import migrate; asyncio.run(migrate(sys.argv[1]));"
        "sys.exit('alembic' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, url)
    assert await process.wait() == 0


async def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "wipsie.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        await migrate(f"sqlite:///{path}")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_writer_at_work_is_waited_for(url: str) -> None:
    database = Database(url, clock=SystemClock())
    await database.start()
    await database.stop()
    path = database.url.path
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    migrating = asyncio.create_task(migrate(url))
    done, _ = await asyncio.wait((migrating,), timeout=0.3)
    assert not done
    other.execute("ROLLBACK")
    other.close()
    assert await migrating == revisions()
