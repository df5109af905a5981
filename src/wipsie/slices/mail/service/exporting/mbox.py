"""Mails as an mbox file (mboxrd): originals byte for byte, letters as small mails, the oldest first. Written as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterator
from contextlib import aclosing
from io import BytesIO
from typing import BinaryIO

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.arrival import raw_key
from wipsie.slices.mail.domain.document import NotADocument
from wipsie.slices.mail.service.exporting.ahead import SMALL_BYTES_MAX, read_ahead
from wipsie.slices.mail.service.exporting.exported import Exported
from wipsie.slices.mail.service.exporting.letter_mime import letter_as_mime
from wipsie.slices.mail.service.importing.from_lines import PIECE_BYTES, Quoting, from_line
from wipsie.slices.mail.service.stored_mail import read_stored
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store.selection import SelectedMail

CHUNK_BYTES = 256 * KIB
"""About what one chunk has."""

Write = Callable[[bytes], Awaitable[None]]
"""Takes the next bytes; returns when there is room for more."""


async def export_mbox(
    rows: AsyncIterable[SelectedMail],
    write: Write,
    *,
    blobs: BlobStore,
    work: WorkFolder,
    report: Exported | None = None,
) -> Exported:
    """Write these mails. One whose bytes are gone or changed is left out and told in the report, which grows as the work goes
    on. StorageUnavailable."""
    report = Exported() if report is None else report
    async with aclosing(mbox_chunks(rows, blobs=blobs, work=work, report=report)) as chunks:
        async for chunk in chunks:
            await write(chunk)
    return report


async def mbox_chunks(
    rows: AsyncIterable[SelectedMail], *, blobs: BlobStore, work: WorkFolder, report: Exported
) -> AsyncGenerator[bytes]:
    """The same as a stream: the bytes of the file, piece by piece. Every mail is proved before its first byte is given."""

    async def load(row: SelectedMail) -> bytes | None:
        """None: it was told why."""
        try:
            if row.raw_sha256 is None:
                return letter_as_mime(row.id, (await read_stored(blobs, row.key, row.size)).mail)
            return (await blobs.get(raw_key(row.raw_sha256))).content
        except (BlobNotFound, BlobCorrupt, NotADocument) as error:
            report.refuse(row.key, error)
            return None

    async def nothing_yet(row: SelectedMail) -> bytes | None:
        return b"" if _is_large(row) else await load(row)

    async with aclosing(read_ahead(rows, nothing_yet, lambda row: row.raw_size or row.size)) as mails:
        async for row, content in mails:
            if content is None:
                continue
            if not _is_large(row):
                for piece in _pieces(row, BytesIO(content)):
                    report.bytes += len(piece)
                    yield piece
            else:
                async with work.new() as folder:
                    path = folder / "mail.eml"
                    try:
                        await blobs.fetch(raw_key(row.raw_sha256 or ""), path)
                    except (BlobNotFound, BlobCorrupt) as error:
                        report.refuse(row.key, error)
                        continue
                    with path.open("rb") as file:
                        pieces = _pieces(row, file)
                        while (piece := await asyncio.to_thread(next, pieces, b"")) != b"":
                            report.bytes += len(piece)
                            yield piece
            report.mails += 1


def _is_large(row: SelectedMail) -> bool:
    """An original that is written from a file."""
    return row.raw_sha256 is not None and (row.raw_size or 0) > SMALL_BYTES_MAX


def _pieces(row: SelectedMail, content: BinaryIO) -> Iterator[bytes]:
    """A mail as it stands in the file: its From_ line, its lines quoted, and an empty line."""
    waiting = [from_line(row.sender_address, row.timestamp_s)]
    size = len(waiting[0])
    quoting = Quoting(adds=True)
    begins_line = True
    while piece := content.readline(PIECE_BYTES):
        waiting.append(quoting.take(piece, begins_line=begins_line))
        begins_line = piece.endswith(b"\n")
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join([*waiting, quoting.rest(), b"\n" if begins_line else b"\n\n"])
