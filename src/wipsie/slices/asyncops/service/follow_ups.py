"""Follow-ups: what is left to do after an incident or a decision, whose it is, and whether it was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.answers import Made
from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock, iso_utc_ms, utc_datetime
from wipsie.kernel.errors import Conflict, InvalidInput, NotFound
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk, given, reference_of
from wipsie.slices.asyncops.kinds import FOLLOW_UP
from wipsie.slices.asyncops.notices import Notices, Reason
from wipsie.slices.asyncops.people import Person, check_colleague, names_of
from wipsie.slices.asyncops.schemas.follow_ups import FollowUpChanges, FollowUpObject, FollowUpView, NewFollowUp
from wipsie.slices.asyncops.schemas.texts import line
from wipsie.slices.asyncops.store import followers, timeline
from wipsie.slices.asyncops.store.follow_ups import FOLLOW_UPS, NO_DAY, NOT_DOING, OUTSTANDING, FollowUp
from wipsie.slices.asyncops.store.records import Record, not_found
from wipsie.slices.asyncops.subjects import Subject, Subjects

MAX_OF_ONE = 200
"""Follow-ups of one record."""


@dataclass(frozen=True, kw_only=True)
class FollowedUp:
    """A kind of record that has follow-ups."""

    subject: Subject
    add: str
    """The permission it takes to add one."""
    steer: str
    """The permission it takes to change those of others."""
    belongs_to: Callable[[Any, str | None], bool]
    """Whether a record is somebody's own."""
    is_over: Callable[[Any], bool]
    """Whether nothing can follow from it any more."""


class FollowUpService:
    """Use cases of follow-ups."""

    def __init__(
        self, desk: Desk, notices: Notices, clock: Clock, subjects: Subjects, followed_up: Iterable[FollowedUp]
    ) -> None:
        self._desk = desk
        self._notices = notices
        self._clock = clock
        self._subjects = subjects
        self.followed_up: Mapping[str, FollowedUp] = {one.subject.kind.name: one for one in followed_up}

    async def add(self, unit: UnitOfWork, principal: Principal, kind: str, reference: str, wanted: NewFollowUp) -> Made:
        """Say what is left to do. Whose it is follows the record and is told."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        parent = self.followed_up[kind]
        record = await parent.subject.get(connection, reference, principal, hold=True)
        principal.check(parent.add, own=parent.belongs_to(record, principal.user_id))
        if parent.is_over(record):
            raise Conflict(f"Nothing follows from {reference_of(parent.subject.kind, record)} any more.")
        await self._refuse_too_many(connection, record)
        await check_colleague(connection, wanted.owner, "owner")
        follow_up = FollowUp(
            id=new_object_id(FOLLOW_UP.id_prefix, now_ms),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
            object_kind=kind,
            object_id=record.id,
            text=line(wanted.text, "text"),
            owner=wanted.owner,
            due_on=_day(wanted.due_on),
            state=OUTSTANDING,
            reason="",
            done_at_ms=None,
        )
        await FOLLOW_UPS.insert(connection, follow_up)
        await self._tell(unit, principal, parent, record, None, follow_up)
        return Made(
            value=await self.view(connection, follow_up),
            version=follow_up.version,
            location=f"{FOLLOW_UP.path}/{follow_up.id}",
        )

    async def change(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        changes: FollowUpChanges,
        expected_version: int,
    ) -> FollowUp:
        """Change one, complete it, or give it up with a reason: whose it is, who wrote it, and who steers the record may."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        before, parent, record = await self._found(connection, principal, reference, hold=True)
        own = parent.belongs_to(record, principal.user_id)
        own = own or (principal.user_id is not None and principal.user_id in (before.owner, before.created_by))
        principal.check(parent.steer, own=own)
        check_version(expected_version, before.version, await self.view(connection, before))
        values = _checked(before, given(changes), now_ms)
        await check_colleague(connection, values.get("owner"), "owner")
        values = {name: value for name, value in values.items() if getattr(before, name) != value}
        if not values:
            return before
        after = await FOLLOW_UPS.update(connection, before, now_ms, values)
        await self._tell(unit, principal, parent, record, before, after)
        return after

    async def show(self, connection: AsyncConnection, principal: Principal, reference: str) -> FollowUp:
        """One that follows from a record somebody may read. NotFound."""
        found, _, _ = await self._found(connection, principal, reference)
        return found

    async def view(self, connection: AsyncConnection, follow_up: FollowUp) -> FollowUpView:
        """As it is shown."""
        (shown,) = await self._shown(connection, [follow_up])
        return shown

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[FollowUpView]:
        """Rows of a list, as they are shown."""
        return await self._shown(connection, [FOLLOW_UPS.of_row(row) for row in rows])

    async def _found(
        self, connection: AsyncConnection, principal: Principal, reference: str, *, hold: bool = False
    ) -> tuple[FollowUp, FollowedUp, Record]:
        found = await FOLLOW_UPS.get(connection, reference)
        parent = self.followed_up.get(found.object_kind)
        try:
            if parent is None:
                raise not_found(FOLLOW_UP, reference)
            # The record first, as everywhere: two who hold the same in another order would wait for each other.
            record = await parent.subject.get(connection, found.object_id, principal, hold=hold)
        except NotFound:
            raise not_found(FOLLOW_UP, reference) from None
        now = await FOLLOW_UPS.get(connection, found.id, hold=hold)
        if now.object_id != record.id:
            raise Conflict("It was taken over by another record this very moment; read it again.")
        return now, parent, record

    async def _refuse_too_many(self, connection: AsyncConnection, record: Record) -> None:
        columns = FOLLOW_UPS.table.c
        wanted = select(columns.id).where(columns.object_id == record.id).limit(MAX_OF_ONE)
        if len((await connection.execute(wanted)).all()) >= MAX_OF_ONE:
            raise Conflict(f"It has {MAX_OF_ONE} follow-ups; nobody will do more.", details={"limit": MAX_OF_ONE})

    async def _tell(
        self,
        unit: UnitOfWork,
        principal: Principal,
        parent: FollowedUp,
        record: Record,
        before: FollowUp | None,
        after: FollowUp,
    ) -> None:
        kind, table = parent.subject.kind, parent.subject.table
        changes: dict[str, list[Any]] = {}
        if before is not None:
            fields = ("text", "owner", "due_on", "state", "reason")
            changes = {
                name: [getattr(before, name), getattr(after, name)]
                for name in fields
                if getattr(before, name) != getattr(after, name)
            }
        await self._desk.note(
            unit,
            principal,
            table,
            record,
            timeline.FOLLOW_UP,
            verb="add_follow_up" if before is None else "change_follow_up",
            body=after.text,
            data={"follow_up": after.id, "state": after.state, "owner": after.owner, "changes": changes},
            facts={"follow_up": after.id, "state": after.state, "fields": "+".join(sorted(changes))},
        )
        if after.owner is not None and (before is None or before.owner != after.owner):
            now_ms = self._clock.now_ms()
            await followers.follow(unit.connection, kind.name, record.id, after.owner, now_ms=now_ms)
            sentence = f"{reference_of(kind, record)}, a follow-up is yours: {getattr(record, 'title', '')}"
            await self._notices.tell(
                unit, principal, kind, record, [after.owner], sentence, body=after.text, reason=Reason.RESPONSIBLE
            )

    async def _shown(self, connection: AsyncConnection, follow_ups: Sequence[FollowUp]) -> list[FollowUpView]:
        people = await names_of(connection, (user for one in follow_ups for user in (one.owner, one.created_by)))
        objects: dict[str, FollowUpObject] = {}
        for kind in sorted({one.object_kind for one in follow_ups} & set(self.followed_up)):
            ids = sorted({one.object_id for one in follow_ups if one.object_kind == kind})
            objects |= await _objects(connection, self.followed_up[kind].subject, ids)
        today = _today(self._clock.now_ms())
        return [_view(one, people, objects[one.object_id], today) for one in follow_ups]


