"""Puts mails into the archive: first the objects, each under a name that follows from what is in it, then the index.

message ─► letter: document
        └► MIME: fetch ─► read in a process of its own ─► attachments ─► document      ─► index ─► done
                           (raw is stored already)

Every step may be done again: an object that is there stays, a row that is there stays. So a mail that comes again, whole or
after a kill in the middle, ends in the same objects and rows, and a copy of it is known as a copy.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX, ArchiveName, name_of, read_key
from wipsie.slices.mail.domain.arrival import (
    BucketObject,
    Door,
    Envelope,
    LetterArrival,
    NotAnArrival,
    RawArrival,
    RawMail,
    raw_key,
    read_body,
)
from wipsie.slices.mail.domain.document import (
    ATTACHMENT_TYPE,
    CONTENT_TYPE,
    ArchivedMail,
    NotADocument,
    attachment_key,
    letter_mail,
    mime_mail,
    mime_name_of,
    write_document,
)
from wipsie.slices.mail.domain.letter import check_letter
from wipsie.slices.mail.domain.mime.parse import parse_mail
from wipsie.slices.mail.domain.mime.parsed import TEXT_CHARACTERS_MAX, ParsedMail
from wipsie.slices.mail.domain.mime.unreadable import unreadable_mail
from wipsie.slices.mail.domain.mime.verdicts import verdicts_of
from wipsie.slices.mail.domain.origin.client import Client, client_of
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.index_writer import IndexWriter, StillErasing
from wipsie.slices.mail.service.intake import RAW_TYPE
from wipsie.slices.mail.service.stored_mail import read_stored
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store.entries import Arrival, entry_of
from wipsie.telemetry.logging import get_logger
from wipsie.workers.cpu_pool import CpuTaskCrashed

PARSE_S_MAX = 60.0
_READ_PAUSES_S = (0.0, 1.0, 15.0)
"""Before each try to read a mail."""
UPLOADS_PARALLEL = 4
"""Attachments of one mail."""
_NO_ROOM_RETRY_S = 5.0

_log = get_logger(__name__)

RunCpu = Callable[..., Awaitable[Any]]
CheckOrigin = Callable[[Path, Sequence[str], Client | None, RunCpu], Awaitable[Mapping[str, str]]]
"""(the mail, the addresses in its From, who brought it if that says something, …) → results by method."""


class BucketFetcher(Protocol):
    """Fetches mails that a provider laid into a bucket of its own."""

    async def fetch(self, source: BucketObject, path: Path) -> None:
        """Into a new file. BlobNotFound, StorageUnavailable."""
        ...


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mail is now."""

    id: str
    key: str
    is_copy: bool
    """It was there before, brought by another message."""


