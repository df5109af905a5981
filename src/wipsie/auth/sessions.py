"""Sessions: one row for each login, so that a token can be taken back before it ends."""

from __future__ import annotations

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, Index, Table, Text, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.tokens import LIFETIME_S
from wipsie.database.metadata import metadata
from wipsie.kernel.ids import ObjectId, first_object_id

ID_PREFIX = "ses"
CLIENT_CHARACTERS_MAX = 300
"""Of what is kept of a client: its address, and what it says it is."""

sessions_table = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("issued_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("last_seen_at_ms", BigInteger, nullable=False),
    Column("address", Text),
    Column("user_agent", Text),
    Column("revoked_at_ms", BigInteger),
    Column("revoked_because", Text),
)
COLUMNS = sessions_table.c
Index("ix_sessions_user_id", COLUMNS.user_id, COLUMNS.id)
Index("ix_sessions_expires_at_ms", COLUMNS.expires_at_ms)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login."""

    id: ObjectId
    user_id: str
    issued_at_ms: int
    expires_at_ms: int
    last_seen_at_ms: int
    """Written at most once a minute."""
    address: str | None
    user_agent: str | None
    revoked_at_ms: int | None = None
    revoked_because: str | None = None


def live(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions of sessions that have not ended."""
    # Ids are in the order of their making: those older than any lifetime need not be looked at.
    oldest = first_object_id(ID_PREFIX, now_ms - LIFETIME_S * 1000)
    return (COLUMNS.id >= oldest, COLUMNS.revoked_at_ms.is_(None), COLUMNS.expires_at_ms > now_ms)


async def add(connection: AsyncConnection, session: Session) -> None:
    """Write a fresh session."""
    await connection.execute(insert(sessions_table).values(msgspec.structs.asdict(session)))


async def find(connection: AsyncConnection, session_id: str) -> Session | None:
    """The session of an id, ended or not."""
    row = (await connection.execute(select(sessions_table).where(COLUMNS.id == session_id))).mappings().one_or_none()
    return None if row is None else Session(**row)


async def revoke(
    connection: AsyncConnection,
    user_id: str,
    because: str,
    now_ms: int,
    *,
    session_id: str | None = None,
    but: str | None = None,
) -> int:
    """Take back the sessions of somebody: all, one, or all but one. How many had not ended yet."""
    conditions: list[ColumnElement[bool]] = [COLUMNS.user_id == user_id, COLUMNS.revoked_at_ms.is_(None)]
    if session_id is not None:
        conditions.append(COLUMNS.id == session_id)
    if but is not None:
        conditions.append(COLUMNS.id != but)
    revoked = await connection.execute(
        update(sessions_table).where(*conditions).values(revoked_at_ms=now_ms, revoked_because=because)
    )
    return revoked.rowcount


async def note_seen(connection: AsyncConnection, seen_at_ms: dict[str, int]) -> None:
    """Write when sessions were last used."""
    for session_id, at_ms in seen_at_ms.items():
        await connection.execute(update(sessions_table).where(COLUMNS.id == session_id).values(last_seen_at_ms=at_ms))


async def prune(connection: AsyncConnection, *, ended_before_ms: int, limit: int = 5_000) -> int:
    """Forget up to `limit` sessions that ended before a time; how many."""
    oldest = (
        select(COLUMNS.id).where(COLUMNS.expires_at_ms < ended_before_ms).order_by(COLUMNS.expires_at_ms).limit(limit)
    )
    return (await connection.execute(delete(sessions_table).where(COLUMNS.id.in_(oldest.scalar_subquery())))).rowcount