async def _objects(connection: AsyncConnection, subject: Subject, ids: list[str]) -> dict[str, FollowUpObject]:
    columns, kind = subject.table.table.c, subject.kind
    rows = await connection.execute(select(columns.id, columns.number, columns.title).where(columns.id.in_(ids)))
    return {
        row.id: FollowUpObject(
            kind=kind.name,
            id=row.id,
            number=kind.number_text(row.number),
            title=row.title,
            path=f"{kind.path}/{row.id}",
        )
        for row in rows
    }


def _view(follow_up: FollowUp, people: Mapping[str, Person], about: FollowUpObject, today: str) -> FollowUpView:
    def person(user_id: str | None) -> Person | None:
        return None if user_id is None else people.get(user_id, Person(id=user_id, name=""))

    return FollowUpView(
        id=follow_up.id,
        object=about,
        text=follow_up.text,
        owner=person(follow_up.owner),
        due_on=None if follow_up.due_on == NO_DAY else follow_up.due_on,
        overdue=follow_up.state == OUTSTANDING and follow_up.due_on < today,
        state=follow_up.state,  # pyright: ignore[reportArgumentType]  checked when it was written
        reason=follow_up.reason,
        done_at=None if follow_up.done_at_ms is None else iso_utc_ms(follow_up.done_at_ms),
        created_by=person(follow_up.created_by),
        created_at=iso_utc_ms(follow_up.created_at_ms),
        updated_at=iso_utc_ms(follow_up.updated_at_ms),
        version=follow_up.version,
    )


def _checked(before: FollowUp, sent: dict[str, Any], now_ms: int) -> dict[str, Any]:
    values = dict(sent)
    if "text" in values:
        values["text"] = line(values["text"], "text")
    if "due_on" in values:
        values["due_on"] = _day(values["due_on"])
    if values.get("reason", "").strip():
        values["reason"] = line(values["reason"], "reason")
    elif "reason" in values:
        values["reason"] = ""
    after = msgspec.structs.replace(before, **values)
    if after.state == NOT_DOING and not after.reason:
        raise InvalidInput("Say in 'reason' why it is not done.", details={"field": "reason", "problem": "is empty"})
    if after.state != NOT_DOING:
        if values.get("reason"):
            raise InvalidInput(
                "A reason belongs to not_doing alone.", details={"field": "reason", "problem": "is for not_doing"}
            )
        values["reason"] = ""
    if after.state != before.state:
        values["done_at_ms"] = None if after.state == OUTSTANDING else now_ms
    return values


def _day(day: date | None) -> str:
    if day is None:
        return NO_DAY
    text = day.isoformat()
    if not "2000-01-01" <= text < "2200-01-01":
        raise InvalidInput(
            "due_on must lie between the years 2000 and 2200.", details={"field": "due_on", "problem": "is far away"}
        )
    return text


def _today(now_ms: int) -> str:
    return utc_datetime(now_ms).date().isoformat()
