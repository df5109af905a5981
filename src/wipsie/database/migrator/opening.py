"""How the migrator opens a database: one connection, without the bounds that ordinary work has."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from wipsie.database.server_connections import server_engine
from wipsie.database.sqlite_engines import sqlite_engine
from wipsie.database.urls import DatabaseUrl
from wipsie.kernel.errors import StorageUnavailable


def migrating_engine(place: DatabaseUrl, *, writes: bool = True) -> AsyncEngine:
    """Opens nothing yet. Without `writes` nobody has to wait for whoever only looks."""
    if place.dialect == "sqlite":
        # Foreign keys off: rewriting a table to change it would otherwise cascade into the tables that refer to it.
        return sqlite_engine(place, writes=writes, pool_size=1, max_overflow=0, synchronous="FULL", foreign_keys=False)
    # An index over a large table takes as long as it takes.
    return server_engine(place, pool_size=1, max_overflow=0, statement_timeout_s=None)


def unreadable(path: Path | None, error: Exception) -> StorageUnavailable:
    """A SQLite file that is not there, is none, or may not be opened."""
    return StorageUnavailable(
        f"Database: {path} cannot be opened ({error}); check its path, rights and disk.",
        details={"path": str(path)},
        retry_after_s=5.0,
    )
