"""Where the conversation with somebody stands. A change is made to the version that was read, or not at all."""

from __future__ import annotations

import msgspec
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.slices.vault.domain.conversation import Conversation
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.tables import conversations_table

_ROWS = conversations_table.c
# Built once, since every message needs them.
_OF = select(_ROWS.body, _ROWS.version).where(_ROWS.owner == bindparam("of_owner"))
_REPLACE = update(conversations_table).where(
    _ROWS.owner == bindparam("of_owner"), _ROWS.version == bindparam("version_read")
)


class StoredConversation(msgspec.Struct, frozen=True):
    """A conversation as it was read."""

    conversation: Conversation
    version: int
    """0 for one that is not stored yet."""


async def conversation_of(connection: AsyncConnection, ring: KeyRing, owner: str) -> StoredConversation | None:
    """The conversation with somebody; None before their first message."""
    row = (await connection.execute(_OF, {"of_owner": owner})).one_or_none()
    if row is None:
        return None
    return StoredConversation(open_column(ring, row.body, Conversation, _ROWS.body, owner), row.version)


async def store_conversation(
    connection: AsyncConnection,
    ring: KeyRing,
    owner: str,
    version: int,
    conversation: Conversation,
    *,
    now_ms: int,
) -> bool:
    """Put `conversation` in the place of the version that was read. False when another was faster: then everything this commit
    would do belongs to a conversation that is not there any more."""
    values = {
        "version": version + 1,
        "state": str(conversation.state),
        "body": seal_column(ring, conversation, _ROWS.body, owner),
        "deadline_ms": conversation.deadline_ms,
        "updated_at_ms": now_ms,
    }
    if version == 0:
        statement = insert_ignoring_conflicts(connection.dialect.name, conversations_table).values(
            owner=owner, **values
        )
        return (await connection.execute(statement)).rowcount > 0
    changed = await connection.execute(_REPLACE, {"of_owner": owner, "version_read": version, **values})
    return changed.rowcount > 0


async def due_conversations(connection: AsyncConnection, *, before_ms: int, count_max: int) -> list[tuple[str, int]]:
    """Owner and deadline of conversations that should have gone on by themselves before `before_ms`."""
    found = await connection.execute(
        select(_ROWS.owner, _ROWS.deadline_ms)
        .where(_ROWS.deadline_ms < before_ms)
        .order_by(_ROWS.deadline_ms)
        .limit(count_max)
    )
    return [(row.owner, row.deadline_ms) for row in found]


async def forget_conversation(connection: AsyncConnection, owner: str) -> None:
    """Remove it."""
    await connection.execute(delete(conversations_table).where(_ROWS.owner == owner))
