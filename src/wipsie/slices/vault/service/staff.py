"""What staff do: let things go on, let people in again, and, in need, open a report."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock, iso_utc_ms, utc_datetime
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.slices.vault.domain.conversation import LetIn
from wipsie.slices.vault.jobs import FetchJob, job_message
from wipsie.slices.vault.schemas.staff import AccessEvent, OpenedReport, Opening, ReportView
from wipsie.slices.vault.service.conversing.conversing import Begun, Conversing
from wipsie.slices.vault.service.fetching import look_ups
from wipsie.slices.vault.service.keeping.events import Viewer, owner_name
from wipsie.slices.vault.service.keeping.links.giving import LinkGiver
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.store.accesses import LET_IN, accesses_of, add_access
from wipsie.slices.vault.store.deliveries import cancel, send_again
from wipsie.slices.vault.store.files import LOCKED, FileRow, file_of, forget_look_up
from wipsie.slices.vault.store.history import events_of_owner
from wipsie.slices.vault.store.identities import identity_of, let_in
from wipsie.slices.vault.store.objects import objects_of_files
from wipsie.slices.vault.store.pauses import PausedNumber, paused_numbers, try_now
from wipsie.slices.vault.store.tables import reports_table

EVENTS_MAX: Final = 200
REPORTS_MAX: Final = 1_000
BREAK_GLASS: Final = "break_glass"


class StaffDesk:
    """One per process. NotFound for who and what is not there."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        room: ReadingRoom,
        links: LinkGiver,
        conversing: Conversing,
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._room = room
        self._links = links
        self._conversing = conversing

    async def reports(self, owner: str) -> list[ReportView]:
        """Of an owner, by their numbers: that they are, and nothing of what they say."""
        columns = reports_table.c
        async with self._database.glance() as connection:
            found = await connection.execute(
                select(
                    columns.number,
                    columns.saved_at_ms,
                    columns.files,
                    columns.scan,
                    columns.deleted_at_ms,
                    columns.erase_at_ms,
                    columns.erased_at_ms,
                )
                .where(columns.owner == owner)
                .order_by(columns.number)
                .limit(REPORTS_MAX)
            )
            return [
                ReportView(
                    number=row.number,
                    saved_at=utc_datetime(row.saved_at_ms),
                    files=row.files,
                    scan=row.scan,
                    deleted_at=None if row.deleted_at_ms is None else utc_datetime(row.deleted_at_ms),
                    erase_at=None if row.erase_at_ms is None else utc_datetime(row.erase_at_ms),
                    erased_at=None if row.erased_at_ms is None else utc_datetime(row.erased_at_ms),
                )
                for row in found
            ]

    async def events(self, owner: str) -> list[AccessEvent]:
        """What was done with what is an owner's, the newest first."""
        async with self._database.glance() as connection:
            entries = await events_of_owner(connection, owner, count_max=EVENTS_MAX)
        return [
            AccessEvent(
                at=utc_datetime(one.at_ms), actor=one.actor, action=one.action, number=one.number, reason=one.reason
            )
            for one in entries
        ]

    async def openings(self, owner: str) -> list[Opening]:
        """Reports of an owner that staff opened in need, and when they let them in, with the reasons, the newest first. KeyMissing."""
        ring = await self._keys.ring()
        async with self._database.glance() as connection:
            found = await accesses_of(connection, ring, owner, count_max=EVENTS_MAX)
        return [
            Opening(
                at=utc_datetime(one.at_ms),
                actor=one.actor,
                action="owner_let_in" if one.is_let_in else "report_opened",
                number=one.number,
                reason=one.reason,
            )
            for one in found
        ]

    async def pauses(self) -> list[PausedNumber]:
        """Numbers of ours that send nothing."""
        async with self._database.glance() as connection:
            return list(await paused_numbers(connection))

    async def resume(self, principal: Principal, phone_number_id: str) -> None:
        """Have a number tried at once."""
        async with self._database.unit_of_work() as unit:
            tried = await try_now(unit.connection, phone_number_id, now_ms=self._clock.now_ms())
            if not tried:
                raise NotFound("This number is not paused.", details={"phone_number_id": phone_number_id[:32]})
            unit.record(
                AuditEvent(actor=principal.actor, action="vault:number:resume", object=f"number:{phone_number_id}")
            )

    async def send_again(self, principal: Principal, delivery_id: str) -> str:
        """Send once more what failed, as a delivery of its own; its id. Conflict."""
        ring = await self._keys.ring()
        async with self._database.unit_of_work() as unit:
            new_id = await send_again(unit, ring, delivery_id, now_ms=self._clock.now_ms())
            unit.record(
                AuditEvent(actor=principal.actor, action="vault:delivery:retry", object=f"delivery:{delivery_id}")
            )
        return new_id

    async def cancel(self, principal: Principal, delivery_id: str) -> None:
        """Do not send what waits. Conflict."""
        async with self._database.unit_of_work() as unit:
            await cancel(unit.connection, delivery_id, now_ms=self._clock.now_ms())
            unit.record(
                AuditEvent(actor=principal.actor, action="vault:delivery:cancel", object=f"delivery:{delivery_id}")
            )

    async def look_again(self, principal: Principal, file_id: str) -> FileRow:
        """Have a file that waits looked at now. Conflict for one that does not wait, or not for us; or for which Meta was asked as often
        within the hour as it lets us: details tell from when on it can be."""
        ring = await self._keys.ring()
        now_ms = self._clock.now_ms()
        async with self._database.unit_of_work() as unit:
            file = await file_of(unit.connection, ring, file_id)
            if file is None:
                raise NotFound("There is no such file.")
            if file.state != "fetching":
                raise Conflict("Only a file that waits can be looked at again.", details={"state": file.state})
            if file.reason == LOCKED:
                raise Conflict("This file waits for its owner, who has its password.", details={"reason": file.reason})
            if not await objects_of_files(unit.connection, [file_id], role="original"):
                await self._let_look_up(unit.connection, file, now_ms)
            unit.publish(job_message(FetchJob(file=file_id), now_s=now_ms / 1000))
            unit.record(AuditEvent(actor=principal.actor, action="vault:file:look_again", object=f"file:{file_id}"))
        return file

    async def _let_look_up(self, connection: AsyncConnection, file: FileRow, now_ms: int) -> None:
        next_ms = look_ups.next_look_up_ms(file.attempts, file.looked_up_at_ms)
        if next_ms <= now_ms:
            return
        if file.attempts >= look_ups.IN_AN_HOUR_MAX:
            raise Conflict(
                "Meta was asked for this file as often as it allows; it is asked again by itself.",
                details={"next_at": iso_utc_ms(next_ms)},
            )
        await forget_look_up(connection, file.id)

    async def break_glass(self, principal: Principal, owner: str, number: int, reason: str) -> OpenedReport:
        """Open a report of somebody. It is recorded before anything of it is given, and its owner sees it in their history."""
        ring = await self._keys.ring()
        viewer = Viewer(actor=principal.actor, reason=BREAK_GLASS)
        async with self._database.unit_of_work() as unit:
            if await identity_of(unit.connection, ring, owner) is None:
                raise NotFound("There is no such owner.")
            report = await self._room.get(unit, ring, viewer, owner, number, purpose=BREAK_GLASS)
            link = None
            if report is not None:
                id_ = await add_access(
                    unit.connection,
                    ring,
                    owner=owner,
                    report=report.id,
                    actor=principal.actor,
                    reason=reason,
                    now_ms=self._clock.now_ms(),
                )
                unit.record(
                    viewer.event("vault:report:break_glass", owner_name(owner), {"access": id_, "number": number})
                )
                link = await self._links.make(unit, ring, owner, number, viewer, BREAK_GLASS)
        # Outside: that somebody asked for what is not there is recorded as well.
        if report is None or link is None:
            raise NotFound("There is no such report.")
        details = report.details
        return OpenedReport(
            number=number,
            date=None if details.date is None else details.date.iso,
            hospital=details.hospital,
            type=details.type,
            person=details.person,
            note=details.note,
            link=link.url,
            expires_at=utc_datetime(link.expires_at_ms),
        )

    async def unlock(self, principal: Principal, owner: str, reason: str) -> None:
        """Let somebody in who was sent to us: nothing is asked of them any more, and a PIN they had is gone. It is told to them, as far
        as WhatsApp lets us, in the commit that does it. Conflict for who is asked for nothing."""

        async def begin(unit: UnitOfWork, ring: KeyRing) -> Begun:
            identity = await identity_of(unit.connection, ring, owner)
            if identity is None:
                raise NotFound("There is no such owner.")
            if not identity.needs_step_up and identity.pin_hash is None:
                raise Conflict("Nothing is asked of this owner: there is nothing to unlock.")
            await let_in(unit.connection, owner)
            id_ = await add_access(
                unit.connection,
                ring,
                owner=owner,
                report=LET_IN,
                actor=principal.actor,
                reason=reason,
                now_ms=self._clock.now_ms(),
            )
            viewer = Viewer(actor=principal.actor)
            unit.record(viewer.event("vault:identity:unlock", owner_name(owner), {"access": id_}))
            free = msgspec.structs.replace(
                identity, pin_hash=None, pin_failures=0, pin_blocked_until_ms=0, needs_step_up=False
            )
            return Begun(identity=free, events=[LetIn(id=f"let_in:{id_}")])

        await self._conversing.go_on(begin)
