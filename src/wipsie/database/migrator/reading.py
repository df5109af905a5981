"""At which revision a database is, and what it lacks. Cheap: done at every start, and without Alembic."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import msgspec
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.failures import as_configuration_error, as_unavailable
from wipsie.database.migrator.opening import migrating_engine, unreadable
from wipsie.database.migrator.revisions import revisions, to_apply
from wipsie.database.urls import parse_database_url
from wipsie.kernel.errors import StorageUnavailable


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where a database is in the history of the schema."""

    current: str | None
    """Its revision; None for an empty or missing one."""
    newest: str
    """The last revision this code knows."""
    pending: list[str]
    """Revisions it lacks, oldest first."""
    newer_than_code: bool
    """It was migrated by a newer version, whose schema this code can work on as well."""


async def current(url: str) -> str | None:
    """The revision a database is at; None for an empty or missing one. StorageUnavailable when it cannot be read,
    ConfigurationError when a server refuses user, password or database name."""
    place = parse_database_url(url)
    if place.path is not None:
        return await asyncio.to_thread(_current_of_file, place.path)
    engine = migrating_engine(place)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(current_on)
    except SQLAlchemyError as error:
        raise as_unavailable(error) or error from error
    except StorageUnavailable as error:
        raise as_configuration_error(error) or error from error.__cause__
    finally:
        await engine.dispose()


async def pending(url: str) -> list[str]:
    """Revisions the database lacks. A database newer than this code lacks none."""
    return to_apply(await current(url), None)


async def status(url: str) -> Status:
    """Where the database is. Errors as those of `current`."""
    at = await current(url)
    newest = revisions()[-1]
    return Status(current=at, newest=newest, pending=to_apply(at, None), newer_than_code=at is not None and at > newest)


async def missing_on(connection: AsyncConnection) -> list[str]:
    """`pending`, asked on an open connection."""
    return to_apply(await connection.run_sync(current_on), None)


def current_on(connection: Connection) -> str | None:
    """`current`, asked on an open connection."""
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
        raise unreadable(path, error) from error
    return row[0] if row else None
