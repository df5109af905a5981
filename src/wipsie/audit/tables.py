"""The two tables of the audit log. Triggers made by the migration let rows come, and nothing else."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from wipsie.database.metadata import metadata

HEAD_ID = 1

events_table = Table(
    "audit_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("request_id", Text),
    Column("key_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seal", Text, nullable=False),
)
"""`body` is what was sealed, byte by byte; the columns before it repeat it for those who look for something."""
Index("ix_audit_events_object", events_table.c.object, events_table.c.seq)
Index("ix_audit_events_actor", events_table.c.actor, events_table.c.seq)
Index("ix_audit_events_action", events_table.c.action, events_table.c.seq)

head_table = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("seal", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("head_seal", Text, nullable=False),
)
"""One row: where the log ends. Whoever appends holds it until the commit."""
