"""Where mails of a mailbox go: on the queue, for a worker, or into the archive at once."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.ids import new_message_id
from wipsie.slices.mail.domain.arrival import Envelope, RawArrival, RawMail, raw_body, raw_key
from wipsie.slices.mail.service.archive import MailArchive, RunCpu
from wipsie.slices.mail.service.index_writer import StillErasing
from wipsie.slices.mail.service.intake import RAW_TYPE, MailIntake
from wipsie.workers.cpu_pool import CpuTaskCrashed


class NotTaken(Exception):
    """This mail cannot be taken, and the others can; says why."""


class Take(Protocol):
    """Takes a mail in; returns when it is durable. NotTaken; TooManyRequests and StorageUnavailable pass."""

    async def __call__(self, content: bytes | Path, envelope: Envelope) -> None: ...


class IntoQueue:
    """The bytes into the object store, a message on the queue: a worker archives it."""

    def __init__(self, intake: MailIntake) -> None:
        self._intake = intake

    async def __call__(self, content: bytes | Path, envelope: Envelope) -> None:
        await self._intake.accept_raw(content, envelope)


class IntoArchive:
    """The whole work at once, without queue and worker."""

    def __init__(self, archive: MailArchive, blobs: BlobStore, run_cpu: RunCpu) -> None:
        self._archive = archive
        self._blobs = blobs
        self._run_cpu = run_cpu

    async def __call__(self, content: bytes | Path, envelope: Envelope) -> None:
        stored = await self._blobs.put_by_digest(raw_key, content, RAW_TYPE)
        source = RawMail(key=stored.key, sha256=stored.sha256, size=stored.size)
        try:
            await self._archive.archive(
                raw_body(RawArrival(source=source, envelope=envelope)),
                message_id=new_message_id(),
                sent_at_ms=envelope.received_at_ms,
                run_cpu=self._run_cpu,
            )
        except StillErasing:
            # Whoever erases it may not run as long as this import does.
            raise NotTaken("it is being erased from the archive; import it again later") from None
        except (TimeoutError, MemoryError, CpuTaskCrashed, BlobCorrupt, BlobNotFound) as error:
            reason = str(error) or type(error).__name__
            raise NotTaken(f"it could not be archived, its bytes are kept as {stored.key}: {reason}") from error
