"""The end of what is kept: hidden first, and erased when nobody wanted it back.

delete ──► hidden for a week ──► erase: the keys are destroyed, in one commit ──► remove_bytes: the store is cleared
              └── restore ──► as it was

From the commit of an erasure on nobody reads its objects, whatever becomes of their bytes. All of it may be done twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyHolder, KeyRing, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import NotFound, StorageUnavailable
from wipsie.slices.vault.service.keeping.events import Viewer, export_name, owner_name, report_name
from wipsie.slices.vault.store.exports import forget_exports
from wipsie.slices.vault.store.files import mark_discarded
from wipsie.slices.vault.store.identities import add_stored_bytes
from wipsie.slices.vault.store.kept_files import bury_files, of_ids, of_owner
from wipsie.slices.vault.store.links import prune_links, revoke_links
from wipsie.slices.vault.store.objects import erase_objects, exports_of, mark_removed, objects_to_remove
from wipsie.slices.vault.store.reports import (
    Report,
    bury,
    files_of_reports,
    hide,
    hold_owner,
    ids_of_owner,
    ids_to_erase,
    last_hidden,
    report_by_number,
    unhide,
)
from wipsie.slices.vault.store.tables import identities_table, objects_table
from wipsie.slices.vault.store.words import forget_words

HIDDEN_MS = 7 * 86_400_000
"""So long a deleted report may be had back."""
EXPORT_MS = 86_400_000
"""So long an archive is there."""
LINKS_KEPT_MS = 30 * 86_400_000
_PORTION = 200
_PORTIONS_MAX = 500
_OBJECTS = objects_table.c


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure came to."""

    reports: int = 0
    files: int = 0
    objects: int = 0


