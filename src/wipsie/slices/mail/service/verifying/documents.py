"""Compares the documents with the index: first every object with its row, then the days on which the two do not come out even.

Objects are listed in no certain order, so what is missing among them is not seen as they pass by. But mails are counted by day
as they do, and only a day that has more rows than objects is gone through again, row by row. However many mails there are,
memory holds a counter for each day and the keys of one day.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.archive_key import FOLDER, number_from, read_key
from wipsie.slices.mail.domain.document import NotADocument
from wipsie.slices.mail.service.missing_documents import DAY_S, missing_documents
from wipsie.slices.mail.service.reindexing import indexed, write_index
from wipsie.slices.mail.service.stored_mail import read_stored
from wipsie.slices.mail.service.verifying.checks import few_at_once
from wipsie.slices.mail.service.verifying.findings import Finding, Progress, VerifyReport
from wipsie.slices.mail.store import census, erasures
from wipsie.slices.mail.store.census import KnownDocument

_BATCH = 256
_PENDING_MAX = 4_096


class DocumentCheck:
    """One pass over all documents."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        report: VerifyReport,
        *,
        clock: Clock,
        quick: bool,
        repair: bool,
        settle_s: float,
        on_progress: Progress | None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._report = report
        self._clock = clock
        self._quick = quick
        self._repair = repair
        self._settle_s = settle_s
        self._on_progress = on_progress
        self._objects_of_day: Counter[int] = Counter()
        """Those that are in the index, by days since 1970."""
        self._pending: list[tuple[str, int]] = []
        """Documents without a row: mails may be on their way between the two."""

    async def run(self) -> None:
        """Note everything that is wrong. StorageUnavailable."""
        async with self._database.read() as connection:
            total = await census.count_mails(connection)
        batch: list[tuple[str, int]] = []
        async for entry in self._blobs.walk(FOLDER):
            batch.append(entry)
            if len(batch) >= _BATCH:
                await self._batch(batch)
                batch = []
                self._tell(total)
        await self._batch(batch)
        await self._settle()
        self._tell(total)
        await self._days()

    async def _batch(self, batch: Sequence[tuple[str, int]]) -> None:
        self._report.documents += len(batch)
        async with self._database.read() as connection:
            known = await census.known_documents(connection, [key for key, _ in batch])
        await few_at_once(self._known(key, size, known[key]) for key, size in batch if key in known)
        for key, size in batch:
            if key in known:
                continue
            if read_key(key) is None:
                self._report.note(Finding(kind="not_a_mail", key=key, detail="no mail has this key"))
            else:
                self._pending.append((key, size))
        if len(self._pending) >= _PENDING_MAX:
            await self._settle()

    async def _known(self, key: str, size: int, known: KnownDocument) -> None:
        """A document with a row. One that is gone meanwhile is not counted, and so looked for again."""
        if self._quick:
            if size != known.size:
                self._report.note(_changed(key, f"it has {size} bytes, the index says {known.size}"))
            self._objects_of_day[_day_of(key)] += 1
            return
        try:
            stored = await read_stored(self._blobs, key, size)
        except BlobNotFound:
            return
        except BlobCorrupt:
            self._report.note(_changed(key, "its bytes are not those that were stored"))
        except NotADocument as error:
            self._report.note(Finding(kind="not_a_mail", key=key, detail=str(error)))
        else:
            self._report.bytes_read += len(stored.content)
            if hashlib.sha256(stored.content).hexdigest() != known.sha256:
                self._report.note(_changed(key, "the index has another checksum"))
        self._objects_of_day[_day_of(key)] += 1

    async def _settle(self) -> None:
        """Look again after a while: what is missing still is not on its way."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        await self._clock.sleep(self._settle_s)
        for start in range(0, len(pending), _BATCH):
            some = pending[start : start + _BATCH]
            async with self._database.read() as connection:
                known = await census.known_documents(connection, [key for key, _ in some])
                leaving = await erasures.pending_among(connection, [key for key, _ in some])
            for key, _ in some:
                if key in known:
                    self._objects_of_day[_day_of(key)] += 1
            # Mails that were erased have no row already, and soon no document.
            await few_at_once(self._unknown(key, size) for key, size in some if key not in known and key not in leaving)

    async def _unknown(self, key: str, size: int) -> None:
        """A document without a row."""
        mended, detail = False, ""
        if not self._quick or self._repair:
            try:
                stored = await read_stored(self._blobs, key, size)
            except BlobNotFound:
                return
            except (BlobCorrupt, NotADocument) as error:
                detail = str(error) if isinstance(error, NotADocument) else "its bytes are not those that were stored"
                self._report.note(Finding(kind="not_a_mail", key=key, detail=detail))
                return
            self._report.bytes_read += len(stored.content)
            if self._repair:
                try:
                    done = await write_index(self._database, [indexed(stored)])
                    if done[key] == "leaving":
                        # Erased in this moment.
                        return
                    self._objects_of_day[_day_of(key)] += 1
                    mended = True
                except StorageUnavailable:
                    raise
                except Exception as error:
                    # A document may say anything, also what no database takes.
                    detail = f"the index does not take it: {type(error).__name__}"
        self._report.note(Finding(kind="not_indexed", key=key, detail=detail, mended=mended))

    async def _days(self) -> None:
        missing = missing_documents(
            self._database, self._blobs, is_whole=lambda day, rows: rows <= self._objects_of_day[day]
        )
        async for one in missing:
            await self._missing(one.key)

    async def _missing(self, key: str) -> None:
        async with self._database.read() as connection:
            known = await census.known_documents(connection, [key])
        # Unless the mail was removed in this moment.
        if known:
            self._report.note(Finding(kind="object_missing", key=key))

    def _tell(self, total: int) -> None:
        if self._on_progress is not None:
            done = self._report.documents
            self._on_progress("documents", done, max(total, done))


def _day_of(key: str) -> int:
    """The day a key names, in days since 1970; one that no mail has counts for none."""
    name = read_key(key)
    return -1 if name is None else name.number // number_from(1) // DAY_S


def _changed(key: str, detail: str) -> Finding:
    return Finding(kind="document_changed", key=key, detail=detail)
