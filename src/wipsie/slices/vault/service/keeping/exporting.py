"""All that somebody has, in one archive: originals, a table, and a FHIR Bundle. It is made by a worker, sealed while it is made, and gone
after a day.

request ──► job ──► build: reports ──► ZIP ──► sealed, piece by piece ──► one commit: key, link, audit, word to the owner
   └── a row: somebody waits for it ────────────────────────────────────────────┘ gone, here or in `ExportFailures`: told once
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.errors import BlobCorrupt, BlobNotFound
from wipsie.blobs.sealing import KeyHolder, KeyRing, Opened, Sealed, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.domain.export.exported import ExportedFile, ExportedReport, path_of
from wipsie.slices.vault.domain.export.table import table_pieces
from wipsie.slices.vault.domain.export.zip_stream import ZipStream
from wipsie.slices.vault.domain.fhir import bundle_pieces
from wipsie.slices.vault.domain.files import clean_file_name
from wipsie.slices.vault.jobs import ExportJob, job_message
from wipsie.slices.vault.service.keeping.events import Viewer, export_name, owner_name
from wipsie.slices.vault.service.keeping.links.giving import GivenLink, LinkGiver
from wipsie.slices.vault.store.exports import await_export, begin_export, count_awaited, settle_export
from wipsie.slices.vault.store.files import FileDetails, files_of
from wipsie.slices.vault.store.identities import is_locked
from wipsie.slices.vault.store.objects import (
    OBJECT_PREFIX,
    StoredObject,
    add_object,
    export_key,
    exports_of,
    object_of,
    objects_of_files,
)
from wipsie.slices.vault.store.reports import Report, files_of_reports, hold_owner, reports_of, shown_reports
from wipsie.telemetry.logging import get_logger

A_DAY_MAX: Final = 3
"""Archives of one owner that are there at one time."""
TABLE_PATH: Final = "reports.csv"
BUNDLE_PATH: Final = "fhir-bundle.json"
_REPORTS_MAX: Final = 100_000
_PORTION: Final = 200
_log = get_logger(__name__)


class ReadyExport(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that was made: what its owner is told."""

    owner: str
    link: GivenLink
    reports: int
    files: int
    missing: int
    """Files that could not be read."""
    size: int
    """In bytes."""


class ExportWithheld(Exception):
    """Whoever may be somebody else by now is not given all there is: they ask for it again, and are asked who they are."""


