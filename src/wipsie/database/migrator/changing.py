"""Brings a database to the schema this code knows: Alembic, run from inside, in one transaction.

Rules for revisions:

* One file per change, ``versions/NNNN_<room>_<what>.py``, numbered without gaps; explicit DDL, no imports from rooms,
  because a room's tables move on and the revision must not.
* **Expand first, contract later.** While a release rolls out, old code runs on the new schema and, before the migration,
  new code on the old one. So a revision only adds: new tables, new columns that are NULL or have a server default, new
  indexes. What is no longer used is dropped one release after the last code that used it. A rename is an addition, a
  copy and, a release later, a removal.
* There is no downgrade: going back to older code needs none, since old code runs on the newer schema.
* Everything pending is applied in one transaction, so a kill leaves the old schema or the new one, nothing between.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from wipsie.database.failures import as_configuration_error, as_unavailable, is_busy
from wipsie.database.server_connections import server_engine
from wipsie.database.sqlite_engines import prepare_sqlite_file, sqlite_engine
from wipsie.database.urls import DatabaseUrl, parse_database_url
from wipsie.kernel.errors import InternalError, StorageUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS = Path(__file__).parent / "migrations"
_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")
_BUSY_TRIES_MAX = 12
"""Times the busy time-out of SQLite: how long one process waits for the migration of another."""
_SERVER_LOCK = 0x77697073
"""Key of PostgreSQL's advisory lock around migrations; any number no other program of the same database uses."""


def revisions() -> list[str]:
    """All revisions this code knows, oldest first, read from the file names alone."""
    return sorted(
        match[1] for path in (MIGRATIONS / "versions").iterdir() if (match := _REVISION_FILE.fullmatch(path.name))
    )


async def current(url: str) -> str | None:
    """The revision a database is at; None for an empty or missing one. StorageUnavailable when it cannot be read,
    ConfigurationError when a server refuses user, password or database name."""
    place = parse_database_url(url)
    if place.path is not None:
        return await asyncio.to_thread(_current_of_file, place.path)
    engine = _engine(place)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_current_of_connection)
    except SQLAlchemyError as error:
        raise as_unavailable(error) or error from error
    except StorageUnavailable as error:
        raise as_configuration_error(error) or error from error.__cause__
    finally:
        await engine.dispose()


async def pending(url: str) -> list[str]:
    """Revisions the database lacks. Cheap: Alembic is not imported. A database newer than this code lacks none."""
    at = await current(url)
    return [revision for revision in revisions() if at is None or revision > at]


async def migrate(url: str) -> list[str]:
    """Create the database where it is missing and apply what is pending; returns the revisions applied, oldest first.

    Safe in many processes at once: one applies, the others wait and find nothing to do. StorageUnavailable when the
    database cannot be reached or written; then nothing was changed.
    """
    if not await pending(url):
        return []
    place = parse_database_url(url)
    try:
        if place.path is not None:
            await asyncio.to_thread(prepare_sqlite_file, place.path)
        engine = _engine(place)
        try:
            return await _upgrade_when_free(engine)
        finally:
            await engine.dispose()
    except SQLAlchemyError as error:
        raise as_unavailable(error) or error from error
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(place.path, error) from error


async def _upgrade_when_free(engine: AsyncEngine) -> list[str]:
    for _ in range(_BUSY_TRIES_MAX - 1):
        try:
            # BEGIN takes the write lock of SQLite, so this block is the critical section there.
            async with engine.begin() as connection:
                return await connection.run_sync(_upgrade)
        except DBAPIError as error:
            if not is_busy(error):
                raise
    async with engine.begin() as connection:
        return await connection.run_sync(_upgrade)


def _engine(place: DatabaseUrl) -> AsyncEngine:
    if place.dialect == "sqlite":
        # Foreign keys off: rewriting a table to change it would otherwise cascade into the tables that refer to it.
        return sqlite_engine(place, writes=True, pool_size=1, max_overflow=0, synchronous="FULL", foreign_keys=False)
    # An index over a large table takes as long as it takes.
    return server_engine(place, pool_size=1, max_overflow=0, statement_timeout_s=None)


def _upgrade(connection: Connection) -> list[str]:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SERVER_LOCK})
    before = _current_of_connection(connection)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if before is not None and before >= max(revisions()):
        return []
    command.upgrade(config, "head")
    if (
        connection.dialect.name == "sqlite"
        and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None
    ):
        raise InternalError(
            "A migration broke a foreign key and was undone; report it with the output of wipsie doctor."
        )
    return [revision for revision in revisions() if before is None or revision > before]


def _current_of_connection(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _current_of_file(path: Path) -> str | None:
    # The standard library's driver, not the engine: this runs at every start and must cost nothing.
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    return row[0] if row else None


def _unreadable(path: Path | None, error: Exception) -> StorageUnavailable:
    return StorageUnavailable(
        f"Database: {path} cannot be opened ({error}); check its path, rights and disk.",
        details={"path": str(path)},
        retry_after_s=5.0,
    )
