"""Saving a report, so that it is saved once whatever dies when.

prepare: staging ──copy──► vault        repeatable, nothing says so yet     crash: a copy that nobody's row names; swept
save:    one commit: report, number, words, files, objects, audit           crash: all of it or nothing
sweep:   staging ──► gone               repeatable                          crash: swept with what is left over

The report's id follows from the draft's: a save that is repeated finds what it did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.errors import BlobNotFound
from wipsie.blobs.sealing import KeyRing, SealBroken, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.service.keeping.events import Viewer, change_facts, report_name
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.store.files import FileRow, files_of
from wipsie.slices.vault.store.identities import add_stored_bytes
from wipsie.slices.vault.store.kept_files import mark_saved
from wipsie.slices.vault.store.objects import move_object, object_of, objects_of_files, vault_key
from wipsie.slices.vault.store.reports import (
    Report,
    add_report,
    change_details,
    hold_owner,
    report_by_id,
    report_by_number,
    take_number,
)

FILES_MAX = 50
"""Of one report."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """An object on its way from staging into the vault."""

    object_id: str
    key: str
    new_key: str


class PreparedSave(msgspec.Struct, frozen=True, kw_only=True):
    """A report whose objects lie where they are to stay."""

    report_id: str
    owner: str
    files: tuple[str, ...]
    moves: tuple[Move, ...]


class SavedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a save comes to."""

    report_id: str
    number: int
    is_new: bool
    """False: an earlier attempt did it."""


class ReportSaver:
    """One per process."""

    def __init__(self, database: Database, sealed: SealedStore, clock: Clock, indexer: ReportIndexer) -> None:
        self._database = database
        self._sealed = sealed
        self._clock = clock
        self._indexer = indexer

    async def prepare(self, owner: str, draft_id: str, files: Sequence[str]) -> PreparedSave:
        """Copy the objects of staged files to where they are kept; before the unit of work begins, and as often as it takes.
        BlobNotFound, BlobCorrupt; StorageUnavailable."""
        async with self._database.read() as connection:
            objects = await objects_of_files(connection, files)
        moves: list[Move] = []
        for one in objects:
            new_key = vault_key(owner, one.id, one.created_at_ms)
            if one.owner != owner or one.object_key == new_key:
                continue
            try:
                copied = await self._sealed.copy(one.object_key, new_key)
            except BlobNotFound:
                # Another attempt came to its end meanwhile, or there is nothing to save.
                if await self._is_moved(one.id, new_key):
                    continue
                raise
            if copied.sha256 != one.sealed_sha256:
                raise SealBroken(
                    "A staged object is not what was sealed; send the file again.", details={"object_id": one.id}
                )
            moves.append(Move(object_id=one.id, key=one.object_key, new_key=new_key))
        return PreparedSave(
            report_id=report_id_of(owner, draft_id), owner=owner, files=tuple(files), moves=tuple(moves)
        )

    async def save(
        self, unit: UnitOfWork, ring: KeyRing, prepared: PreparedSave, details: ReportDetails, viewer: Viewer
    ) -> SavedReport:
        """Save a report with its files, in their order. NotFound when the owner is gone; Conflict when a file is not there to be
        saved: discarded meanwhile, part of another report, or somebody else's."""
        connection, owner, report_id = unit.connection, prepared.owner, prepared.report_id
        # From here on nobody else saves for them: a repeat that runs beside this one waits, and finds the report.
        if not await hold_owner(connection, owner):
            raise NotFound("There is no such owner any more.")
        known = await report_by_id(connection, ring, report_id)
        if known is not None:
            return SavedReport(report_id=report_id, number=known.number, is_new=False)
        files = await self._files(connection, ring, prepared)
        number = await take_number(connection, owner)
        if number is None or not await mark_saved(connection, owner, prepared.files, now_ms=self._clock.now_ms()):
            raise _not_savable()
        for move in prepared.moves:
            if not await move_object(connection, move.object_id, move.new_key):
                raise _not_savable()
        scan = "clean" if all(one.scan == "clean" for one in files) else "not_scanned"
        await add_report(
            connection,
            ring,
            report_id,
            owner=owner,
            number=number,
            details=details,
            files=prepared.files,
            scan=scan,
            now_ms=self._clock.now_ms(),
        )
        await self._indexer.index(connection, ring, report_id)
        await add_stored_bytes(connection, owner, sum(one.size or 0 for one in files))
        unit.record(
            viewer.event(
                "vault:report:save", report_name(report_id), {"number": number, "files": len(files), "scan": scan}
            )
        )
        return SavedReport(report_id=report_id, number=number, is_new=True)

    async def sweep(self, prepared: PreparedSave) -> None:
        """Remove what was copied, after the commit. What is left by a crash goes with the upkeep. StorageUnavailable."""
        for move in prepared.moves:
            await self._sealed.delete(move.key)

    async def edit(
        self, unit: UnitOfWork, ring: KeyRing, owner: str, number: int, details: ReportDetails, viewer: Viewer
    ) -> Report:
        """Other details for a report; as it is then. NotFound; Conflict when somebody else changes it at this moment."""
        # In the order in which everybody takes them: the owner before their reports.
        await hold_owner(unit.connection, owner)
        report = await report_by_number(unit.connection, ring, owner, number)
        if report is None or report.deleted_at_ms is not None:
            raise NotFound("There is no such report.", details={"number": number})
        if report.details == details:
            return report
        if not await change_details(unit.connection, ring, report, details):
            raise Conflict("The report was changed by somebody else at this moment; look at it again.")
        await self._indexer.index(unit.connection, ring, report.id)
        facts = {"number": number, **change_facts(ring, owner, report.details, details)}
        unit.record(viewer.event("vault:report:edit", report_name(report.id), facts))
        return msgspec.structs.replace(report, version=report.version + 1, details=details)

    async def _is_moved(self, object_id: str, key: str) -> bool:
        async with self._database.read() as connection:
            known = await object_of(connection, object_id)
        return known is not None and known.object_key == key

    async def _files(self, connection: AsyncConnection, ring: KeyRing, prepared: PreparedSave) -> list[FileRow]:
        files = await files_of(connection, ring, prepared.files)
        ids = set(prepared.files)
        if not 0 < len(ids) <= FILES_MAX or len(ids) != len(prepared.files) or len(files) != len(ids):
            raise _not_savable()
        objects = await objects_of_files(connection, prepared.files, role="original")
        # Without its original a file is a name.
        if {one.file for one in objects if one.owner == prepared.owner} != ids:
            raise _not_savable()
        return files


def report_id_of(owner: str, draft_id: str) -> str:
    """The id that a draft's report has, now and at every repeat."""
    return f"rep_{hashlib.sha256(f'{owner}/{draft_id}'.encode()).hexdigest()[:32]}"


def _not_savable() -> Conflict:
    return Conflict("A file of this report is not there to be saved any more; send it again.")
