"""Applies revisions and undoes them, whatever is to be done in one transaction that has the database to itself.

On SQLite that is the write lock of the file. A PostgreSQL server has an advisory lock for migrations; its tables are locked
one by one. Everybody else waits behind whoever waits for a table, so that is given up after some seconds, which lets the
others through, and tried again from the start.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from wipsie.database.failures import as_configuration_error, as_unavailable, is_busy, postgres_state
from wipsie.database.migrator.opening import migrating_engine, unreadable
from wipsie.database.migrator.reading import current, current_on
from wipsie.database.migrator.revisions import to_apply, to_undo
from wipsie.database.migrator.running import run_revisions
from wipsie.database.sqlite_engines import prepare_sqlite_file
from wipsie.database.urls import parse_database_url
from wipsie.kernel.clock import SYSTEM_CLOCK
from wipsie.kernel.errors import StorageUnavailable

LOCK_WAIT_S = 60.0
_TRY_S = 5.0
"""How long one try waits for a table of a server."""
_PAUSE_S = 0.05
_TABLE_IN_USE = frozenset({"55P03", "40P01"})
"""SQLSTATEs: a lock was not to be had in time; two transactions waited for each other."""
_SERVER_LOCK = 0x77697073
"""Key of PostgreSQL's advisory lock around migrations; any number no other program of the same database uses."""


async def migrate(url: str, *, to: str | None = None, lock_wait_s_max: float = LOCK_WAIT_S) -> list[str]:
    """Create the database where it is missing and apply what is pending, all of it or up to the revision `to`; returns the
    revisions applied, oldest first.

    Safe in many processes at once: one applies, the others wait and find nothing to do. InvalidInput for a `to` that is
    unknown. StorageUnavailable when the database cannot be reached or written, or somebody holds a lock on it for longer
    than `lock_wait_s_max`; then nothing was changed.
    """
    if not to_apply(await current(url), to):
        return []

    def upgrade(connection: Connection) -> list[str]:
        wanted = to_apply(current_on(connection), to)
        if wanted:
            run_revisions(connection, "upgrade", wanted[-1])
        return wanted

    return await _alone(url, upgrade, lock_wait_s_max)


async def downgrade(url: str, *, to: str, lock_wait_s_max: float = LOCK_WAIT_S) -> list[str]:
    """Undo every revision after `to`; returns the revisions undone, newest first. What they added is gone then, with what
    was stored in it; see `losses`. `BASE` undoes everything.

    Safe beside other processes that migrate. Processes that work on the newer schema must be stopped first: their
    statements fail afterwards.

    InvalidInput when `to` is unknown or newer than the database, ConfigurationError when the database is newer than this
    code. StorageUnavailable as for `migrate`; nothing was changed then.
    """
    if not to_undo(await current(url), to):
        return []

    def undo(connection: Connection) -> list[str]:
        unwanted = to_undo(current_on(connection), to)
        if unwanted:
            run_revisions(connection, "downgrade", to)
        return unwanted

    return await _alone(url, undo, lock_wait_s_max)


async def _alone(url: str, work: Callable[[Connection], list[str]], lock_wait_s_max: float) -> list[str]:
    place = parse_database_url(url)
    try:
        if place.path is not None:
            await asyncio.to_thread(prepare_sqlite_file, place.path)
        engine = migrating_engine(place)
        try:
            return await _when_free(engine, work, lock_wait_s_max)
        finally:
            await engine.dispose()
    except SQLAlchemyError as error:
        raise as_unavailable(error) or error from error
    except StorageUnavailable as error:
        raise as_configuration_error(error) or error from error.__cause__
    except (sqlite3.Error, OSError) as error:
        raise unreadable(place.path, error) from error


async def _when_free(engine: AsyncEngine, work: Callable[[Connection], list[str]], lock_wait_s_max: float) -> list[str]:
    loop = asyncio.get_running_loop()
    gives_up_at = loop.time() + lock_wait_s_max
    while True:
        try:
            # BEGIN takes the write lock of SQLite, so this block is the critical section there.
            async with engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    # Another migration takes as long as it takes.
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SERVER_LOCK})
                    wait_ms = round(min(lock_wait_s_max, _TRY_S) * 1000)
                    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
                return await connection.run_sync(work)
        except DBAPIError as error:
            in_the_way = is_busy(error) or postgres_state(error) in _TABLE_IN_USE
            if not in_the_way or loop.time() >= gives_up_at:
                raise
        await SYSTEM_CLOCK.sleep(_PAUSE_S)
