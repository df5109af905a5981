"""The timeline of every record: what happened to it, in order. Rows are only added; a correction is another row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.kernel.ids import ObjectId

timeline_events_table = Table(
    "timeline_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", Text),
    Column("data", Json(dict[str, Any])),
    Column("pinned", Boolean, nullable=False),
    Column("corrects", Text),
)
_COLUMNS = timeline_events_table.c
Index("ix_timeline_events_object_id", _COLUMNS.object_id, _COLUMNS.id)
Index("ix_timeline_events_object_id_at_ms", _COLUMNS.object_id, _COLUMNS.at_ms, _COLUMNS.id)
Index("ix_timeline_events_kind", _COLUMNS.object_kind, _COLUMNS.kind, _COLUMNS.at_ms)
Index("ix_timeline_events_actor", _COLUMNS.actor, _COLUMNS.id)

ID_PREFIX = "tle"
CREATED = "created"
CHANGED = "changed"
TRANSITION = "transition"
UPDATE = "update"
"""A structured update for the people who wait for one."""
NOTE = "note"
"""What somebody put there by hand."""
COMMENT = "comment"
LINK = "link"
FOLLOW_UP = "follow_up"
ROLE = "role"
"""Somebody took on a role, or gave it up."""
SIGNAL = "signal"
"""What was proposed already was noticed again."""
REMINDER = "reminder"
POSTMORTEM = "postmortem"
EVENT_KINDS = (
    CREATED,
    CHANGED,
    TRANSITION,
    UPDATE,
    NOTE,
    COMMENT,
    LINK,
    FOLLOW_UP,
    ROLE,
    SIGNAL,
    REMINDER,
    POSTMORTEM,
)


class TimelineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a record."""

    id: ObjectId
    object_kind: str
    object_id: str
    kind: str
    """One of `EVENT_KINDS`."""
    at_ms: int
    """When it happened; people may note things later."""
    recorded_at_ms: int
    actor: str
    """As the audit log names it."""
    body: str | None = None
    """What somebody wrote."""
    data: dict[str, Any] | None = None
    """``changes``: by field, before and after; of a transition, ``from`` and ``to``; and what else belongs to its kind."""
    pinned: bool = False
    corrects: str | None = None
    """Id of the event this one puts right."""


async def append(connection: AsyncConnection, event: TimelineEvent) -> None:
    """Add an event."""
    await connection.execute(insert(timeline_events_table).values(msgspec.structs.asdict(event)))


async def events_of(connection: AsyncConnection, object_id: str, *, kinds: Sequence[str] = ()) -> list[TimelineEvent]:
    """All events of one record, in the order in which they were recorded; only of some kinds when these are given."""
    wanted = select(timeline_events_table).where(_COLUMNS.object_id == object_id).order_by(_COLUMNS.id)
    if kinds:
        wanted = wanted.where(_COLUMNS.kind.in_(kinds))
    return [TimelineEvent(**row) for row in (await connection.execute(wanted)).mappings()]


async def event_of(connection: AsyncConnection, object_id: str, event_id: str) -> TimelineEvent | None:
    """One event of one record."""
    wanted = select(timeline_events_table).where(_COLUMNS.id == event_id, _COLUMNS.object_id == object_id)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else TimelineEvent(**row)


async def set_pinned(connection: AsyncConnection, event_id: str, *, pinned: bool) -> None:
    """Let an event stand out, or no longer: a mark beside it, which is all that changes of an event."""
    await connection.execute(update(timeline_events_table).where(_COLUMNS.id == event_id).values(pinned=pinned))
