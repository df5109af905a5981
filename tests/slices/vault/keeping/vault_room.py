"""What tests of keeping work with: short words for people who send files and save reports."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Table, insert, select, update

from wipsie.audit.keys import AuditKeys
from wipsie.audit.log import AuditLog, LoggedEvent, all_events
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyFile, KeyHolder, KeyRing, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.domain.dates.partial_date import PartialDate
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.domain.whatsapp.updates import Sender
from wipsie.slices.vault.service.keeping.deleting import Eraser
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.exporting import Exporter, ReadyExport
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.keeping.links.giving import LinkGiver
from wipsie.slices.vault.service.keeping.links.opening import LinkDesk
from wipsie.slices.vault.service.keeping.looking import LookDesk
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.service.keeping.saving import PreparedSave, ReportSaver, SavedReport
from wipsie.slices.vault.store.columns import seal_column
from wipsie.slices.vault.store.files import FileDetails, mark_staged, note_file
from wipsie.slices.vault.store.identities import resolve
from wipsie.slices.vault.store.objects import add_object, staging_key
from wipsie.slices.vault.store.reports import files_of_reports
from wipsie.slices.vault.store.tables import files_table, identities_table
from wipsie.testing.clock import FakeClock

BLOOD_TEST = ReportDetails(date=PartialDate(2025, 11, 3), hospital="Lakeside Hospital", type="blood_test")
AUDIT_KEYS = AuditKeys([b"k" * 32])
BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
"""Both databases."""

OpenRoom = Callable[..., Awaitable["VaultRoom"]]
"""Opens a room over an object store; several may be open at a time, as several processes are."""


class ProcessDies(Exception):
    """What a unit of work sees of a killed process: no commit."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the media processor keeps of a file, as far as keeping looks at it."""

    text: str
    pages: int = 1


def audited_database(url: str, clock: Clock) -> Database:
    """A database whose changes are audited with `AUDIT_KEYS`."""
    # Nobody cuts the power here, and a test commits some dozens of times.
    database = Database(url, clock=clock, synchronous="OFF")
    database.record_with(AuditLog(lambda: AUDIT_KEYS, clock))
    return database


