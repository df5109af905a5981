"""Transfer encodings (RFC 2045, section 6) undone piece by piece, so that no part has to fit into memory twice."""

from __future__ import annotations

import binascii
import re
import string
from collections.abc import Iterator

from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.mime.defects import Defects

CHUNK_BYTES = 256 * KIB
_BASE64 = (string.ascii_letters + string.digits + "+/").encode()
NOT_BASE64 = bytes(set(range(256)) - set(_BASE64) - {ord("=")})
_FOREIGN_TO_BASE64 = bytes(set(_BASE64) | set(b"=\r\n"))
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_UU = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})
_BEGIN_UU = re.compile(rb"^begin [0-7]{3,4}[ \t]", re.MULTILINE)
_LINES = re.compile(rb"[^\r\n]+")
_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|\Z))")
_SOFT_BREAK = re.compile(rb"=[ \t]+(\r?\n)")
_SAMPLE_BYTES = 4 * KIB
_BAD_LINES_MAX = 1_000
"""Of a uuencoded part; then it ends."""


def transfer_encoding(value: str | None, defects: Defects) -> str:
    """One of ``base64``, ``quoted-printable``, ``uu`` and ``identity``, for what stands in Content-Transfer-Encoding."""
    name = (value or "").partition(";")[0].strip().lower()
    if name in {"base64", "quoted-printable"}:
        return name
    if name in _UU:
        return "uu"
    if name not in _IDENTITY:
        defects.note(f"The transfer encoding {name[:40]!r} is unknown.")
    return "identity"


def decoded_chunks(content: bytes, start: int, end: int, encoding: str, defects: Defects) -> Iterator[bytes]:
    """The bytes of a part, decoded; never more than lie between `start` and `end`. Never raises."""
    if encoding == "base64" and not _is_plain(content[start : min(end, start + _SAMPLE_BYTES)], defects):
        return _base64(content, start, end, defects)
    if encoding == "quoted-printable":
        return _quoted_printable(content, start, end, defects)
    if encoding == "uu":
        return _uu(content, start, end, defects)
    return _chunks(content, start, end)


def _chunks(content: bytes, start: int, end: int) -> Iterator[bytes]:
    for place in range(start, end, CHUNK_BYTES):
        yield content[place : min(end, place + CHUNK_BYTES)]


def _is_plain(sample: bytes, defects: Defects) -> bool:
    """Whether a part that is declared as base64 is none: prose has a space in every sixth place."""
    if len(sample.translate(None, _FOREIGN_TO_BASE64)) * 10 <= len(sample):
        return False
    defects.note("A part that is declared as base64 is not encoded.")
    return True


def _base64(content: bytes, start: int, end: int, defects: Defects) -> Iterator[bytes]:
    rest = b""
    for chunk in _chunks(content, start, end):
        letters, padding, behind = (rest + chunk.translate(None, NOT_BASE64)).partition(b"=")
        if padding:
            # The first padding ends it, as for most readers: what follows is often a notice some gateway has put there.
            if behind.strip(b"="):
                defects.note("A part in base64 goes on behind its end.")
            rest = letters
            break
        whole = len(letters) // 4 * 4
        rest = letters[whole:]
        yield binascii.a2b_base64(letters[:whole])
    else:
        if rest:
            defects.note("A part in base64 ends in the middle.")
    whole = len(rest) // 4 * 4
    tail = rest[whole:]
    if len(tail) == 1:
        # Six bits are no byte.
        defects.note("A part in base64 ends in the middle.")
        tail = b""
    yield binascii.a2b_base64(rest[:whole] + tail + b"=" * (-len(tail) % 4))


def _quoted_printable(content: bytes, start: int, end: int, defects: Defects) -> Iterator[bytes]:
    place = start
    while place < end:
        cut = min(end, place + CHUNK_BYTES)
        if cut < end:
            # Not within an escape or a soft line break.
            escape = content.rfind(b"=", max(place + 1, cut - 3), cut)
            cut = escape if escape > 0 else cut
        chunk = content[place:cut]
        if _BAD_ESCAPE.search(chunk):
            defects.note("A part in quoted-printable holds an escape that is none.")
        yield binascii.a2b_qp(_SOFT_BREAK.sub(rb"=\1", chunk))
        place = cut


def _uu(content: bytes, start: int, end: int, defects: Defects) -> Iterator[bytes]:
    begin = _BEGIN_UU.search(content, start, end)
    if begin is None:
        defects.note("A part that is declared as uuencoded is not encoded.")
        yield from _chunks(content, start, end)
        return
    bad_lines = 0
    newline = content.find(b"\n", begin.end(), end)
    for line in _LINES.finditer(content, newline if newline > 0 else end, end):
        data = line[0]
        if data.rstrip() == b"end":
            return
        # Some encoders add a checksum behind the line: only what its first sign counts is taken.
        letters = (((data[0] - 32) & 63) * 4 + 5) // 3
        try:
            yield binascii.a2b_uu(data[: letters + 1])
        except binascii.Error:
            defects.note("A part that is uuencoded holds a line that is not.")
            bad_lines += 1
            if bad_lines == _BAD_LINES_MAX:
                break
    defects.note("A part that is uuencoded lacks its end.")
