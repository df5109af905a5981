"""What people want to be told by mail. Without a row: everything."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import conflict_insert
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata

preferences_table = Table(
    "asyncops_preferences",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("mail_followed", Boolean, nullable=False),
    Column("mail_mentions", Boolean, nullable=False),
    Column("mail_summary", Boolean, nullable=False),
    Column("summary_sections", Json(list[str])),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
_COLUMNS = preferences_table.c


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Of one person."""

    user_id: str
    mail_followed: bool = True
    """Mail about records they follow."""
    mail_mentions: bool = True
    """Mail about comments that mention them."""
    mail_summary: bool = True
    """The daily summary by mail."""
    summary_sections: list[str] | None = None
    """Only these sections of it; None: all."""
    updated_at_ms: int = 0
    version: int = 0
    """0: nothing was ever chosen."""


async def preferences_of(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Preferences]:
    """What each of these people chose, or what goes without choosing."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await connection.execute(select(preferences_table).where(_COLUMNS.user_id.in_(wanted)))
    chosen = {row["user_id"]: Preferences(**row) for row in rows.mappings()}
    return {one: chosen.get(one) or Preferences(user_id=one) for one in wanted}


async def put_preferences(connection: AsyncConnection, preferences: Preferences) -> bool:
    """Write the next version of what somebody chose; False when there is another version than the one before it."""
    values = msgspec.structs.asdict(preferences)
    insertion = conflict_insert(connection.dialect.name, preferences_table).values(values)
    written = await connection.execute(
        insertion.on_conflict_do_update(
            index_elements=["user_id"], set_=values, where=_COLUMNS.version == preferences.version - 1
        )
    )
    return written.rowcount == 1
