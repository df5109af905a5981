"""Decisions: what was chosen, among what, and why."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.domain.madr import Alternative
from wipsie.slices.asyncops.kinds import DECISION
from wipsie.slices.asyncops.store.records import NumberedRecord, RecordTable, record_columns

decisions_table = Table(
    "decisions",
    metadata,
    *record_columns(),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("drivers", Json(list[str]), nullable=False),
    Column("options", Json(list[Alternative]), nullable=False),
    Column("chosen", Integer),
    Column("outcome", Text, nullable=False),
    Column("consequences", Json(list[str]), nullable=False),
    Column("confirmation", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("decision_makers", Json(list[str]), nullable=False),
    Column("consulted", Json(list[str]), nullable=False),
    Column("informed", Json(list[str]), nullable=False),
    Column("decided_on", Text),
    Column("revisit_on", Text),
    Column("proposed_at_ms", BigInteger),
    Column("supersedes", Json(list[str]), nullable=False),
    Column("superseded_by", Text),
    Column("superseded_text", Text, nullable=False),
    Column("source", Text),
    Column("source_digest", Text),
)
COLUMNS = decisions_table.c
Index("uq_decisions_number", COLUMNS.number, unique=True)
Index("uq_decisions_source", COLUMNS.source, unique=True)
Index("ix_decisions_status", COLUMNS.status, COLUMNS.id)
Index("ix_decisions_created_by", COLUMNS.created_by, COLUMNS.id)
Index("ix_decisions_superseded_by", COLUMNS.superseded_by, COLUMNS.id)
Index("ix_decisions_status_proposed_at_ms", COLUMNS.status, COLUMNS.proposed_at_ms)
Index("ix_decisions_status_revisit_on", COLUMNS.status, COLUMNS.revisit_on)
Index("ix_decisions_decided_on", COLUMNS.decided_on, COLUMNS.id)
Index("ix_decisions_updated_at_ms", COLUMNS.updated_at_ms, COLUMNS.id)
Index("ix_decisions_created_at_ms", COLUMNS.created_at_ms, COLUMNS.id)


class Decision(NumberedRecord, frozen=True, kw_only=True):
    """A decision of the team. Prose is Markdown."""

    title: str
    status: str
    context: str
    drivers: list[str]
    options: list[Alternative]
    chosen: int | None
    """Place in `options`."""
    outcome: str
    consequences: list[str]
    confirmation: str
    """How one will see that it was carried out."""
    notes: str
    decision_makers: list[str]
    """User ids of colleagues, names of others; likewise the next two."""
    consulted: list[str]
    informed: list[str]
    decided_on: str | None
    """ISO day."""
    revisit_on: str | None
    proposed_at_ms: int | None
    """When it was proposed at last; None for a draft."""
    supersedes: list[str]
    """Ids of the decisions this one stands in place of."""
    superseded_by: str | None
    superseded_text: str
    """How an imported record calls the one that superseded it; empty when that is known here."""
    source: str | None
    """Name of the file it was imported from."""
    source_digest: str | None
    """SHA-256 of that file."""

    def belongs_to(self, user_id: str | None) -> bool:
        """Whether it is somebody's own: whoever wrote it."""
        return user_id is not None and self.created_by == user_id


DECISIONS = RecordTable(DECISION, decisions_table, Decision)
