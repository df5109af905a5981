"""Comments on records."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from wipsie.database.metadata import metadata

comments_table = Table(
    "comments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("ix_comments_object_id", comments_table.c.object_id, comments_table.c.id)
Index("ix_comments_created_by", comments_table.c.created_by, comments_table.c.id)