class Exporter:
    """One per process."""

    def __init__(
        self,
        database: Database,
        sealed: SealedStore,
        keys: KeyHolder,
        clock: Clock,
        links: LinkGiver,
        *,
        on_ready: Callable[[UnitOfWork, KeyRing, ReadyExport], Awaitable[None]] | None = None,
    ) -> None:
        """`on_ready` is called in the commit from which on the archive is there: to send its link."""
        self._database = database
        self._sealed = sealed
        self._keys = keys
        self._clock = clock
        self._links = links
        self._on_ready = on_ready

    async def request(self, unit: UnitOfWork, owner: str, viewer: Viewer) -> str | None:
        """Have an archive made; its id. None when there are enough of them already."""
        there = len(await exports_of(unit.connection, owner)) + await count_awaited(unit.connection, owner)
        if there >= A_DAY_MAX:
            unit.record(viewer.event("vault:export:refuse", owner_name(owner), {"why": "enough"}))
            return None
        now_ms = self._clock.now_ms()
        export_id = str(new_object_id(OBJECT_PREFIX, now_ms))
        await await_export(unit.connection, export_id, owner=owner, now_ms=now_ms)
        unit.publish(job_message(ExportJob(owner=owner, export=export_id), now_s=self._clock.now()))
        unit.record(viewer.event("vault:export:request", export_name(export_id)))
        return export_id

    async def build(self, owner: str, export_id: str) -> ReadyExport | None:
        """Make the archive that was asked for; None when nobody waits for it: it is made already, was given up, or its owner is gone.
        ExportWithheld; Conflict when a report was erased meanwhile that is in it: to be made anew. KeyMissing, StorageUnavailable."""
        ring = await self._keys.ring()
        async with self._database.begin() as connection:
            if not await begin_export(connection, export_id, now_ms=self._clock.now_ms()):
                return None
            if await is_locked(connection, owner):
                raise ExportWithheld
        reports = await self._reports(ring, owner)
        exported: list[ExportedReport] = []
        key = export_key(owner, export_id)
        async with contextlib.aclosing(self._archive(ring, owner, reports, exported)) as pieces:
            sealed = await self._sealed.put_pieces(key, export_id, pieces)
        try:
            return await self._keep(ring, owner, sealed, exported)
        except (Conflict, ExportWithheld):
            await self._sealed.delete(key)
            raise

    async def _keep(
        self, ring: KeyRing, owner: str, sealed: Sealed, exported: Sequence[ExportedReport]
    ) -> ReadyExport | None:
        export_id = sealed.info.object_id
        async with self._database.unit_of_work() as unit:
            # Whoever erases something of theirs did so before this, or sees this archive.
            if not await hold_owner(unit.connection, owner) or not await settle_export(unit.connection, export_id):
                return None
            if await is_locked(unit.connection, owner):
                raise ExportWithheld
            if not await self._are_all_there(unit.connection, ring, exported):
                raise Conflict("A report was erased while it was put into an archive; it is made anew.")
            await add_object(
                unit.connection,
                sealed,
                owner=owner,
                file=None,
                role="export",
                media_type="application/zip",
                now_ms=self._clock.now_ms(),
            )
            stored = await object_of(unit.connection, export_id)
            if stored is None:
                raise Conflict("The archive was erased at the moment it was made.")
            link = await self._links.make_for_export(unit, ring, stored, Viewer(actor="system:export"))
            ready = ReadyExport(
                owner=owner,
                link=link,
                reports=len(exported),
                files=sum(len(one.files) for one in exported),
                missing=sum(one.missing for one in exported),
                size=sealed.info.size,
            )
            facts = {"reports": ready.reports, "files": ready.files, "missing": ready.missing}
            unit.record(Viewer(actor="system:export").event("vault:export:make", export_name(export_id), facts))
            if self._on_ready is not None:
                await self._on_ready(unit, ring, ready)
        return ready

    async def _reports(self, ring: KeyRing, owner: str) -> list[Report]:
        reports: list[Report] = []
        async with self._database.read() as connection:
            before: int | None = None
            while len(reports) < _REPORTS_MAX:
                portion = await shown_reports(connection, ring, owner, count_max=_PORTION, before_number=before)
                reports += portion
                if len(portion) < _PORTION:
                    break
                before = portion[-1].number
        return reports[::-1]

    @staticmethod
    async def _are_all_there(connection: AsyncConnection, ring: KeyRing, exported: Sequence[ExportedReport]) -> bool:
        for start in range(0, len(exported), _PORTION):
            ids = [one.id for one in exported[start : start + _PORTION]]
            if len(await reports_of(connection, ring, ids)) != len(ids):
                return False
        return True

    async def _archive(
        self, ring: KeyRing, owner: str, reports: Sequence[Report], exported: list[ExportedReport]
    ) -> AsyncGenerator[bytes]:
        """The ZIP, piece by piece; what is in it goes to `exported`."""
        stream, at_ms = ZipStream(), self._clock.now_ms()
        for report in reports:
            files: list[ExportedFile] = []
            sources = await self._sources(ring, report)
            for position, (details, stored) in enumerate(sources, 1):
                async with contextlib.AsyncExitStack() as stack:
                    content = await self._content(stack, stored)
                    if stored is None or content is None:
                        continue
                    path = path_of(report.number, position, stored.media_type)
                    yield stream.begin(path, at_ms=report.saved_at_ms)
                    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
                    async for piece in content.pieces():
                        sha1.update(piece)
                        sha256.update(piece)
                        yield stream.feed(piece)
                    yield stream.end()
                    files.append(
                        ExportedFile(
                            id=stored.id,
                            path=path,
                            name=None if details.file_name is None else clean_file_name(details.file_name),
                            media_type=stored.media_type,
                            size=content.size,
                            sha1=sha1.digest(),
                            sha256=sha256.digest(),
                        )
                    )
            exported.append(
                ExportedReport(
                    id=report.id,
                    number=report.number,
                    saved_at_ms=report.saved_at_ms,
                    details=report.details,
                    files=tuple(files),
                    missing=report.files - len(files),
                )
            )
        for path, pieces in (
            (TABLE_PATH, table_pieces(exported)),
            (BUNDLE_PATH, bundle_pieces(exported, owner=owner, at_ms=at_ms)),
        ):
            yield stream.begin(path, at_ms=at_ms)
            for piece in pieces:
                yield stream.feed(piece)
            yield stream.end()
        yield stream.finish()

    async def _sources(self, ring: KeyRing, report: Report) -> list[tuple[FileDetails, StoredObject | None]]:
        async with self._database.read() as connection:
            ids = (await files_of_reports(connection, [report.id]))[report.id]
            rows = await files_of(connection, ring, ids)
            objects = {one.file: one for one in await objects_of_files(connection, ids, role="original")}
        return [(row.details, objects.get(row.id)) for row in rows]

    async def _content(self, stack: contextlib.AsyncExitStack, stored: StoredObject | None) -> Opened | None:
        """The content of an object, proved; None when there is none that can be read. One damaged file keeps nobody from all others."""
        if stored is None:
            return None
        try:
            return await stack.enter_async_context(self._sealed.opened(stored.object_key, stored.id, stored.wrapped))
        except (BlobNotFound, BlobCorrupt) as error:
            _log.error("vault_object_not_exported", object=stored.id, code=error.code)
            return None
