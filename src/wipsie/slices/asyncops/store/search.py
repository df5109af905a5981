"""The search index: a row for each record with its text, kept in the commit that changes the record.

The text is folded here (case, accents, signs), so that both databases find the same. SQLite keeps an FTS5 index over the
folded columns up to date with triggers; PostgreSQL a GIN index over their lexemes. Both are the migration's business.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import conflict_insert
from wipsie.database.metadata import metadata
from wipsie.database.outbox import RowId
from wipsie.slices.asyncops.domain.words import folded

search_documents_table = Table(
    "search_documents",
    metadata,
    # FTS5 refers to rows by number, and the numbers of rows without such a column may change.
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("object_id", Text, nullable=False, unique=True),
    Column("object_kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("title_words", Text, nullable=False),
    Column("body_words", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
)
Index("ix_search_documents_object_kind", search_documents_table.c.object_kind, search_documents_table.c.object_id)


async def put(
    connection: AsyncConnection,
    *,
    kind: str,
    object_id: str,
    reference: str,
    title: str,
    body: str,
    restricted: bool,
    now_ms: int,
) -> None:
    """Write what a record is found by. `reference` is its number for people, or its id."""
    values = {
        "object_kind": kind,
        "reference": reference,
        "title": title,
        "body": body,
        "title_words": folded(f"{reference} {title}"),
        "body_words": folded(body),
        "restricted": restricted,
        "updated_at_ms": now_ms,
    }
    insertion = conflict_insert(connection.dialect.name, search_documents_table).values(object_id=object_id, **values)
    await connection.execute(insertion.on_conflict_do_update(index_elements=["object_id"], set_=values))
