"""INSERT statements that know what to do with rows that exist already, for whichever database runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Insert, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def conflict_insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`. `dialect` as `Database.dialect`."""
    # Each dialect takes its time to import, and a process needs one of them.
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def insert_ignoring_conflicts(dialect: str, table: Table) -> Insert:
    """An INSERT that leaves existing rows alone; its rowcount says how many were new."""
    return conflict_insert(dialect, table).on_conflict_do_nothing()
