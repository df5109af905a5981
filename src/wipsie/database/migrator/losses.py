"""What a downgrade would remove: which tables and columns, and in how many rows something is stored there.

The schemas to compare are made in a scratch database in memory, by the revisions themselves; of the real one rows are
counted, and nobody waits for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, column, create_engine, func, inspect, or_, select, table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import StaticPool

from wipsie.database.failures import as_configuration_error, as_unavailable
from wipsie.database.migrator.opening import migrating_engine
from wipsie.database.migrator.reading import current
from wipsie.database.migrator.revisions import BASE, to_undo
from wipsie.database.migrator.running import run_revisions
from wipsie.database.urls import parse_database_url
from wipsie.kernel.errors import StorageUnavailable

_Columns = Mapping[str, frozenset[str]]
"""The columns of each table."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """A table, or columns of one that stays, with what is stored there now."""

    table: str
    columns: list[str]
    """Empty: the whole table."""
    rows: int
    """Those that hold something there."""


async def losses(url: str, *, to: str) -> list[Loss]:
    """What `downgrade` to this revision would remove, by table. InvalidInput, ConfigurationError and StorageUnavailable as
    there."""
    at = await current(url)
    if at is None or not to_undo(at, to):
        return []
    before, after = await asyncio.to_thread(_schemas, at, to)
    gone = {
        name: sorted(columns - after[name]) if name in after else []
        for name, columns in sorted(before.items())
        if name not in after or not columns <= after[name]
    }
    engine = migrating_engine(parse_database_url(url), writes=False)
    try:
        return await _counted(engine, gone)
    except SQLAlchemyError as error:
        raise as_unavailable(error) or error from error
    except StorageUnavailable as error:
        raise as_configuration_error(error) or error from error.__cause__
    finally:
        await engine.dispose()


async def _counted(engine: AsyncEngine, gone: Mapping[str, list[str]]) -> list[Loss]:
    found: list[Loss] = []
    async with engine.connect() as connection:
        there = await connection.run_sync(_columns)
        for name, columns in gone.items():
            # What a database does not have, because it is of another kind than the scratch one, it does not lose either.
            if name not in there or not there[name].issuperset(columns):
                continue
            rows = select(func.count()).select_from(table(name))
            if columns:
                rows = rows.where(or_(*(column(one).is_not(None) for one in columns)))
            found.append(Loss(table=name, columns=columns, rows=(await connection.execute(rows)).scalar_one()))
    return found


def _schemas(at: str, to: str) -> tuple[_Columns, _Columns]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            if to != BASE:
                run_revisions(connection, "upgrade", to)
            after = _columns(connection)
            run_revisions(connection, "upgrade", at)
            return _columns(connection), after
    finally:
        engine.dispose()


def _columns(connection: Connection) -> dict[str, frozenset[str]]:
    inspector = inspect(connection)
    if connection.dialect.name == "sqlite":
        # Not the tables in which a search index keeps its own: they hold nothing that is not elsewhere.
        found = connection.exec_driver_sql(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        )
        names = [name for name in found.scalars() if not name.startswith("sqlite_")]
    else:
        names = inspector.get_table_names()
    return {
        name: frozenset(one["name"] for one in inspector.get_columns(name))
        for name in names
        if name != "alembic_version"
    }
