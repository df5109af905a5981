"""Who follows which record, and hears of its changes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata

followers_table = Table(
    "followers",
    metadata,
    Column("object_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("object_kind", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)
_COLUMNS = followers_table.c
Index("ix_followers_user_id", _COLUMNS.user_id, _COLUMNS.object_id)
Index("ix_followers_object_id", _COLUMNS.object_id, _COLUMNS.since_ms, _COLUMNS.user_id)
Index("ix_followers_user_id_since_ms", _COLUMNS.user_id, _COLUMNS.since_ms, _COLUMNS.object_id)


async def follow(connection: AsyncConnection, kind: str, object_id: str, user_id: str, *, now_ms: int) -> bool:
    """Let somebody follow a record; False when they do so already."""
    added = insert_ignoring_conflicts(connection.dialect.name, followers_table).values(
        object_kind=kind, object_id=object_id, user_id=user_id, since_ms=now_ms
    )
    return (await connection.execute(added)).rowcount == 1


async def unfollow(connection: AsyncConnection, object_id: str, user_id: str) -> bool:
    """Let somebody follow a record no longer; False when they did not."""
    removed = await connection.execute(
        delete(followers_table).where(_COLUMNS.object_id == object_id, _COLUMNS.user_id == user_id)
    )
    return removed.rowcount == 1


async def followers_of(connection: AsyncConnection, object_id: str) -> list[str]:
    """Ids of the users who follow a record, those who began first in front."""
    wanted = (
        select(_COLUMNS.user_id).where(_COLUMNS.object_id == object_id).order_by(_COLUMNS.since_ms, _COLUMNS.user_id)
    )
    return list((await connection.execute(wanted)).scalars())
