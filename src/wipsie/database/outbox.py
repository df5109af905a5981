"""The outbox: messages stored in the same commit as the rows they belong to, sent to their queue by a relay.

This room knows no queues, so a row holds plain columns. Life of a row::

    (nothing) ── commit of the unit of work ──► waiting ── sent ──► (gone)
                                                  │  ▲
                            refused for good ▼  │ retry_refused
                                                refused: kept with its error, for a person to look at
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.bulk import bulk_insert
from wipsie.database.metadata import metadata
from wipsie.kernel import json

RowId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of type INTEGER."""

outbox_table = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("queue", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attributes", Text),
    Column("priority", Integer, nullable=False),
    Column("delay_s", Float),
    Column("group_id", Text),
    Column("deduplication_id", Text),
    Column("deduplication_window_s", Float),
    Column("fingerprint", Text),
    Column("origin", Text),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("refused_at_ms", BigInteger),
    Column("error", Text),
    # Without it a row number could be given twice, and the second message would pass for a repeat of the first.
    sqlite_autoincrement=True,
)
_waiting = outbox_table.c.refused_at_ms.is_(None)
_refused = outbox_table.c.refused_at_ms.is_not(None)
# Refused rows stay: reading the waiting ones must not get slower by them.
Index("ix_outbox_waiting", outbox_table.c.id, sqlite_where=_waiting, postgresql_where=_waiting)
Index("ix_outbox_refused", outbox_table.c.id, sqlite_where=_refused, postgresql_where=_refused)


# Built once: these run for every message, and building a statement costs more than running it.
_wanted = _waiting & outbox_table.c.queue.not_in(bindparam("without_queues", expanding=True))
_FIRST = select(outbox_table.c.id).where(_wanted).order_by(outbox_table.c.id).limit(1)
_SIZES = (
    select(outbox_table.c.id, outbox_table.c.size_bytes)
    .where(_wanted)
    .order_by(outbox_table.c.id)
    .limit(bindparam("rows_max", type_=Integer))
)
_ROWS = select(outbox_table).where(_wanted, outbox_table.c.id <= bindparam("last_id")).order_by(outbox_table.c.id)
_REMOVE = delete(outbox_table).where(outbox_table.c.id.in_(bindparam("ids", expanding=True)))


class Publishable(Protocol):
    """What may be published: the fields of the queue's `NewMessage`, without knowing queues."""

    @property
    def queue(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, Any] | None: ...
    @property
    def priority(self) -> int: ...
    @property
    def delay_s(self) -> float | None: ...
    @property
    def group_id(self) -> str | None: ...
    @property
    def deduplication_id(self) -> str | None: ...
    @property
    def deduplication_window_s(self) -> float | None: ...
    @property
    def fingerprint(self) -> str | None: ...
    @property
    def origin(self) -> str | None: ...


class OutboxMessage(msgspec.Struct, kw_only=True, frozen=True):
    """A row of the outbox."""

    id: int
    queue: str
    message_id: str
    body: str
    attributes: str | None
    """JSON object, as it was published."""
    priority: int
    delay_s: float | None
    group_id: str | None
    deduplication_id: str | None
    deduplication_window_s: float | None
    fingerprint: str | None
    origin: str | None
    size_bytes: int
    created_at_ms: int
    refused_at_ms: int | None
    error: str | None


async def write(connection: AsyncConnection, messages: Sequence[Publishable], *, now_ms: int) -> None:
    """Store messages, in order, in the transaction of `connection`."""
    rows: list[dict[str, Any]] = []
    for message in messages:
        attributes = json.encode_text(message.attributes) if message.attributes else None
        rows.append(
            {
                "queue": message.queue,
                "message_id": message.message_id,
                "body": message.body,
                "attributes": attributes,
                "priority": int(message.priority),
                "delay_s": message.delay_s,
                "group_id": message.group_id,
                "deduplication_id": message.deduplication_id,
                "deduplication_window_s": message.deduplication_window_s,
                "fingerprint": message.fingerprint,
                "origin": message.origin,
                "size_bytes": len(message.body.encode()) + len((attributes or "").encode()),
                "created_at_ms": now_ms,
            }
        )
    await bulk_insert(connection, outbox_table, rows)


async def is_waiting(connection: AsyncConnection, *, without_queues: Sequence[str] = ()) -> bool:
    """Whether any row waits, but for `without_queues`."""
    found = await connection.execute(_FIRST, {"without_queues": list(without_queues)})
    return found.one_or_none() is not None


async def waiting(
    connection: AsyncConnection, *, limit: int, bytes_max: int, without_queues: Sequence[str] = ()
) -> list[OutboxMessage]:
    """The oldest waiting rows in order: at most `limit`, and not more than `bytes_max` unless the first alone is larger.
    Rows for `without_queues` (names as they were published) are passed over."""
    without = list(without_queues)
    sizes = await connection.execute(_SIZES, {"without_queues": without, "rows_max": limit})
    last_id = None
    total = 0
    for row_id, size_bytes in sizes:
        total += size_bytes
        if last_id is not None and total > bytes_max:
            break
        last_id = row_id
    if last_id is None:
        return []
    rows = await connection.execute(_ROWS, {"without_queues": without, "last_id": last_id})
    return [OutboxMessage(**row) for row in rows.mappings()]


async def remove(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete rows that were sent. At most 500 at a time."""
    await connection.execute(_REMOVE, {"ids": list(ids)})


async def refuse(connection: AsyncConnection, row_id: int, *, error: str, now_ms: int) -> None:
    """Mark a row the queue will never take."""
    await connection.execute(
        update(outbox_table).where(outbox_table.c.id == row_id).values(refused_at_ms=now_ms, error=error)
    )


async def refused(connection: AsyncConnection, *, limit: int = 100) -> list[OutboxMessage]:
    """Rows the queue refused for good, oldest first."""
    rows = await connection.execute(select(outbox_table).where(_refused).order_by(outbox_table.c.id).limit(limit))
    return [OutboxMessage(**row) for row in rows.mappings()]


async def retry_refused(connection: AsyncConnection) -> int:
    """Make refused rows wait again, after their cause was mended; returns how many."""
    result = await connection.execute(update(outbox_table).where(_refused).values(refused_at_ms=None, error=None))
    return result.rowcount


async def count_waiting(connection: AsyncConnection) -> int:
    """How many rows wait to be sent."""
    return (await connection.execute(select(func.count()).select_from(outbox_table).where(_waiting))).scalar_one()
