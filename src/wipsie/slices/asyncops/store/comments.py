"""Comments on records."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.metadata import metadata
from wipsie.kernel.ids import ObjectId

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
_COLUMNS = comments_table.c
Index("ix_comments_object_id", _COLUMNS.object_id, _COLUMNS.id)
Index("ix_comments_created_by", _COLUMNS.created_by, _COLUMNS.id)

ID_PREFIX = "cmt"


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of a record."""

    id: ObjectId
    object_kind: str
    object_id: str
    body: str
    """Markdown."""
    created_at_ms: int
    created_by: str
    updated_at_ms: int
    version: int


async def add_comment(connection: AsyncConnection, comment: Comment) -> None:
    """Write a fresh one."""
    await connection.execute(insert(comments_table).values(msgspec.structs.asdict(comment)))


async def find_comment(connection: AsyncConnection, comment_id: str, *, hold: bool = False) -> Comment | None:
    """One comment. `hold`: nobody else changes it until this transaction ends."""
    wanted = select(comments_table).where(_COLUMNS.id == comment_id)
    if hold:
        wanted = wanted.with_for_update()
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else Comment(**row)


async def change_comment(connection: AsyncConnection, comment: Comment) -> None:
    """Write another version over one that this transaction holds."""
    values: dict[str, Any] = {
        "body": comment.body,
        "updated_at_ms": comment.updated_at_ms,
        "version": comment.version,
    }
    await connection.execute(update(comments_table).where(_COLUMNS.id == comment.id).values(values))


async def remove_comment(connection: AsyncConnection, comment_id: str) -> None:
    """Remove one."""
    await connection.execute(delete(comments_table).where(_COLUMNS.id == comment_id))


async def bodies_of(connection: AsyncConnection, ids: list[str]) -> dict[str, str]:
    """What these comments say now; those that were removed are left out."""
    if not ids:
        return {}
    rows = await connection.execute(select(_COLUMNS.id, _COLUMNS.body).where(_COLUMNS.id.in_(ids)))
    return {row.id: row.body for row in rows}
