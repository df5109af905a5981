"""Records as they were: changes that came later are undone, by what their timelines say was there before.

what it is now ──undo the changes after the end of the last window──► as it was then ──undo those of the window──► … a day earlier
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.records import Record
from wipsie.slices.asyncops.store.timeline import timeline_events_table

EVENTS_MAX = 200_000
"""Changes that are looked at; further back the past is told as it is remembered."""
_COLUMNS = timeline_events_table.c

RecordT = TypeVar("RecordT", bound=Record)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one event changed."""

    record_id: str
    recorded_at_ms: int
    before: Mapping[str, Any]
    """By field, what was there before it."""


async def changes_since(connection: AsyncConnection, at_ms: int, kinds: Iterable[str]) -> list[Change]:
    """All changes of records of these kinds, and of their follow-ups, recorded at or after a time, the newest first."""
    wanted = frozenset(kinds)
    found: list[Change] = []
    for row in (await connection.execute(changes_statement(at_ms))).mappings():
        data = cast("dict[str, Any]", row["data"])
        changes = cast("dict[str, list[Any]]", data.get("changes") or {})
        if not changes or row["object_kind"] not in wanted:
            continue
        record_id = data.get("follow_up") if row["kind"] == timeline.FOLLOW_UP else row["object_id"]
        found.append(
            Change(
                record_id=str(record_id),
                recorded_at_ms=row["recorded_at_ms"],
                before={name: values[0] for name, values in changes.items()},
            )
        )
    return found


def changes_statement(at_ms: int) -> Select[Any, Any, Any, Any, Any]:
    """The statement of `changes_since`, for records of all kinds."""
    # Ids begin with their time: the primary key finds them, and orders them. With a condition on their kind, SQLite would
    # rather read all there ever were of that kind.
    first = f"{timeline.ID_PREFIX}_{at_ms:012x}"
    return (
        select(_COLUMNS.object_id, _COLUMNS.object_kind, _COLUMNS.kind, _COLUMNS.recorded_at_ms, _COLUMNS.data)
        .where(_COLUMNS.id >= first, _COLUMNS.data.is_not(None))
        .order_by(_COLUMNS.id.desc())
        .limit(EVENTS_MAX)
    )


class Past(Generic[RecordT]):
    """Goes back in time with some records."""

    def __init__(self, records: Sequence[RecordT], changes: Sequence[Change], fields: Iterable[str]) -> None:
        """`changes`: the newest first; of them, those of these records and `fields` are undone."""
        self._records: dict[str, RecordT] = {one.id: one for one in records}
        self._fields = frozenset(fields)
        self._changes = [one for one in changes if one.record_id in self._records]
        self._next = 0

    def at(self, end_ms: int) -> list[RecordT]:
        """Those that were there before `end_ms`, as they were then, in the order of their ids. To be asked for earlier and
        earlier times only."""
        while self._next < len(self._changes) and self._changes[self._next].recorded_at_ms >= end_ms:
            change = self._changes[self._next]
            before = {name: value for name, value in change.before.items() if name in self._fields}
            self._records[change.record_id] = msgspec.structs.replace(self._records[change.record_id], **before)
            self._next += 1
        return sorted((one for one in self._records.values() if one.created_at_ms < end_ms), key=lambda one: one.id)
