"""Brings back attachments from the originals they came in."""

from __future__ import annotations

import asyncio

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.database import Database
from wipsie.slices.mail.domain.document import ATTACHMENT_TYPE, NotADocument, attachment_key
from wipsie.slices.mail.domain.mime.parse import parse_mail
from wipsie.slices.mail.domain.mime.parsed import ParsedMail
from wipsie.slices.mail.service.archive import PARSE_S_MAX, RunCpu
from wipsie.slices.mail.service.stored_mail import read_stored
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store import census
from wipsie.workers.cpu_pool import CpuTaskCrashed

_MAILS_MAX = 5
"""Whose originals are tried for one attachment."""


class AttachmentMender:
    """Takes attachments out of originals again, which are untouched."""

    def __init__(self, database: Database, blobs: BlobStore, *, work: WorkFolder, run_cpu: RunCpu) -> None:
        self._database = database
        self._blobs = blobs
        self._work = work
        self._run_cpu = run_cpu
        # One at a time: each mail is read in a process, and may be large.
        self._turn = asyncio.Lock()

    async def mend(self, sha256: str) -> bool:
        """Store the attachment of this digest anew; False when no original holds it any more. StorageUnavailable."""
        async with self._database.read() as connection:
            keys = await census.keys_with_attachment(connection, sha256, _MAILS_MAX)
        async with self._turn:
            for key in keys:
                if await self._from(key, sha256):
                    return True
        return False

    async def _from(self, key: str, sha256: str) -> bool:
        try:
            mime = (await read_stored(self._blobs, key)).mail.mime
            if mime is None:
                return False
            async with self._work.new() as folder:
                path, files = folder / "mail.eml", folder / "attachments"
                await self._blobs.fetch(mime.raw.key, path)
                files.mkdir(mode=0o700)
                parsed: ParsedMail = await self._run_cpu(parse_mail, path, files, timeout_s=PARSE_S_MAX)
                if all(one.sha256 != sha256 for one in parsed.attachments):
                    return False
                await self._blobs.put_by_digest(attachment_key, files / sha256, ATTACHMENT_TYPE)
                return True
        except (BlobNotFound, BlobCorrupt, NotADocument, TimeoutError, MemoryError, CpuTaskCrashed):
            # Found and told by itself, or a mail that cannot be read again: this original does not help.
            return False
