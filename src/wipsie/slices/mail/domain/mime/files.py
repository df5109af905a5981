"""Writes the attachments of a mail into a folder, each under its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from wipsie.slices.mail.domain.mime.bodies import AttachedPart
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.digests import LinesDigest
from wipsie.slices.mail.domain.mime.parsed import Attachment
from wipsie.slices.mail.domain.mime.transfer import decoded_chunks

# Our own list: that of the machine differs from one to the next.
_ENDINGS = {
    "application/gzip": "gz",
    "application/json": "json",
    "application/msword": "doc",
    "application/ms-tnef": "dat",
    "application/pdf": "pdf",
    "application/pgp-encrypted": "asc",
    "application/pgp-keys": "asc",
    "application/pgp-signature": "asc",
    "application/pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-pkcs7-mime": "p7m",
    "application/x-pkcs7-signature": "p7s",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/mpeg": "mp3",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif",
    "image/webp": "webp",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/html": "html",
    "text/vcard": "vcf",
    "text/xml": "xml",
    "video/mp4": "mp4",
}
_MESSAGES = frozenset({"message/rfc822", "message/global"})


def write_attachments(
    content: bytes, parts: Sequence[AttachedPart], folder: Path, defects: Defects
) -> tuple[Attachment, ...]:
    """One file for each content, named by its SHA-256. OSError of the folder."""
    return tuple(_write(content, one, number, folder, defects) for number, one in enumerate(parts, 1))


def _write(content: bytes, one: AttachedPart, number: int, folder: Path, defects: Defects) -> Attachment:
    part = one.part
    digest, lines = hashlib.sha256(), LinesDigest()
    size = 0
    unfinished = folder / f".{number}.part"
    try:
        with unfinished.open("wb") as file:
            for chunk in decoded_chunks(content, part.start, part.end, part.encoding, defects):
                file.write(chunk)
                digest.update(chunk)
                lines.update(chunk)
                size += len(chunk)
        unfinished.replace(folder / digest.hexdigest())
    finally:
        unfinished.unlink(missing_ok=True)
    return Attachment(
        number=number,
        name=part.file_name or _name(part.media_type, number),
        media_type=part.media_type,
        size=size,
        sha256=digest.hexdigest(),
        fingerprint=lines.hexdigest(),
        content_id=part.content_id,
        is_inline=one.is_inline,
    )


def _name(media_type: str, number: int) -> str:
    if media_type in _MESSAGES:
        return f"message-{number}.eml"
    ending = _ENDINGS.get(media_type) or ("txt" if media_type.startswith(("text/", "message/")) else "bin")
    return f"attachment-{number}.{ending}"