class Eraser:
    """One per process."""

    def __init__(self, database: Database, sealed: SealedStore, keys: KeyHolder, clock: Clock) -> None:
        self._database = database
        self._sealed = sealed
        self._keys = keys
        self._clock = clock

    async def delete(
        self, unit: UnitOfWork, ring: KeyRing, owner: str, number: int, viewer: Viewer, *, hidden_ms: int = HIDDEN_MS
    ) -> Report:
        """Hide a report, and erase it after `hidden_ms`; its links open nothing any more. As it is then. NotFound."""
        now_ms = self._clock.now_ms()
        report = await report_by_number(unit.connection, ring, owner, number)
        if report is None or not await hide(unit.connection, report.id, now_ms=now_ms, erase_at_ms=now_ms + hidden_ms):
            raise NotFound("There is no such report.", details={"number": number})
        links = await revoke_links(unit.connection, owner, objects=[report.id], now_ms=now_ms)
        unit.record(viewer.event("vault:report:delete", report_name(report.id), {"number": number, "links": links}))
        return msgspec.structs.replace(
            report, version=report.version + 1, deleted_at_ms=now_ms, erase_at_ms=now_ms + hidden_ms
        )

    async def restore(
        self, unit: UnitOfWork, ring: KeyRing, owner: str, viewer: Viewer, number: int | None = None
    ) -> Report | None:
        """Have a deleted report back: the one of this number, or the one that was deleted last. None when there is none, or it is
        erased. Links that were taken back stay so."""
        if number is None:
            report = await last_hidden(unit.connection, ring, owner)
        else:
            report = await report_by_number(unit.connection, ring, owner, number)
        if report is None or not await unhide(unit.connection, report.id):
            return None
        unit.record(viewer.event("vault:report:restore", report_name(report.id), {"number": report.number}))
        return msgspec.structs.replace(report, version=report.version + 1, deleted_at_ms=None, erase_at_ms=None)

    async def erase_reports(
        self, unit: UnitOfWork, ring: KeyRing, owner: str, report_ids: Sequence[str], viewer: Viewer
    ) -> Erased:
        """Leave nothing of these reports of the owner but their numbers, in archives neither. `remove_bytes` after the commit."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        # Whoever makes an archive of them at this moment sees this, or is seen here.
        await hold_owner(connection, owner)
        buried = await bury(connection, report_ids, now_ms=now_ms)
        if not buried:
            return Erased()
        by_report = await files_of_reports(connection, buried)
        files = [file for of_report in by_report.values() for file in of_report]
        await forget_words(connection, buried)
        exports = await exports_of(connection, owner)
        await revoke_links(connection, owner, objects=[*buried, *exports], now_ms=now_ms)
        await erase_objects(connection, _OBJECTS.id.in_(exports), now_ms=now_ms)
        await add_stored_bytes(connection, owner, -await _size_of(connection, files))
        await bury_files(connection, ring, of_ids(files), now_ms=now_ms)
        objects = await erase_objects(connection, _OBJECTS.file.in_(files), now_ms=now_ms)
        for report_id in buried:
            unit.record(
                viewer.event("vault:report:erase", report_name(report_id), {"files": len(by_report[report_id])})
            )
        return Erased(reports=len(buried), files=len(files), objects=objects)

    async def erase_owner(self, unit: UnitOfWork, ring: KeyRing, owner: str, viewer: Viewer) -> Erased:
        """Leave nothing of all reports, files and archives of an owner, saved or not. Who they are, what is said to them and what they
        agreed to is their identity's, not the reports'. `remove_bytes` after the commit."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        await hold_owner(connection, owner)
        reports = 0
        for _ in range(_PORTIONS_MAX):
            ids = await ids_of_owner(connection, owner, count_max=_PORTION)
            if not ids:
                break
            reports += (await self.erase_reports(unit, ring, owner, ids, viewer)).reports
        files = await bury_files(connection, ring, of_owner(owner), now_ms=now_ms)
        objects = await erase_objects(connection, _OBJECTS.owner == owner, now_ms=now_ms)
        await forget_exports(connection, owner)
        links = await revoke_links(connection, owner, now_ms=now_ms)
        await connection.execute(update(identities_table).where(identities_table.c.id == owner).values(stored_bytes=0))
        facts = {"reports": reports, "files": len(files), "objects": objects, "links": links}
        unit.record(viewer.event("vault:owner:erase", owner_name(owner), facts))
        return Erased(reports=reports, files=len(files), objects=objects)

    async def discard(self, unit: UnitOfWork, owner: str, files: Collection[str]) -> list[str]:
        """Drop files that no report has yet; ids of those that were open until now. `remove_bytes` after the commit."""
        now_ms = self._clock.now_ms()
        dropped = await mark_discarded(unit.connection, files, now_ms=now_ms)
        await erase_objects(unit.connection, _OBJECTS.file.in_(dropped) & (_OBJECTS.owner == owner), now_ms=now_ms)
        return dropped

    async def upkeep(self) -> None:
        """Erase what is due, and remove what was erased. KeyMissing; StorageUnavailable, once everything was tried."""
        await self.erase_due()
        await self.erase_old_exports()
        async with self._database.begin() as connection:
            before_ms = self._clock.now_ms() - LINKS_KEPT_MS
            await prune_links(connection, before_ms=before_ms, count_max=_PORTION)
        await self.remove_bytes()

    async def erase_due(self) -> int:
        """Erase reports that were deleted long enough ago; how many. KeyMissing."""
        ring = await self._keys.ring()
        viewer = Viewer(actor="system:retention")
        total = 0
        for _ in range(_PORTIONS_MAX):
            async with self._database.unit_of_work() as unit:
                due = await ids_to_erase(unit.connection, now_ms=self._clock.now_ms(), count_max=_PORTION)
                by_owner: dict[str, list[str]] = {}
                for owner, report_id in due:
                    by_owner.setdefault(owner, []).append(report_id)
                for owner, ids in by_owner.items():
                    total += (await self.erase_reports(unit, ring, owner, ids, viewer)).reports
            if len(due) < _PORTION:
                break
        return total

    async def erase_old_exports(self) -> int:
        """Erase archives whose day is over; how many."""
        total = 0
        for _ in range(_PORTIONS_MAX):
            async with self._database.unit_of_work() as unit:
                found = await unit.connection.execute(
                    select(_OBJECTS.id)
                    .where(
                        _OBJECTS.role == "export",
                        _OBJECTS.wrapped_key.is_not(None),
                        _OBJECTS.created_at_ms <= self._clock.now_ms() - EXPORT_MS,
                    )
                    .limit(_PORTION)
                )
                ids = list(found.scalars())
                total += await erase_objects(unit.connection, _OBJECTS.id.in_(ids), now_ms=self._clock.now_ms())
                for object_id in ids:
                    unit.record(Viewer(actor="system:retention").event("vault:export:erase", export_name(object_id)))
            if len(ids) < _PORTION:
                break
        return total

    async def remove_bytes(self) -> int:
        """Remove the bytes of erased objects from the store; of how many. StorageUnavailable, once all were tried: some wait for the
        next time."""
        total, failure, after_id = 0, None, ""
        for _ in range(_PORTIONS_MAX):
            async with self._database.read() as connection:
                portion = await objects_to_remove(connection, count_max=_PORTION, after_id=after_id)
            removed: list[str] = []
            for one in portion:
                try:
                    for key in one.keys:
                        await self._sealed.delete(key)
                except StorageUnavailable as error:
                    failure = error
                else:
                    removed.append(one.id)
            async with self._database.begin() as connection:
                await mark_removed(connection, removed, now_ms=self._clock.now_ms())
            total += len(removed)
            # When none of so many goes, it is the store and not an object.
            if len(portion) < _PORTION or not removed:
                break
            after_id = portion[-1].id
        if failure is not None:
            raise failure
        return total


async def _size_of(connection: AsyncConnection, files: Sequence[str]) -> int:
    wanted = select(func.coalesce(func.sum(_OBJECTS.size), 0)).where(
        _OBJECTS.file.in_(files), _OBJECTS.role == "original", _OBJECTS.wrapped_key.is_not(None)
    )
    return int((await connection.execute(wanted)).scalar_one())
