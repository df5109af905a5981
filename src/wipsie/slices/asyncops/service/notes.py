"""What people add to timelines by hand: notes of what happened, corrections, pins."""

from __future__ import annotations

from typing import Any

from wipsie.api.answers import Made
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Forbidden, InvalidInput, NotFound
from wipsie.slices.asyncops.desk import Desk, reference_of
from wipsie.slices.asyncops.schemas.moments import moment_ms
from wipsie.slices.asyncops.schemas.texts import prose
from wipsie.slices.asyncops.schemas.timeline import NewNote
from wipsie.slices.asyncops.service.timelines import event_view
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.records import REFERENCE_CHARACTERS_MAX, Record
from wipsie.slices.asyncops.store.timeline import TimelineEvent
from wipsie.slices.asyncops.subjects import Subject

FUTURE_MS_MAX = 60_000
"""Clocks differ; nothing later than this has happened."""


class TimelineNotes:
    """Use cases of timelines."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def add(
        self, unit: UnitOfWork, principal: Principal, subject: Subject, reference: str, wanted: NewNote
    ) -> Made:
        """Tell what happened, now or earlier, or put right what an event says. Followers are told."""
        record = await self._record(unit, principal, subject, reference)
        body = prose(wanted.body, "body")
        if not body.strip():
            raise _refused("body", "is empty")
        now_ms = self._clock.now_ms()
        at_ms = now_ms if wanted.at is None else moment_ms(wanted.at, "at")
        corrected = None
        if wanted.corrects is not None:
            corrected = await timeline.event_of(unit.connection, record.id, wanted.corrects)
            if corrected is None:
                raise _refused("corrects", "is no event of this timeline")
            at_ms = corrected.at_ms if wanted.at is None else at_ms
        if at_ms > now_ms + FUTURE_MS_MAX:
            raise _refused("at", "is in the future")
        what = "a note" if corrected is None else "a correction"
        event = await self._desk.note(
            unit,
            principal,
            subject.table,
            record,
            timeline.NOTE,
            verb="note" if corrected is None else "correct",
            at_ms=at_ms,
            body=body,
            pinned=wanted.pinned,
            corrects=None if corrected is None else corrected.id,
            notice=f"{reference_of(subject.kind, record)}, {what}: {getattr(record, 'title', '')}",
        )
        return Made(value=await event_view(unit.connection, event))

    async def pin(
        self,
        unit: UnitOfWork,
        principal: Principal,
        subject: Subject,
        reference: str,
        event_id: str,
        *,
        pinned: bool,
    ) -> Made:
        """Let an event stand out, or no longer. NotFound."""
        record = await self._record(unit, principal, subject, reference)
        event: TimelineEvent | None = None
        if len(event_id) <= REFERENCE_CHARACTERS_MAX and event_id.isprintable():
            event = await timeline.event_of(unit.connection, record.id, event_id)
        if event is None:
            raise NotFound(
                f"There is no event '{event_id[:REFERENCE_CHARACTERS_MAX]}' on this timeline; ids look like tle_….",
                details={"kind": "event", "reference": event_id[:REFERENCE_CHARACTERS_MAX]},
            )
        event = await self._desk.pin(unit, principal, subject.table, record, event, pinned=pinned)
        return Made(value=await event_view(unit.connection, event), status=200)

    async def _record(self, unit: UnitOfWork, principal: Principal, subject: Subject, reference: str) -> Record:
        record = await subject.get(unit.connection, reference, principal, hold=True)
        if subject.note is None:
            raise Forbidden("Only changes write this timeline.")
        principal.check(subject.note)
        return record


def _refused(field: str, problem: str) -> InvalidInput:
    details: dict[str, Any] = {"field": field, "problem": problem}
    return InvalidInput(
        f"Field '{field}' {problem}.",
        details={**details, "errors": [{"location": f"body.{field}", "message": problem}]},
    )