class MailArchive:
    """One per process."""

    def __init__(
        self,
        blobs: BlobStore,
        writer: IndexWriter,
        *,
        work: WorkFolder,
        buckets: BucketFetcher,
        clock: Clock,
        metrics: MailMetrics,
        trusted: frozenset[str] = frozenset(),
        check_origin: CheckOrigin | None = None,
        carry_out: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        """`trusted`: names of mail servers whose verdicts count; `check_origin`: None when we find out nothing ourselves;
        `carry_out` removes what was stored of a mail that was erased meanwhile, None leaves it to the upkeep."""
        self._blobs = blobs
        self._writer = writer
        self._work = work
        self._buckets = buckets
        self._clock = clock
        self._metrics = metrics
        self._trusted = trusted
        self._check_origin = check_origin
        self._carry_out = carry_out

    async def archive(
        self, body: str, *, message_id: str, sent_at_ms: int, run_cpu: RunCpu, letter_door: Door = "queue"
    ) -> Archived:
        """Archive what a queue message carries; `letter_door`: by which door, if it is a letter. NotAnArrival and LetterRefused for
        what is no mail and never will be; BlobNotFound and BlobCorrupt when the bytes it names are gone or damaged; StillErasing:
        come again after a while; StorageUnavailable, also when there is no room to work in."""
        arrival = read_body(body)
        since_ms = self._clock.now_ms()
        if isinstance(arrival, LetterArrival):
            return await self._letter(
                arrival, Arrival(message_id=message_id, door=letter_door, received_at_ms=sent_at_ms), since_ms
            )
        try:
            return await self._raw(arrival, message_id, sent_at_ms, run_cpu, since_ms)
        except OSError as error:
            raise StorageUnavailable(
                f"There is no room to work on a mail: {error.strerror or error}.", retry_after_s=_NO_ROOM_RETRY_S
            ) from error

    async def _letter(self, arrival: LetterArrival, came: Arrival, since_ms: int) -> Archived:
        letter = check_letter(arrival.data, oldest_s=0, newest_s=TIMESTAMP_S_MAX, keep_unknown=True, where="body")
        document = letter.document()
        name = name_of(sender=letter.sender, timestamp_s=letter.timestamp_s, identity=document)
        mail = letter_mail(letter)
        content = write_document(mail, letter.extra)
        return await self._keep(name, mail, content, came, since_ms)

    async def _raw(
        self, arrival: RawArrival, message_id: str, sent_at_ms: int, run_cpu: RunCpu, since_ms: int
    ) -> Archived:
        source, envelope = arrival.source, arrival.envelope
        async with self._work.new() as folder:
            path = folder / "mail.eml"
            try:
                await self._fetch(source, path)
            except BlobNotFound:
                found = await self._find_archived(source, envelope, message_id)
                if found is None:
                    raise
                return found
            raw = await self._store_raw(source, path)
            files = folder / "attachments"
            files.mkdir(mode=0o700)
            parsed = await self._parse(path, files, run_cpu)
            verdicts = await self._verdicts(parsed, envelope, path, run_cpu)
            await self._store_attachments(parsed, files)
        if parsed.timestamp_s is None and (known_s := await self._writer.find_timestamp_s(raw.sha256)) is not None:
            # Without a date a mail has the time at which it came first: the same bytes once more are the same mail.
            parsed = msgspec.structs.replace(parsed, timestamp_s=known_s)
        mail = mime_mail(parsed, raw, envelope, verdicts)
        name = mime_name_of(parsed, mail)
        if arrival.again and (renewed := await self._keep_anew(name, mail, raw, since_ms)) is not None:
            return renewed
        came = Arrival(
            message_id=_arrival_id(message_id, raw, envelope),
            door=envelope.door,
            # A replay carries the time of the first arrival, or a mail without a date would be another.
            received_at_ms=sent_at_ms if envelope.door == "replay" else envelope.received_at_ms,
            sender=envelope.sender,
            recipients=envelope.recipients,
            remote=envelope.remote,
            reference=envelope.reference,
            raw_sha256=raw.sha256,
            raw_size=raw.size,
        )
        archived = await self._keep(name, mail, write_document(mail), came, since_ms)
        if isinstance(source, RawMail) and source.is_incoming:
            # What is left behind here goes with the upkeep.
            with contextlib.suppress(StorageUnavailable):
                await self._blobs.delete(source.key)
        return archived

    async def _find_archived(
        self, source: RawMail | BucketObject, envelope: Envelope, message_id: str
    ) -> Archived | None:
        """The mail, if it was archived before its acknowledgement was lost: the bytes that were its message's are gone since."""
        if isinstance(source, BucketObject):
            return None
        key = await self._writer.find_arrival(_arrival_id(message_id, source, envelope))
        name = None if key is None else read_key(key)
        return None if name is None else Archived(id=name.id, key=name.key, is_copy=False)

    async def _fetch(self, source: RawMail | BucketObject, path: Path) -> None:
        if isinstance(source, BucketObject):
            await self._buckets.fetch(source, path)
            return
        info = await self._blobs.fetch(source.key, path)
        if info.sha256 != source.sha256:
            raise NotAnArrival("The body names bytes that are not those of its mail.")

    async def _store_raw(self, source: RawMail | BucketObject, path: Path) -> RawMail:
        """Under its digest, with the other originals."""
        if isinstance(source, RawMail) and source.is_archived:
            return source
        stored = await self._counted(self._blobs.put_by_digest(raw_key, path, RAW_TYPE))
        return RawMail(key=stored.key, sha256=stored.sha256, size=stored.size)

    async def _parse(self, path: Path, files: Path, run_cpu: RunCpu) -> ParsedMail:
        error: Exception | None = None
        for pause_s in _READ_PAUSES_S:
            await self._clock.sleep(pause_s)
            try:
                return await run_cpu(parse_mail, path, files, timeout_s=PARSE_S_MAX)
            except (TimeoutError, MemoryError, CpuTaskCrashed) as failure:
                # Of a machine that was short of memory or time, more often than of the mail.
                error = failure
                _log.warning("mail_not_taken_apart", error=type(failure).__name__)
        # It is kept all the same: as text, with its original.
        content = await asyncio.to_thread(_beginning, path)
        return unreadable_mail(content, f"its reader ended with {type(error).__name__}")

    async def _verdicts(self, parsed: ParsedMail, envelope: Envelope, path: Path, run_cpu: RunCpu) -> dict[str, str]:
        """What a trusted server wrote into the mail, then what its provider says, then what we found ourselves."""
        found = verdicts_of(parsed, trusted=self._trusted) | envelope.verdicts
        if self._check_origin is not None:
            found |= await self._check_origin(path, parsed.authors, client_of(envelope), run_cpu)
        return found

    async def _store_attachments(self, parsed: ParsedMail, files: Path) -> None:
        turn = asyncio.Semaphore(UPLOADS_PARALLEL)

        async def store(sha256: str) -> None:
            async with turn:
                path = files / sha256
                await self._counted(self._blobs.put_by_digest(attachment_key, path, ATTACHMENT_TYPE))

        uploads = [store(sha256) for sha256 in {one.sha256 for one in parsed.attachments}]
        # All to their end, whatever becomes of one: the files they read go with the folder.
        for outcome in await asyncio.gather(*uploads, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _keep(
        self, name: ArchiveName, mail: ArchivedMail, content: bytes, came: Arrival, since_ms: int
    ) -> Archived:
        created = await self._counted(self._blobs.create(name.key, content, CONTENT_TYPE))
        if created:
            self._metrics.archived_bytes.inc(len(content))
        else:
            # The document says what the first copy said, and so does the index.
            try:
                stored = await read_stored(self._blobs, name.key)
                mail, content = stored.mail, stored.content
            except (BlobCorrupt, NotADocument):
                await self._counted(self._blobs.put(name.key, content, CONTENT_TYPE))
            except BlobNotFound:
                # Erased in this moment.
                raise StillErasing("Objects of this mail are being erased.") from None
        added = await self._writer.add(entry_of(name, mail, content), came, stored_since_ms=since_ms)
        if added.is_copy:
            self._metrics.duplicates.inc()
        return Archived(id=name.id, key=name.key, is_copy=added.is_copy)

    async def _keep_anew(self, name: ArchiveName, mail: ArchivedMail, raw: RawMail, since_ms: int) -> Archived | None:
        """None: it reads as another mail than it did, and is to be archived as one more. What it was before stays until somebody
        erases it."""
        gone = NotAnArrival("The mail that was to be archived anew is not in the archive any more.")
        if not await self._writer.knows(name.key):
            if await self._writer.find_timestamp_s(raw.sha256) is None:
                raise gone
            _log.warning("mail_reads_as_another", id=name.id)
            return None
        content = write_document(mail)
        await self._counted(self._blobs.put(name.key, content, CONTENT_TYPE))
        replaced = await self._writer.replace(entry_of(name, mail, content), stored_since_ms=since_ms)
        if replaced.outcome == "gone":
            # Erased in this moment: it does not come back, and what was stored of it goes again.
            if replaced.erasure is not None and self._carry_out is not None:
                with contextlib.suppress(StorageUnavailable):
                    await self._carry_out(replaced.erasure)
            raise gone
        return Archived(id=name.id, key=name.key, is_copy=True)

    async def _counted(self, upload: Awaitable[Any]) -> Any:
        try:
            result = await upload
        except StorageUnavailable:
            self._metrics.not_uploaded.inc()
            raise
        self._metrics.uploaded.inc()
        return result


def _arrival_id(message_id: str, raw: RawMail, envelope: Envelope) -> str:
    """Of the message that brought a mail. A mailbox that is imported again brings the same arrivals, not further copies."""
    if envelope.door != "import" or envelope.reference is None:
        return message_id
    return f"import-{hashlib.sha256(f'{raw.sha256} {envelope.reference}'.encode()).hexdigest()[:32]}"


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(TEXT_CHARACTERS_MAX + 1)
