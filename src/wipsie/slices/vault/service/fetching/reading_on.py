"""The pages behind those the card needed: read after the report was saved, so that the search finds what stands in them too.

saved ──► a job for each file that has more pages ──► ten pages, one commit: text and words ──► ten more … ──► done
"""

from __future__ import annotations

from typing import Final, cast

import msgspec

from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.file_reading import PAGES_READ_MAX, FileReading
from wipsie.slices.vault.domain.files import FileKind
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.service.fetching.outcomes import Hopeless
from wipsie.slices.vault.service.fetching.plain_files import PlainFile, PlainFiles
from wipsie.slices.vault.service.fetching.reading import FileReader
from wipsie.slices.vault.service.fetching.staging import Staging
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.store.files import FileRow, file_of, reading_of, write_reading
from wipsie.slices.vault.store.identities import identity_of
from wipsie.slices.vault.store.reports import report_of_file

PAGES_AT_ONCE: Final = 10


class ReadingOn:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        plain: PlainFiles,
        staging: Staging,
        reader: FileReader,
        indexer: ReportIndexer,
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._plain = plain
        self._staging = staging
        self._reader = reader
        self._indexer = indexer

    async def read_on(self, file_id: str) -> int:
        """Read what is left of a saved file; how many pages. KeyMissing, StorageUnavailable: what was read is kept."""
        ring = await self._keys.ring()
        async with self._database.read() as connection:
            file = await file_of(connection, ring, file_id)
            known = await reading_of(connection, ring, file_id, FileReading)
            owner = None if file is None else await identity_of(connection, ring, file.owner)
        if file is None or known is None or owner is None or file.state != "saved" or not known.has_pages_left:
            return 0
        stored = await self._staging.original_of(file)
        if stored is None:
            return 0
        first = known.pages_read
        async with self._plain.new() as plain:
            try:
                await self._staging.open(stored, plain)
            except Hopeless:
                # Whoever verifies the vault is told; here nothing can be done.
                return 0
            while known is not None and known.has_pages_left:
                known = await self._read_some(ring, file, plain, known, owner.language)
        return 0 if known is None else known.pages_read - first

    async def _read_some(
        self, ring: KeyRing, file: FileRow, plain: PlainFile, known: FileReading, language: Language
    ) -> FileReading | None:
        """What is known then; None when the file is no report any more."""
        kind = cast("FileKind", file.kind)
        count = min(PAGES_AT_ONCE, PAGES_READ_MAX - known.pages_read)
        reading = await self._reader.read_on(plain.path, kind, language, first_page=known.pages_read, pages_max=count)
        # Pages that cannot be read are passed over: they would be tried for ever.
        pages_read = min(known.pages, known.pages_read + count)
        text = known.text if reading is None else f"{known.text} {reading.text}".strip()
        longer = msgspec.structs.replace(known, text=text, pages_read=pages_read)
        async with self._database.unit_of_work() as unit:
            if not await write_reading(unit.connection, ring, file.id, longer, now_ms=self._clock.now_ms()):
                return None
            report = await report_of_file(unit.connection, ring, file.id)
            if report is not None:
                await self._indexer.index(unit.connection, ring, report.id)
        return longer
