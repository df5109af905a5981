"""Follow-ups: what is left to do after an incident or a decision."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.kinds import FOLLOW_UP
from wipsie.slices.asyncops.store.records import Record, RecordTable, record_columns

OUTSTANDING, COMPLETED, NOT_DOING = STATES = ("outstanding", "completed", "not_doing")
NO_DAY = "9999-12-31"
"""`due_on` of one without a day: last in every order."""

follow_ups_table = Table(
    "follow_ups",
    metadata,
    *record_columns(),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("owner", Text),
    Column("due_on", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("done_at_ms", BigInteger),
)
COLUMNS = follow_ups_table.c
Index("ix_follow_ups_object_id", COLUMNS.object_id, COLUMNS.id)
Index("ix_follow_ups_owner", COLUMNS.owner, COLUMNS.id)
Index("ix_follow_ups_due_on", COLUMNS.due_on, COLUMNS.id)
Index("ix_follow_ups_state", COLUMNS.state, COLUMNS.id)
Index("ix_follow_ups_state_due_on", COLUMNS.state, COLUMNS.due_on, COLUMNS.id)
Index("ix_follow_ups_updated_at_ms", COLUMNS.updated_at_ms, COLUMNS.id)
Index("ix_follow_ups_created_at_ms", COLUMNS.created_at_ms, COLUMNS.id)


class FollowUp(Record, frozen=True, kw_only=True):
    """Something somebody is to do."""

    object_kind: str
    """incident or decision."""
    object_id: str
    text: str
    owner: str | None
    due_on: str
    """ISO day, or `NO_DAY`."""
    state: str
    reason: str
    """Why it is not done."""
    done_at_ms: int | None
    """When it was completed or given up."""


FOLLOW_UPS = RecordTable(FOLLOW_UP, follow_ups_table, FollowUp)


async def outstanding_of(connection: AsyncConnection, object_id: str) -> int:
    """How many are left to do."""
    wanted = (
        select(func.count())
        .select_from(follow_ups_table)
        .where(COLUMNS.object_id == object_id, COLUMNS.state == OUTSTANDING)
    )
    return (await connection.execute(wanted)).scalar_one()


async def follow_ups_of(connection: AsyncConnection, object_id: str) -> list[FollowUp]:
    """All of one record, in the order of making."""
    wanted = select(follow_ups_table).where(COLUMNS.object_id == object_id).order_by(COLUMNS.id)
    return [FOLLOW_UPS.of_row(row) for row in (await connection.execute(wanted)).mappings()]


async def move_outstanding(connection: AsyncConnection, from_id: str, to_id: str, *, now_ms: int) -> int:
    """Let another record of the same kind take over what is left to do; how many."""
    moved = await connection.execute(
        update(follow_ups_table)
        .where(COLUMNS.object_id == from_id, COLUMNS.state == OUTSTANDING)
        .values(object_id=to_id, updated_at_ms=now_ms, version=COLUMNS.version + 1)
    )
    return moved.rowcount
