"""Answers to requests with an Idempotency-Key, kept in the commit of the change they tell of: a repeat is answered from
here and changes nothing."""

from __future__ import annotations

import msgspec
from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata
from wipsie.kernel.errors import IdempotencyKeyReused

idempotent_answers_table = Table(
    "idempotent_answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer),
    Column("body", Text),
    Column("etag", Text),
    Column("location", Text),
    Column("created_at_ms", BigInteger, nullable=False),
)
Index("ix_idempotent_answers_created_at_ms", idempotent_answers_table.c.created_at_ms)
_COLUMNS = idempotent_answers_table.c


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was sent first."""

    status: int
    body: str
    etag: str | None = None
    location: str | None = None


async def claim(
    connection: AsyncConnection, key: str, fingerprint: str, *, now_ms: int, window_ms: int
) -> KeptAnswer | None:
    """The answer that a request under this key got within the window; None: this is the first, and `keep` belongs into this
    same transaction. Of requests at one moment the others wait for the first. IdempotencyKeyReused for another request."""
    claimed = insert_ignoring_conflicts(connection.dialect.name, idempotent_answers_table).values(
        key=key, fingerprint=fingerprint, created_at_ms=now_ms
    )
    if (await connection.execute(claimed)).rowcount == 1:
        return None
    row = (
        (await connection.execute(select(idempotent_answers_table).where(_COLUMNS.key == key).with_for_update()))
        .mappings()
        .one()
    )
    if row["created_at_ms"] <= now_ms - window_ms:
        await connection.execute(
            update(idempotent_answers_table)
            .where(_COLUMNS.key == key)
            .values(fingerprint=fingerprint, created_at_ms=now_ms, status=None, body=None, etag=None, location=None)
        )
        return None
    if row["fingerprint"] != fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for another request; use a new key for a new request.",
            details={"header": "Idempotency-Key"},
        )
    return KeptAnswer(status=row["status"], body=row["body"], etag=row["etag"], location=row["location"])


async def keep(connection: AsyncConnection, key: str, answer: KeptAnswer) -> None:
    """Keep the answer to the request that claimed `key` in this transaction."""
    await connection.execute(
        update(idempotent_answers_table).where(_COLUMNS.key == key).values(**msgspec.structs.asdict(answer))
    )


async def prune(connection: AsyncConnection, *, created_before_ms: int, limit: int = 5_000) -> int:
    """Forget up to `limit` answers given before a time; returns how many."""
    oldest = (
        select(_COLUMNS.key)
        .where(_COLUMNS.created_at_ms < created_before_ms)
        .order_by(_COLUMNS.created_at_ms)
        .limit(limit)
    )
    result = await connection.execute(
        delete(idempotent_answers_table).where(_COLUMNS.key.in_(oldest.scalar_subquery()))
    )
    return result.rowcount
