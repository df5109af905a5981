"""Status updates: say how one's day went, change it while it is fresh, take it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.kernel.errors import Conflict, Forbidden, InvalidInput
from wipsie.slices.asyncops.desk import Desk, Findable, given
from wipsie.slices.asyncops.domain.days import local_day
from wipsie.slices.asyncops.people import Person, colleagues, names_of
from wipsie.slices.asyncops.rights import WRITE_STATUS
from wipsie.slices.asyncops.schemas.status import NewStatusUpdate, StatusUpdateChanges, StatusUpdateView
from wipsie.slices.asyncops.schemas.texts import line, points, prose
from wipsie.slices.asyncops.store.status import COLUMNS, STATUS_UPDATES, StatusUpdate

PAST_DAYS_MAX = 31
"""How far back an update may be added."""


class StatusService:
    """Use cases of status updates."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def write(self, unit: UnitOfWork, principal: Principal, wanted: NewStatusUpdate) -> StatusUpdate:
        """Say how one's day went. Conflict when that was said already: `details.id` names the update to change instead."""
        author = principal.user_id
        if author is None:
            raise Forbidden("A status update is written by a person; log in as one.")
        (colleague,) = await colleagues(unit.connection, [author])
        now_ms = self._clock.now_ms()
        today = local_day(now_ms, colleague.zone)
        day = wanted.for_date or today
        if not today - timedelta(days=PAST_DAYS_MAX) <= day <= today + timedelta(days=1):
            raise InvalidInput(
                f"for_date must be within the last {PAST_DAYS_MAX} days; today is {today} where you are.",
                details={"field": "for_date", "today": today.isoformat()},
            )
        same_day = (COLUMNS.author == author, COLUMNS.for_date == day.isoformat())
        if (existing := (await unit.connection.execute(select(COLUMNS.id).where(*same_day))).scalar()) is not None:
            raise Conflict(
                f"There is an update of yours for {day} already; change that one.",
                details={"id": existing, "path": f"{STATUS_UPDATES.kind.path}/{existing}"},
            )
        update = StatusUpdate(
            id=self._desk.fresh_id(STATUS_UPDATES.kind),
            created_at_ms=now_ms,
            created_by=author,
            updated_at_ms=now_ms,
            version=1,
            author=author,
            for_date=day.isoformat(),
            health=wanted.health,
            done=points(wanted.done, "done"),
            next=points(wanted.next, "next"),
            notes=prose(wanted.notes, "notes"),
            mood=None if wanted.mood is None else line(wanted.mood, "mood"),
            late=day < today,
        )
        return await self._desk.add(
            unit,
            principal,
            STATUS_UPDATES,
            update,
            _findable(update, colleague.name),
            facts={"health": update.health, "late": update.late},
        )

    async def change(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        changes: StatusUpdateChanges,
        expected_version: int,
    ) -> StatusUpdate:
        """Change one's own update. NotFound, Forbidden, PreconditionFailed."""
        before = await self._held(unit, principal, reference, expected_version)
        values = given(changes)
        for name in ("done", "next"):
            if name in values:
                values[name] = points(values[name], name)
        if "notes" in values:
            values["notes"] = prose(values["notes"], "notes")
        if values.get("mood") is not None:
            values["mood"] = line(values["mood"], "mood")
        names = await names_of(unit.connection, [before.author])
        changed = msgspec.structs.replace(before, **values)
        return await self._desk.change(
            unit, principal, STATUS_UPDATES, before, values, _findable(changed, names[before.author].name)
        )

    async def remove(self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int) -> None:
        """Take one's own update back. NotFound, Forbidden, PreconditionFailed."""
        before = await self._held(unit, principal, reference, expected_version)
        await self._desk.remove(unit, principal, STATUS_UPDATES, before)

    async def _held(
        self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int
    ) -> StatusUpdate:
        found = await STATUS_UPDATES.get(unit.connection, reference, principal, hold=True)
        principal.check(WRITE_STATUS, own=found.author == principal.user_id)
        check_version(expected_version, found.version, await self.view(unit.connection, found))
        return found

    async def view(self, connection: AsyncConnection, update: StatusUpdate) -> StatusUpdateView:
        """As it is shown."""
        return _view(update, await names_of(connection, [update.author]))

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[StatusUpdateView]:
        """Rows of a list, as they are shown."""
        updates = [STATUS_UPDATES.of_row(row) for row in rows]
        names = await names_of(connection, (update.author for update in updates))
        return [_view(update, names) for update in updates]


def _view(update: StatusUpdate, names: dict[str, Person]) -> StatusUpdateView:
    return StatusUpdateView(
        id=update.id,
        author=names.get(update.author, Person(id=update.author, name="")),
        for_date=update.for_date,
        health=update.health,  # pyright: ignore[reportArgumentType]  checked when it was written
        done=update.done,
        next=update.next,
        notes=update.notes,
        mood=update.mood,
        late=update.late,
        created_at=iso_utc_ms(update.created_at_ms),
        updated_at=iso_utc_ms(update.updated_at_ms),
        version=update.version,
    )


async def findables(connection: AsyncConnection, updates: Sequence[StatusUpdate]) -> list[Findable]:
    """What updates are found by."""
    names = await names_of(connection, (update.author for update in updates))
    return [_findable(update, names[update.author].name) for update in updates]


def _findable(update: StatusUpdate, name: str) -> Findable:
    return Findable(
        title=f"{name}, {update.for_date}", body="\n".join([*update.done, *update.next, update.notes]).strip()
    )
