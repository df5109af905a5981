"""Where every change of a record goes through: the row, its timeline, its place in the search, the audit log and the mail to
its followers, in one commit.

    use case ── add / change / note ──► row ─► timeline ─► search ─► followers' mail ─► audit event      one unit of work
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import delete

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import ObjectId, new_object_id
from wipsie.slices.asyncops.findable import Findable
from wipsie.slices.asyncops.kinds import Kind
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.store import followers, search, timeline
from wipsie.slices.asyncops.store.hanging import remove_what_hangs_on
from wipsie.slices.asyncops.store.records import NumberedRecord, Record, RecordTable
from wipsie.slices.asyncops.store.timeline import TimelineEvent

SLICE = "asyncops"
RecordT = TypeVar("RecordT", bound=Record)


class Desk:
    """Writes changes. Every verb works in the caller's unit of work."""

    def __init__(self, clock: Clock, notices: Notices) -> None:
        self._clock = clock
        self._notices = notices

    def fresh_id(self, kind: Kind) -> ObjectId:
        """An id for a record that is about to be added."""
        return new_object_id(kind.id_prefix, self._clock.now_ms())

    async def add(
        self,
        unit: UnitOfWork,
        principal: Principal,
        table: RecordTable[RecordT],
        record: RecordT,
        findable: Findable,
        *,
        verb: str = "create",
        facts: Mapping[str, Fact] | None = None,
        data: dict[str, Any] | None = None,
        also_follow: Iterable[str] = (),
        notice: str | None = None,
    ) -> RecordT:
        """Write a fresh record. Whoever made it follows it, and so do the users `also_follow`. `facts` are for the audit log,
        `data` for the timeline, `notice` is one sentence to its followers."""
        connection, now_ms = unit.connection, record.created_at_ms
        await table.insert(connection, record)
        await self._event(unit, principal, table.kind, record, timeline.CREATED, data=data)
        await self._index(unit, table.kind, record, findable)
        makers = () if principal.user_id is None else (principal.user_id,)
        for user_id in dict.fromkeys((*makers, *also_follow)):
            await followers.follow(connection, table.kind.name, record.id, user_id, now_ms=now_ms)
        self._audit(unit, principal, table.kind, record, verb, facts)
        if notice is not None:
            await self._notices.tell_followers(unit, principal, table.kind, record, notice)
        return record

    async def change(
        self,
        unit: UnitOfWork,
        principal: Principal,
        table: RecordTable[RecordT],
        before: RecordT,
        changes: dict[str, Any],
        findable: Findable | None = None,
        *,
        verb: str = "change",
        event: str = timeline.CHANGED,
        at_ms: int | None = None,
        body: str | None = None,
        data: dict[str, Any] | None = None,
        facts: Mapping[str, Fact] | None = None,
        notice: str | None = None,
    ) -> RecordT:
        """Write `changes` (fields and their new values) over a record this unit holds; what is equal already is no change,
        and without any change nothing is written. `findable` when its text may have changed; `at_ms` when it happened, if
        not now; `body` is what somebody wrote about it, `notice` one sentence to its followers."""
        changes = {name: value for name, value in changes.items() if getattr(before, name) != value}
        if not changes and body is None:
            return before
        after = await table.update(unit.connection, before, self._clock.now_ms(), changes)
        told = {name: [_plain(getattr(before, name)), _plain(value)] for name, value in changes.items()}
        await self._event(
            unit,
            principal,
            table.kind,
            after,
            event,
            at_ms=at_ms,
            body=body,
            data={**(data or {}), "changes": told} if told else data,
        )
        if findable is not None:
            await self._index(unit, table.kind, after, findable)
        fields = "+".join(sorted(changes))[:100]
        self._audit(unit, principal, table.kind, after, verb, {"fields": fields, **(facts or {})})
        if notice is not None:
            await self._notices.tell_followers(unit, principal, table.kind, after, notice, body=body)
        return after

    async def note(
        self,
        unit: UnitOfWork,
        principal: Principal,
        table: RecordTable[RecordT],
        record: RecordT,
        event: str,
        *,
        verb: str,
        at_ms: int | None = None,
        body: str | None = None,
        data: dict[str, Any] | None = None,
        pinned: bool = False,
        corrects: str | None = None,
        facts: Mapping[str, Fact] | None = None,
        notice: str | None = None,
    ) -> TimelineEvent:
        """Add to a record's timeline and leave the record as it is."""
        added = await self._event(
            unit,
            principal,
            table.kind,
            record,
            event,
            at_ms=at_ms,
            body=body,
            data=data,
            pinned=pinned,
            corrects=corrects,
        )
        self._audit(unit, principal, table.kind, record, verb, facts)
        if notice is not None:
            await self._notices.tell_followers(unit, principal, table.kind, record, notice, body=body)
        return added

    async def pin(
        self,
        unit: UnitOfWork,
        principal: Principal,
        table: RecordTable[RecordT],
        record: RecordT,
        event: TimelineEvent,
        *,
        pinned: bool,
    ) -> TimelineEvent:
        """Let an event of a record stand out on its timeline, or no longer. What it says stays as it is."""
        if event.pinned == pinned:
            return event
        await timeline.set_pinned(unit.connection, event.id, pinned=pinned)
        self._audit(unit, principal, table.kind, record, "pin" if pinned else "unpin", {"event": event.id})
        return msgspec.structs.replace(event, pinned=pinned)

    async def remove(
        self, unit: UnitOfWork, principal: Principal, table: RecordTable[RecordT], record: RecordT
    ) -> None:
        """Remove a record with everything that hangs on it. That it was there, and who removed it, stays in the audit log."""
        await remove_what_hangs_on(unit.connection, record.id)
        await unit.connection.execute(delete(table.table).where(table.table.c.id == record.id))
        self._audit(unit, principal, table.kind, record, "remove", None)

    async def _event(
        self,
        unit: UnitOfWork,
        principal: Principal,
        kind: Kind,
        record: Record,
        event: str,
        *,
        at_ms: int | None = None,
        body: str | None = None,
        data: dict[str, Any] | None = None,
        pinned: bool = False,
        corrects: str | None = None,
    ) -> TimelineEvent:
        now_ms = self._clock.now_ms()
        added = TimelineEvent(
            id=new_object_id(timeline.ID_PREFIX, now_ms),
            object_kind=kind.name,
            object_id=record.id,
            kind=event,
            at_ms=now_ms if at_ms is None else at_ms,
            recorded_at_ms=now_ms,
            actor=principal.actor,
            body=body,
            data=data,
            pinned=pinned,
            corrects=corrects,
        )
        await timeline.append(unit.connection, added)
        if body:
            await search.put_part(
                unit.connection,
                kind=search.NOTE,
                part_id=added.id,
                parent_kind=kind.name,
                parent_id=record.id,
                body=body,
                now_ms=now_ms,
            )
        return added

    async def _index(self, unit: UnitOfWork, kind: Kind, record: Record, findable: Findable) -> None:
        await search.put(
            unit.connection,
            kind=kind.name,
            object_id=record.id,
            reference=reference_of(kind, record),
            title=findable.title,
            body=findable.body,
            restricted=findable.restricted,
            now_ms=record.updated_at_ms,
        )

    def _audit(
        self,
        unit: UnitOfWork,
        principal: Principal,
        kind: Kind,
        record: Record,
        verb: str,
        facts: Mapping[str, Fact] | None,
    ) -> None:
        unit.record(
            AuditEvent(
                actor=principal.actor,
                action=f"{SLICE}:{kind.name}:{verb}",
                object=f"{kind.name}:{record.id}",
                facts={"version": record.version, **(facts or {})},
            )
        )


def reference_of(kind: Kind, record: Record) -> str:
    """What people call a record by: its number, or its id."""
    return kind.number_text(record.number) if isinstance(record, NumberedRecord) else record.id


def given(patch: msgspec.Struct) -> dict[str, Any]:
    """The fields of a merge patch (RFC 7396) that were sent; a null that was sent is None."""
    return {name: value for name in patch.__struct_fields__ if (value := getattr(patch, name)) is not UNSET}


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
