"""Compares originals and attachments with what the index says of them. Both lie under their digest: of a large archive, one
beginning of a digest after the other is looked at, with all that is stored there and all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs import BlobNotFound, BlobStore
from wipsie.database import Database
from wipsie.slices.mail.domain.arrival import RAW_FOLDER, raw_key
from wipsie.slices.mail.domain.document import ATTACHMENTS_FOLDER, attachment_key
from wipsie.slices.mail.service.verifying.checks import few_at_once, has_digest, is_there
from wipsie.slices.mail.service.verifying.findings import Finding, Kind, Progress, VerifyReport
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store import census
from wipsie.slices.mail.store.census import KnownFile

_PAGE = 256
_DIGEST = re.compile("[0-9a-f]{64}")
_BEGINNINGS = tuple(f"{number:02x}" for number in range(256))
_AFTER_ALL = "g"
"""Sorts after every digest."""

WHOLE_MAX = 50_000
"""Files of a kind that are looked at in one go."""

Page = Callable[[AsyncConnection, str, str, int], Awaitable[list[KnownFile]]]
Mend = Callable[[str], Awaitable[bool]]


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """Originals, or attachments."""

    name: str
    folder: str
    key_of: Callable[[str], str]
    page: Page
    missing: Kind
    changed: Kind


ORIGINALS = FileKind(
    name="originals",
    folder=RAW_FOLDER,
    key_of=raw_key,
    page=census.page_of_originals,
    missing="original_missing",
    changed="original_changed",
)
ATTACHMENTS = FileKind(
    name="attachments",
    folder=ATTACHMENTS_FOLDER,
    key_of=attachment_key,
    page=census.page_of_attachments,
    missing="attachment_missing",
    changed="attachment_changed",
)


class FileCheck:
    """One pass over all files of a kind."""

    def __init__(
        self,
        kind: FileKind,
        database: Database,
        blobs: BlobStore,
        report: VerifyReport,
        *,
        work: WorkFolder,
        quick: bool,
        mend: Mend | None,
        whole_max: int,
        on_progress: Progress | None,
    ) -> None:
        """`whole_max`: more files are gone through in shares. `mend` is told the digest of a file that is gone or changed; True
        when it is there again."""
        self._kind = kind
        self._database = database
        self._blobs = blobs
        self._report = report
        self._work = work
        self._quick = quick
        self._mend = mend
        self._whole_max = whole_max
        self._on_progress = on_progress

    async def run(self) -> int:
        """Note everything that is wrong; how many files the mails have. StorageUnavailable."""
        count, shares = 0, [("", _AFTER_ALL)]
        if await self._stored("", at_most=self._whole_max) is None:
            shares = list(zip(_BEGINNINGS, [*_BEGINNINGS[1:], _AFTER_ALL], strict=True))
        for place, (beginning, end) in enumerate(shares, 1):
            stored = await self._stored(beginning) or {}
            count += await self._compare(beginning, end, stored)
            for sha256 in stored:
                self._note("unreferenced", sha256)
            if self._on_progress is not None:
                self._on_progress(self._kind.name, place, len(shares))
        await self._strangers()
        return count

    async def _stored(self, beginning: str, *, at_most: int | None = None) -> dict[str, int] | None:
        """Digest to size of what lies under a beginning; None when it is more than that."""
        found: dict[str, int] = {}
        async for key, size in self._blobs.walk(f"{self._kind.folder}/{beginning}"):
            if (sha256 := self._digest_of(key)) is not None:
                found[sha256] = size
                if at_most is not None and len(found) > at_most:
                    return None
        return found

    def _digest_of(self, key: str) -> str | None:
        sha256 = key.rpartition("/")[2].removesuffix(".eml")
        return sha256 if _DIGEST.fullmatch(sha256) and self._kind.key_of(sha256) == key else None

    async def _compare(self, after: str, end: str, stored: dict[str, int]) -> int:
        """Look at everything the index knows between two digests, and take it out of `stored`."""
        count = 0
        while True:
            async with self._database.read() as connection:
                page = await self._kind.page(connection, after, end, _PAGE)
            await few_at_once(self._check(one, stored.pop(one.sha256, None)) for one in page)
            count += len(page)
            if len(page) < _PAGE:
                return count
            after = page[-1].sha256

    async def _check(self, known: KnownFile, size: int | None) -> None:
        key = self._kind.key_of(known.sha256)
        if size is None:
            # What was stored since the listing is there.
            if not await is_there(self._blobs, key):
                await self._missing(known)
            return
        if size != known.size:
            await self._wrong(self._kind.changed, known, f"it has {size} bytes, the index says {known.size}")
            return
        if self._quick:
            return
        try:
            proved = await has_digest(self._blobs, self._work, key, size, known.sha256)
        except BlobNotFound:
            await self._missing(known)
            return
        self._report.bytes_read += size
        if not proved:
            await self._wrong(self._kind.changed, known, "its bytes have another checksum than its name says")

    async def _missing(self, known: KnownFile) -> None:
        async with self._database.read() as connection:
            still = await self._kind.page(connection, known.sha256[:-1], known.sha256 + _AFTER_ALL, _PAGE)
        # Unless the mail was removed in this moment.
        if any(one.sha256 == known.sha256 for one in still):
            await self._wrong(self._kind.missing, known)

    async def _wrong(self, kind: Kind, known: KnownFile, detail: str = "") -> None:
        mails = "1 mail has" if known.mails == 1 else f"{known.mails} mails have"
        text = f"{mails} it, one is {known.mail_key}" + (f"; {detail}" if detail else "")
        mended = self._mend is not None and await self._mend(known.sha256)
        self._note(kind, known.sha256, text, mended=mended)

    def _note(self, kind: Kind, sha256: str, detail: str = "", *, mended: bool = False) -> None:
        self._report.note(Finding(kind=kind, key=self._kind.key_of(sha256), detail=detail, mended=mended))

    async def _strangers(self) -> None:
        """What lies in the folder under a key that none of its files has."""
        async for key, _ in self._blobs.walk(self._kind.folder):
            if self._digest_of(key) is None:
                detail = f"none of the {self._kind.name} has this key"
                self._report.note(Finding(kind="not_a_mail", key=key, detail=detail))
