"""INSERT … ON CONFLICT DO NOTHING for whichever database runs."""

from __future__ import annotations

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_ignoring_conflicts(dialect: str, table: Table) -> Insert:
    """An INSERT that leaves existing rows alone; its rowcount says how many were new. `dialect` as
    `connection.dialect.name`."""
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
