"""Status updates: one for each person and day."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Table, Text

from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.kinds import STATUS
from wipsie.slices.asyncops.store.records import Record, RecordTable, record_columns

status_updates_table = Table(
    "status_updates",
    metadata,
    *record_columns(),
    Column("author", Text, nullable=False),
    Column("for_date", Text, nullable=False),
    Column("health", Text, nullable=False),
    Column("done", Json(list[str]), nullable=False),
    Column("next", Json(list[str]), nullable=False),
    Column("notes", Text, nullable=False),
    Column("mood", Text),
    Column("late", Boolean, nullable=False),
)
COLUMNS = status_updates_table.c
Index("uq_status_updates_author_for_date", COLUMNS.author, COLUMNS.for_date, unique=True)
Index("ix_status_updates_author", COLUMNS.author, COLUMNS.id)
Index("ix_status_updates_health", COLUMNS.health, COLUMNS.id)
Index("ix_status_updates_for_date", COLUMNS.for_date, COLUMNS.id)
Index("ix_status_updates_updated_at_ms", COLUMNS.updated_at_ms, COLUMNS.id)
Index("ix_status_updates_late", COLUMNS.late, COLUMNS.id)


class StatusUpdate(Record, frozen=True, kw_only=True):
    """What somebody says of one of their days."""

    author: str
    for_date: str
    """Their local day, ISO."""
    health: str
    """on_track, at_risk or off_track."""
    done: list[str]
    next: list[str]
    notes: str
    """Markdown."""
    mood: str | None
    late: bool
    """Written after that day was over."""


STATUS_UPDATES = RecordTable(STATUS, status_updates_table, StatusUpdate)
