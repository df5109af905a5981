"""The search index: a document for each record, and for each comment and note on it, kept in the commit that changes them.

The text is folded here (case, accents, signs), so that both databases find the same. SQLite keeps an FTS5 index over the
folded columns up to date with triggers; PostgreSQL a GIN index over their lexemes. Both are the migration's business.
A document is written anew with each change: the order of the numbers is the order of writing, and the newest stand last.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.metadata import metadata
from wipsie.database.outbox import RowId
from wipsie.kernel.text_words import folded

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
    # Of what hangs on a record (a comment, a note): the record.
    Column("parent_kind", Text),
    Column("parent_id", Text),
)
_COLUMNS = search_documents_table.c
Index("ix_search_documents_object_kind", _COLUMNS.object_kind, _COLUMNS.object_id)
Index("ix_search_documents_parent_id", _COLUMNS.parent_id)
Index("ix_search_documents_reference", _COLUMNS.reference)

COMMENT = "comment"
NOTE = "note"
"""Text on a timeline: of a note, an update, a reason."""
PARTS = (COMMENT, NOTE)
"""Kinds of documents that hang on the one of a record."""


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
    await _write(
        connection,
        object_id=object_id,
        object_kind=kind,
        reference=reference,
        title=title,
        body=body,
        # Ids are found by themselves, see `finding`: as words they would be found by any digit.
        title_words=folded(title if reference == object_id else f"{reference} {title}"),
        body_words=folded(body),
        restricted=restricted,
        updated_at_ms=now_ms,
    )
    # What hangs on it is seen by whoever sees it.
    moved = update(search_documents_table).where(_COLUMNS.parent_id == object_id, _COLUMNS.restricted != restricted)
    await connection.execute(moved.values(restricted=restricted))


async def put_part(
    connection: AsyncConnection, *, kind: str, part_id: str, parent_kind: str, parent_id: str, body: str, now_ms: int
) -> None:
    """Write what something that hangs on a record is found by; `kind` is one of `PARTS`."""
    parent = select(_COLUMNS.restricted).where(_COLUMNS.object_id == parent_id)
    restricted = (await connection.execute(parent)).scalar()
    await _write(
        connection,
        object_id=part_id,
        object_kind=kind,
        reference=part_id,
        title="",
        body=body,
        title_words="",
        body_words=folded(body),
        # Not there yet: then nobody sees it until the record is written.
        restricted=restricted is not False,
        updated_at_ms=now_ms,
        parent_kind=parent_kind,
        parent_id=parent_id,
    )


async def rewrite(connection: AsyncConnection, document: int, **values: str) -> None:
    """Change the texts and words of one document where it stands: it is no newer for that."""
    await connection.execute(update(search_documents_table).where(_COLUMNS.id == document).values(values))


async def forget(connection: AsyncConnection, object_id: str) -> None:
    """Let a record, or what hangs on one, be found no more."""
    await connection.execute(delete(search_documents_table).where(_COLUMNS.object_id == object_id))


async def _write(connection: AsyncConnection, **values: Any) -> None:
    await forget(connection, values["object_id"])
    await connection.execute(insert(search_documents_table).values(values))
