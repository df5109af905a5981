"""Links from records to each other, and to queues, messages, mail, reports and pages."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text

from wipsie.database.metadata import metadata

links_table = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("from_kind", Text, nullable=False),
    Column("from_id", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("to_kind", Text, nullable=False),
    Column("to_id", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", Text),
)
_COLUMNS = links_table.c
Index(
    "uq_links_from_id_relation_to_kind_to_id",
    _COLUMNS.from_id,
    _COLUMNS.relation,
    _COLUMNS.to_kind,
    _COLUMNS.to_id,
    unique=True,
)
Index("ix_links_to", _COLUMNS.to_kind, _COLUMNS.to_id, _COLUMNS.id)
Index("ix_links_created_by", _COLUMNS.created_by, _COLUMNS.id)
