"""Blockers: who cannot go on, what for, and whom or what they wait on."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.kinds import BLOCKER
from wipsie.slices.asyncops.store.records import NumberedRecord, RecordTable, record_columns

blockers_table = Table(
    "blockers",
    metadata,
    *record_columns(),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("blocked", Text, nullable=False),
    Column("waiting_kind", Text, nullable=False),
    Column("waiting_on", Text, nullable=False),
    Column("waiting_name", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("acknowledged_at_ms", BigInteger),
    Column("closed_at_ms", BigInteger),
    Column("resolution", Text, nullable=False),
    Column("stale_at_ms", BigInteger, nullable=False),
    Column("escalate_at_ms", BigInteger, nullable=False),
    Column("escalated_at_ms", BigInteger),
)
COLUMNS = blockers_table.c
Index("uq_blockers_number", COLUMNS.number, unique=True)
Index("ix_blockers_blocked", COLUMNS.blocked, COLUMNS.id)
Index("ix_blockers_waiting_on", COLUMNS.waiting_on, COLUMNS.id)
Index("ix_blockers_waiting_kind", COLUMNS.waiting_kind, COLUMNS.id)
Index("ix_blockers_severity", COLUMNS.severity, COLUMNS.id)
Index("ix_blockers_status", COLUMNS.status, COLUMNS.id)
Index("ix_blockers_status_stale_at_ms", COLUMNS.status, COLUMNS.stale_at_ms)
Index("ix_blockers_since_ms", COLUMNS.since_ms, COLUMNS.id)
Index("ix_blockers_updated_at_ms", COLUMNS.updated_at_ms, COLUMNS.id)
Index("ix_blockers_created_at_ms", COLUMNS.created_at_ms, COLUMNS.id)
Index("ix_blockers_closed_at_ms", COLUMNS.closed_at_ms, COLUMNS.id)


class Blocker(NumberedRecord, frozen=True, kw_only=True):
    """Something that keeps somebody from going on."""

    title: str
    details: str
    """Markdown."""
    blocked: str
    """User id of whoever cannot go on."""
    waiting_kind: str
    """user, external, incident, blocker, task or queue."""
    waiting_on: str
    """Id of that; for somebody or something outside, its name."""
    waiting_name: str
    """As people call it: ``INC-42``, a name; of a colleague, the id, since names change."""
    severity: str
    """soft (slowed down) or hard (stands still)."""
    status: str
    since_ms: int
    """Since when they are blocked, at first: a reopened blocker keeps it."""
    acknowledged_at_ms: int | None
    closed_at_ms: int | None
    """When it was resolved or withdrawn; None while it stands."""
    resolution: str
    stale_at_ms: int
    """When it has stood for so much working time of theirs that it is stale. Follows from `since_ms` and their working
    hours, and is kept so that lists can ask for it; the clock jobs put it right when these change."""
    escalate_at_ms: int
    """Likewise, when all leads hear of it."""
    escalated_at_ms: int | None


BLOCKERS = RecordTable(BLOCKER, blockers_table, Blocker)