class VaultRoom:
    """One process."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: FakeClock,
        blobs: BlobStore,
        *,
        key_file: KeyFile | None = None,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.blobs = blobs
        self.database = database
        self.key_file = key_file or KeyFile(folder / "vault-keys")
        self.keys = KeyHolder(self.key_file, clock)
        self.sealed = SealedStore(blobs, self.keys, work_dir=folder / "work")
        self.indexer = ReportIndexer()
        self.saver = ReportSaver(self.database, self.sealed, clock, self.indexer)
        self.reading = ReadingRoom(self.database, self.sealed)
        self.eraser = Eraser(self.database, self.sealed, self.keys, clock)
        self.link_giver = LinkGiver(clock, base_url=lambda: "https://vault.example")
        self.links = LinkDesk(self.database, self.sealed, self.keys, clock, **settings)
        self.looks = LookDesk(self.database, self.sealed, self.keys, clock, self.links, self.indexer)
        self.ready: list[ReadyExport] = []
        self.exporter = Exporter(
            self.database, self.sealed, self.keys, clock, self.link_giver, on_ready=self._take_ready
        )
        self._numbers = count(1)

    async def _take_ready(self, unit: UnitOfWork, ring: KeyRing, ready: ReadyExport) -> None:
        del ring
        unit.after_commit(lambda: self.ready.append(ready))

    async def ring(self) -> KeyRing:
        return await self.keys.ring()

    async def owner(self) -> str:
        """Somebody new."""
        owner = str(new_object_id("own", self.clock.now_ms()))
        number = next(self._numbers)
        sender = Sender(user_id=f"IN.{owner[4:]}", wa_id=f"155501{number:05}{owner[-4:]}")
        async with self.database.begin() as connection:
            await resolve(
                connection,
                await self.ring(),
                sender,
                new_id=owner,
                phone_number_id="420000000000088",
                sent_at_ms=self.clock.now_ms(),
                now_ms=self.clock.now_ms(),
            )
        return owner

    async def stage(
        self,
        owner: str,
        content: bytes = b"%PDF-1.7 a report",
        *,
        text: str = "",
        name: str | None = "report.pdf",
        scan: str = "clean",
        kind: str = "pdf",
        picture: bytes | None = None,
    ) -> str:
        """A file of theirs that was fetched and checked; its id. `picture`: the small one that was made of it."""
        ring, now_ms = await self.ring(), self.clock.now_ms()
        file, object_id = str(new_object_id("vfl", now_ms)), str(new_object_id("obj", now_ms))
        sealed = await self.sealed.put(staging_key(owner, object_id), object_id, content)
        sha256 = hashlib.sha256(content).hexdigest()
        details = FileDetails(
            message_id=f"wamid.{file}", media_id="970000000000201", media="document", sha256=sha256, file_name=name
        )
        async with self.database.begin() as connection:
            assert await note_file(
                connection,
                ring,
                file,
                owner=owner,
                phone_number_id="420000000000088",
                details=details,
                state="fetching",
                now_ms=now_ms,
            )
            assert await mark_staged(
                connection,
                ring,
                file,
                owner=owner,
                kind=kind,
                size=len(content),
                sha256=sha256,
                scan=scan,
                reading=Reading(text=text),
                now_ms=now_ms,
            )
            await add_object(
                connection,
                sealed,
                owner=owner,
                file=file,
                role="original",
                media_type={"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}[kind],
                now_ms=now_ms,
            )
        if picture is not None:
            await self.keep_picture(owner, file, picture)
        return file

    async def keep_picture(self, owner: str, file: str, picture: bytes) -> None:
        """The small picture of a staged file."""
        object_id = str(new_object_id("obj", self.clock.now_ms()))
        sealed = await self.sealed.put(staging_key(owner, object_id), object_id, picture)
        async with self.database.begin() as connection:
            await add_object(
                connection,
                sealed,
                owner=owner,
                file=file,
                role="thumbnail",
                media_type="image/jpeg",
                now_ms=self.clock.now_ms(),
            )

    async def save(
        self, owner: str, files: Sequence[str], details: ReportDetails = BLOOD_TEST, *, draft: str | None = None
    ) -> SavedReport:
        """All three steps."""
        prepared = await self.saver.prepare(owner, draft or f"drf_{next(self._numbers)}_{files[0]}", files)
        saved = await self.commit(prepared, details)
        await self.saver.sweep(prepared)
        return saved

    async def commit(self, prepared: PreparedSave, details: ReportDetails = BLOOD_TEST) -> SavedReport:
        """The second of them."""
        ring = await self.ring()
        async with self.database.unit_of_work() as unit:
            return await self.saver.save(unit, ring, prepared, details, Viewer.owner(prepared.owner))

    async def die_before_commit(self, prepared: PreparedSave) -> None:
        """The second of them, up to the commit that does not come."""
        ring = await self.ring()
        with contextlib.suppress(ProcessDies):
            async with self.database.unit_of_work() as unit:
                saved = await self.saver.save(unit, ring, prepared, BLOOD_TEST, Viewer.owner(prepared.owner))
                assert saved.is_new
                raise ProcessDies

    async def saved(
        self, owner: str, content: bytes = b"%PDF-1.7 a report", *, details: ReportDetails = BLOOD_TEST, text: str = ""
    ) -> SavedReport:
        """A report with one file, from staging to the end."""
        return await self.save(owner, [await self.stage(owner, content, text=text)], details)

    async def request_export(self, owner: str) -> str | None:
        """What `EXPORT` does."""
        async with self.database.unit_of_work() as unit:
            return await self.exporter.request(unit, owner, Viewer.owner(owner))

    async def export(self, owner: str) -> dict[str, bytes]:
        """What is in the archive that its link gives, by name."""
        export_id = await self.request_export(owner)
        assert export_id is not None
        ready = await self.exporter.build(owner, export_id)
        assert ready is not None
        async with (
            self.links.opened(ready.link.url.rpartition("/")[2]) as (target, open_object),
            open_object(target.objects[0]) as content,
        ):
            whole = b"".join([piece async for piece in content.pieces()])
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}

    async def read_again(self, report_id: str, text: str) -> None:
        """The rest of its first file was read, after it was saved."""
        ring = await self.ring()
        async with self.database.begin() as connection:
            file = (await files_of_reports(connection, [report_id]))[report_id][0]
            sealed = seal_column(ring, Reading(text=text), files_table.c.reading, file)
            await connection.execute(update(files_table).where(files_table.c.id == file).values(reading=sealed))
            await self.indexer.index(connection, ring, report_id)

    async def indexer_runs(self, report_id: str) -> None:
        """Somebody read more of a report, and does not know what became of it."""
        ring = await self.ring()
        async with self.database.begin() as connection:
            await self.indexer.index(connection, ring, report_id)

    async def open_bytes(self, owner: str, object_id: str) -> bytes:
        """What the reading room gives of an object."""
        viewer = Viewer.owner(owner)
        async with self.reading.opened(await self.ring(), viewer, object_id, purpose="get") as (_, content):
            return b"".join([piece async for piece in content.pieces()])

    async def events(self, action: str | None = None) -> list[LoggedEvent]:
        """The audit log, oldest first; all, or those of one action."""
        found = [event async for event in all_events(self.database)]
        return [event for event in found if action is None or event.action == action]

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]

    async def insert(self, table: Table, **values: Any) -> None:
        async with self.database.begin() as connection:
            await connection.execute(insert(table).values(**values))

    async def identity(self, owner: str) -> dict[str, Any]:
        (row,) = [one for one in await self.rows(identities_table) if one["id"] == owner]
        return row

    async def keys_in_store(self) -> set[str]:
        return {key async for key, _ in self.blobs.walk()}

    async def whole_store(self) -> dict[str, bytes]:
        return {key: (await self.blobs.get(key)).content for key in await self.keys_in_store()}
