"""Builds the index from the objects: after a loss, after an upgrade that finds more, or when it is in doubt. Rules are not run
again, and Wipsie may run meanwhile: whoever archives a mail and this work meet in the same rows.

The index is never emptied for it, also when all of it is written anew: a mail without a row is found by nobody, and an erasure
asks the rows who else has a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec
from sqlalchemy.exc import IntegrityError

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.database import Database
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.archive_key import FOLDER
from wipsie.slices.mail.domain.document import NotADocument
from wipsie.slices.mail.service.missing_documents import missing_documents
from wipsie.slices.mail.service.stored_mail import StoredMail, read_stored
from wipsie.slices.mail.store import census, renewal
from wipsie.slices.mail.store.census import IndexedDocument
from wipsie.slices.mail.store.entries import Arrival, Entry, entry_of
from wipsie.slices.mail.store.renewal import Losses, Renewed

BATCH_MAX = 128
BATCH_BYTES_MAX = 16 * MIB
"""Of documents in memory at once, beyond the first of them."""
REFUSALS_SHOWN_MAX = 1_000
REBUILT_PREFIX = "rebuilt-"
"""Of the message id of an arrival that was made from a document: the message that brought the mail is not known any more."""
_READS_AT_ONCE = 8
_TRIES = 3


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is not indexed."""

    key: str
    reason: str


class ReindexReport(msgspec.Struct, kw_only=True):
    """What became of the objects."""

    objects: int = 0
    added: int = 0
    renewed: int = 0
    unchanged: int = 0
    leaving: int = 0
    """Erased, and about to go."""
    refused: int = 0
    refusals: list[Refusal] = []
    """The first `REFUSALS_SHOWN_MAX`."""
    lost: Losses | None = None
    """What left the index because its documents are gone; None when that was not asked for."""


Progress = Callable[[int, int | None], None]
"""(objects read, of about how many; None while nobody knows)."""


class MailReindex:
    """Over one archive and its index."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    async def losses(self) -> Losses:
        """What would leave the index in a run from scratch. StorageUnavailable."""
        lost = Losses()
        async for some in self._missing():
            async with self._database.read() as connection:
                lost += await renewal.losses(connection, some)
        return lost

    async def run(self, *, from_scratch: bool = False, on_progress: Progress | None = None) -> ReindexReport:
        """Index every object. `from_scratch` writes also those rows anew that seem right, and removes those whose documents are
        gone, but for mails that are held. StorageUnavailable: run it again, it begins anew and what is indexed stays."""
        report = ReindexReport()
        async with self._database.read() as connection:
            total = await census.count_mails(connection)
        if from_scratch:
            # First: what hangs on no mail, or on one that is gone, may have the number of one that is there.
            async with self._database.begin() as connection:
                await renewal.forget_orphans(connection)
            report.lost = await self._forget_missing()
        batch: list[tuple[str, int]] = []
        size = 0
        async for entry in self._blobs.walk(FOLDER):
            if batch and (len(batch) >= BATCH_MAX or size + entry[1] > BATCH_BYTES_MAX):
                await self._index(batch, report, anew=from_scratch)
                batch, size = [], 0
                if on_progress is not None:
                    on_progress(report.objects, max(total, report.objects) or None)
            batch.append(entry)
            size += entry[1]
        await self._index(batch, report, anew=from_scratch)
        if on_progress is not None:
            on_progress(report.objects, report.objects)
        return report

    async def _missing(self) -> AsyncGenerator[list[IndexedDocument]]:
        """Mails whose documents are gone, some at a time."""
        some: list[IndexedDocument] = []
        async for one in missing_documents(self._database, self._blobs):
            some.append(one)
            if len(some) >= BATCH_MAX:
                yield some
                some = []
        if some:
            yield some

    async def _forget_missing(self) -> Losses:
        lost = Losses()
        async for some in self._missing():
            async with self._database.begin() as connection:
                lost += await renewal.forget(connection, some)
        return lost

    async def _index(self, batch: Sequence[tuple[str, int]], report: ReindexReport, *, anew: bool) -> None:
        turn = asyncio.Semaphore(_READS_AT_ONCE)

        async def read(key: str, size: int) -> StoredMail | Refusal | None:
            async with turn:
                try:
                    return await read_stored(self._blobs, key, size)
                except NotADocument as error:
                    return Refusal(key=key, reason=str(error))
                except BlobCorrupt:
                    return Refusal(key=key, reason="its bytes are not those that were stored")
                except BlobNotFound:
                    # Removed since it was listed.
                    return None

        found = await asyncio.gather(*(read(key, size) for key, size in batch))
        report.objects += len(batch)
        items: list[tuple[Entry, Arrival]] = []
        for one in found:
            if isinstance(one, StoredMail):
                items.append(indexed(one))
            elif one is not None:
                _refuse(report, one)
        await self._write(items, report, anew=anew)

    async def _write(self, items: Sequence[tuple[Entry, Arrival]], report: ReindexReport, *, anew: bool) -> None:
        if not items:
            return
        try:
            done = await write_index(self._database, items, anew=anew)
        except StorageUnavailable:
            raise
        except Exception as error:
            # Which of them the database does not take shows when each is alone.
            if len(items) > 1:
                for one in items:
                    await self._write([one], report, anew=anew)
            else:
                key = items[0][0].name.key
                _refuse(report, Refusal(key=key, reason=f"the index does not take it: {type(error).__name__}"))
            return
        for what in done.values():
            setattr(report, what, getattr(report, what) + 1)


async def write_index(
    database: Database, items: Sequence[tuple[Entry, Arrival]], *, anew: bool = False
) -> dict[str, Renewed]:
    """`renewal.renew` in a commit of its own."""
    for left in reversed(range(_TRIES)):
        try:
            async with database.begin() as connection:
                return await renewal.renew(connection, items, now_ms=database.clock.now_ms(), anew=anew)
        except IntegrityError:
            # Another process wrote the same mail at the same moment: now it is there to be seen.
            if not left:
                raise
    raise AssertionError("unreachable")


def indexed(stored: StoredMail) -> tuple[Entry, Arrival]:
    """What the index says of a mail, and of how its first copy came, as far as its document knows."""
    name, mail = stored.name, stored.mail
    message_id = f"{REBUILT_PREFIX}{name.id}"
    if mail.mime is None:
        came = Arrival(message_id=message_id, door="queue", received_at_ms=mail.timestamp_s * 1000)
    else:
        envelope = mail.mime.envelope
        came = Arrival(
            message_id=message_id,
            door=envelope.door,
            received_at_ms=envelope.received_at_ms,
            sender=envelope.sender,
            recipients=envelope.recipients,
            remote=envelope.remote,
            reference=envelope.reference,
            raw_sha256=mail.mime.raw.sha256,
            raw_size=mail.mime.raw.size,
        )
    return entry_of(name, mail, stored.content), came


def _refuse(report: ReindexReport, refusal: Refusal) -> None:
    report.refused += 1
    if len(report.refusals) < REFUSALS_SHOWN_MAX:
        report.refusals.append(refusal)
