"""The inbox: which handler has handled which message, written in the same commit as what the handler did."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata

handled_messages_table = Table(
    "handled_messages",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("handler", Text, primary_key=True),
    Column("handled_at_ms", BigInteger, nullable=False),
)
Index("ix_handled_messages_handled_at_ms", handled_messages_table.c.handled_at_ms)


async def mark_handled(connection: AsyncConnection, message_id: str, handler: str, *, now_ms: int) -> bool:
    """Note that `handler` handles `message_id` in this transaction. False: it did so in an earlier one; change nothing."""
    statement = insert_ignoring_conflicts(connection.dialect.name, handled_messages_table).values(
        message_id=message_id, handler=handler, handled_at_ms=now_ms
    )
    return (await connection.execute(statement)).rowcount == 1


async def prune(connection: AsyncConnection, *, handled_before_ms: int, limit: int = 5_000) -> int:
    """Forget up to `limit` messages handled before a time; returns how many. Keep at least as long as queues retain
    messages, or a late repeat is taken for new."""
    table = handled_messages_table
    oldest = (
        select(table.c.message_id, table.c.handler)
        .where(table.c.handled_at_ms < handled_before_ms)
        .order_by(table.c.handled_at_ms)
        .limit(limit)
    )
    rows = (await connection.execute(oldest)).all()
    if not rows:
        return 0
    # Both key columns in one go: rows of one age share no other handle.
    result = await connection.execute(
        delete(table).where(
            table.c.handled_at_ms < handled_before_ms, table.c.message_id.in_([row.message_id for row in rows])
        )
    )
    return result.rowcount
