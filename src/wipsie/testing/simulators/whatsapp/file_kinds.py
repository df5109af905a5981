"""Which files may be sent as what: types, sizes, and what the first bytes must look like."""

from __future__ import annotations

import msgspec

_MB = 1024 * 1024
_KB = 1024


class FileKind(msgspec.Struct, frozen=True):
    """One MIME type the business may send."""

    kind: str
    """``image``, ``document``, ``audio``, ``video`` or ``sticker``."""
    bytes_max: int
    family: str
    """What `family_of` must find; empty when text."""


_IMAGE = 5 * _MB
_DOCUMENT = 100 * _MB
_SOUND = 16 * _MB
_OOXML = "application/vnd.openxmlformats-officedocument"

SENDABLE: dict[str, FileKind] = {
    "image/jpeg": FileKind("image", _IMAGE, "jpeg"),
    "image/png": FileKind("image", _IMAGE, "png"),
    "application/pdf": FileKind("document", _DOCUMENT, "pdf"),
    "text/plain": FileKind("document", _DOCUMENT, ""),
    "application/msword": FileKind("document", _DOCUMENT, "ole"),
    "application/vnd.ms-excel": FileKind("document", _DOCUMENT, "ole"),
    "application/vnd.ms-powerpoint": FileKind("document", _DOCUMENT, "ole"),
    f"{_OOXML}.wordprocessingml.document": FileKind("document", _DOCUMENT, "zip"),
    f"{_OOXML}.spreadsheetml.sheet": FileKind("document", _DOCUMENT, "zip"),
    f"{_OOXML}.presentationml.presentation": FileKind("document", _DOCUMENT, "zip"),
    "audio/aac": FileKind("audio", _SOUND, "aac"),
    "audio/amr": FileKind("audio", _SOUND, "amr"),
    "audio/mpeg": FileKind("audio", _SOUND, "mpeg"),
    "audio/mp4": FileKind("audio", _SOUND, "iso"),
    "audio/ogg": FileKind("audio", _SOUND, "ogg"),
    "video/mp4": FileKind("video", _SOUND, "iso"),
    "video/3gpp": FileKind("video", _SOUND, "iso"),
    "image/webp": FileKind("sticker", 500 * _KB, "webp"),
}
STICKER_STILL_BYTES_MAX = 100 * _KB
HEAD_BYTES = 64
"""How many bytes `family_of` and `problem_of` want to see."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"OggS", "ogg"),
    (b"#!AMR", "amr"),
    (b"ID3", "mpeg"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)
_PNG_TRUECOLOUR = (2, 6)


def plain_type(mime_type: str) -> str:
    """Without parameters: ``audio/ogg; codecs=opus`` is ``audio/ogg``; ``audio/mp3`` is another word for ``audio/mpeg``."""
    plain = mime_type.partition(";")[0].strip().lower()
    return "audio/mpeg" if plain == "audio/mp3" else plain


def family_of(head: bytes) -> str:
    """What the first bytes are; empty when nothing known."""
    for start, family in _STARTS:
        if head.startswith(start):
            return family
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return "iso"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # Both begin with a frame sync; the layer bits of AAC are zero.
        return "aac" if head[1] & 0x06 == 0 else "mpeg"
    return ""


def problem_of(mime_type: str, size_bytes: int, head: bytes) -> str | None:
    """Why the business may not upload this file; None when it may."""
    plain = plain_type(mime_type)
    kind = SENDABLE.get(plain)
    if kind is None:
        return f"Files of type {plain or 'unknown'} cannot be sent."
    if size_bytes == 0:
        return "The file is empty."
    limit = kind.bytes_max
    if plain == "image/webp" and not is_animated_webp(head):
        limit = STICKER_STILL_BYTES_MAX
    if size_bytes > limit:
        return f"The file has {size_bytes} bytes; {kind.kind} of type {plain} may have {limit}."
    found = family_of(head)
    if kind.family != found or (not kind.family and b"\x00" in head):
        return f"The file is declared as {plain}, but its bytes are {found or 'something else'}."
    if plain == "image/png" and len(head) > 25 and (head[24] != 8 or head[25] not in _PNG_TRUECOLOUR):
        return "PNG images must be 8-bit RGB or RGBA."
    return None


def is_animated_webp(head: bytes) -> bool:
    """By the flag of the extended header."""
    return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 0x02)
