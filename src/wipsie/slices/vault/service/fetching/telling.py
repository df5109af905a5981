"""What became of a file, told to the conversation in the commit that writes it down: both happen, or neither."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.slices.vault.domain.conversation.events import FileChecked
from wipsie.slices.vault.domain.conversation.outcomes import (
    Delayed,
    DuplicateOf,
    Locked,
    Outcome,
    Ready,
    Refused,
    WrongPassword,
)
from wipsie.slices.vault.domain.file_reading import FileReading
from wipsie.slices.vault.domain.files import FileAccepted
from wipsie.slices.vault.service.conversing.conversing import Begun, Conversing
from wipsie.slices.vault.service.fetching.outcomes import Hopeless
from wipsie.slices.vault.service.keeping.events import Viewer, owner_name
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.store import files as store
from wipsie.slices.vault.store.files import FileRow
from wipsie.slices.vault.store.identities import identity_of
from wipsie.slices.vault.store.objects import erase_objects
from wipsie.slices.vault.store.tables import objects_table

Write = Callable[[UnitOfWork, KeyRing], Awaitable[Outcome | None]]
"""Writes down what is to be told; None when nobody wants the file any more."""


class Telling:
    """One per process."""

    def __init__(self, conversing: Conversing, room: ReadingRoom, clock: Clock) -> None:
        self._conversing = conversing
        self._room = room
        self._clock = clock

    async def ready(
        self, file: FileRow, accepted: FileAccepted, reading: FileReading, *, sha256: str, size: int, scan: str
    ) -> Outcome:
        """It may be kept; `scan`: clean or not_scanned."""

        async def write(unit: UnitOfWork, ring: KeyRing) -> Outcome | None:
            is_wanted = await store.mark_staged(
                unit.connection,
                ring,
                file.id,
                owner=file.owner,
                kind=accepted.kind,
                size=size,
                sha256=sha256,
                scan=scan,
                reading=reading,
                now_ms=self._clock.now_ms(),
            )
            if not is_wanted:
                return None
            unit.record(_event("vault:file:check", file.owner, scan=scan, kind=accepted.kind))
            return await self._ready(unit, ring, file, accepted, reading, sha256)

        await self._tell(file, write)
        return Ready(suggestions=reading.suggestions, pages=accepted.pages)

    async def refused(self, file: FileRow, error: Hopeless) -> Outcome:
        """It is not kept, and nobody opens its bytes any more."""

        async def write(unit: UnitOfWork, ring: KeyRing) -> Outcome | None:
            del ring
            now_ms = self._clock.now_ms()
            await erase_objects(unit.connection, objects_table.c.file == file.id, now_ms=now_ms)
            is_wanted = await store.mark_refused(
                unit.connection, file.id, reason=error.reason, scan=error.scan, now_ms=now_ms
            )
            if not is_wanted:
                return None
            unit.record(_event("vault:file:refuse", file.owner, reason=error.reason))
            return Refused(error.reason)

        await self._tell(file, write)
        return Refused(error.reason)

    async def locked(self, file: FileRow, *, is_wrong_password: bool, job_id: str) -> Outcome:
        """It waits for its password, and until then for nothing else. A job tells it once, however often it runs: each time counts as
        a password that was tried."""
        outcome: Outcome = WrongPassword() if is_wrong_password else Locked()

        async def write(unit: UnitOfWork, ring: KeyRing) -> Outcome | None:
            del ring
            await store.note_waiting(unit.connection, file.id, reason=store.LOCKED, now_ms=self._clock.now_ms())
            return outcome

        await self._tell(file, write, f":{job_id}")
        return outcome

    async def waits(self, file: FileRow, reason: str, *, until_ms: int, is_long: bool) -> None:
        """It is looked at again at `until_ms`. Its owner hears of the first wait that is long."""

        async def write(unit: UnitOfWork, ring: KeyRing) -> Outcome | None:
            del ring
            await store.note_waiting(unit.connection, file.id, reason=reason, now_ms=until_ms)
            return Delayed() if is_long else None

        await self._tell(file, write)

    async def _ready(
        self, unit: UnitOfWork, ring: KeyRing, file: FileRow, accepted: FileAccepted, reading: FileReading, sha256: str
    ) -> Ready:
        same = await store.same_content(unit.connection, ring, file.owner, sha256)
        known = await self._room.with_file(unit, ring, Viewer.owner(file.owner), file.owner, same)
        duplicate = None if known is None else DuplicateOf(known.number, utc_datetime(known.saved_at_ms).date())
        return Ready(suggestions=reading.suggestions, duplicate_of=duplicate, pages=accepted.pages)

    async def _tell(self, file: FileRow, write: Write, suffix: str = "") -> None:
        async def begin(unit: UnitOfWork, ring: KeyRing) -> Begun | None:
            outcome = await write(unit, ring)
            identity = None if outcome is None else await identity_of(unit.connection, ring, file.owner)
            if outcome is None or identity is None:
                return None
            event_id = f"checked:{file.id}:{type(outcome).__struct_config__.tag}{suffix}"
            return Begun(identity=identity, events=[FileChecked(id=event_id, file_id=file.id, outcome=outcome)])

        await self._conversing.go_on(begin)


def _event(action: str, owner: str, **facts: str) -> AuditEvent:
    return AuditEvent(actor="system:vault", action=action, object=owner_name(owner), facts=facts)
