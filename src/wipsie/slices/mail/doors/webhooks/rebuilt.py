"""Puts a mail together from the fields a provider took it apart into. The same fields give the same bytes.

multipart/mixed
├── multipart/related          where the HTML shows pictures of the mail
│   ├── multipart/alternative  where there is text and HTML
│   │   ├── text/plain
│   │   └── text/html
│   └── pictures, by Content-ID
└── attachments

Levels with one part are left out. It is written piece by piece: 25 MB of attachments need no 25 MB of memory. Everything is
base64, so no content can hold a boundary.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.foreign_texts import file_name
from wipsie.slices.mail.doors.webhooks.mime_headers import folded, header, parameter
from wipsie.slices.mail.doors.webhooks.spool import Spill, Spool

HEADERS_MAX = 1_000
HEADERS_CHARACTERS_MAX = 256 * KIB
"""Of all together; what comes after them is left out. Mail servers take less."""
ATTACHMENTS_MAX = 1_000
_LINE_BYTES = 57
"""Of content in one line of base64 of 76 characters (RFC 2045, 6.8)."""
_READ_BYTES = 1024 * _LINE_BYTES
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
_CHARSET_OF_TYPE = re.compile(r';\s*charset="?([A-Za-z0-9][A-Za-z0-9_.:+-]{0,39})', re.IGNORECASE)
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,250}")
_OF_THE_STRUCTURE = re.compile(r"mime-version|content-.*", re.IGNORECASE)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a mail, in bytes of `charset`."""

    content: bytes | Path
    charset: str = "utf-8"


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a mail, as the provider tells of it: nothing in it is trusted."""

    content: bytes | Path
    name: str = ""
    content_type: str = ""
    content_id: str = ""
    """The HTML shows it by this id; empty for a file beside the text."""


class MailFields(msgspec.Struct, frozen=True, kw_only=True):
    """A mail taken apart."""

    headers: Sequence[tuple[str, str]]
    """In their order. Those that describe the parts of the mail that was are left out: it has other parts now."""
    text: Body | None = None
    html: Body | None = None
    attachments: Sequence[Attachment] = ()


class _Part(msgspec.Struct, frozen=True):
    headers: bytes
    content: bytes | Path
    boundary: str = ""
    parts: Sequence[_Part] = ()


def rebuild(fields: MailFields, spool: Spool) -> bytes | Path:
    """The mail. Lies in a file of `spool` when it is large. Blocks. OSError when the disk is full."""
    lines = b"".join(header(name, value) for name, value in _kept(fields.headers))
    spill = Spill(spool)
    spill.write(lines + b"MIME-Version: 1.0\r\n")
    _write(_tree(fields, hashlib.sha256(lines).hexdigest()[:24]), spill)
    return spill.finish()


def _kept(headers: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    left = HEADERS_CHARACTERS_MAX
    for name, value in headers[:HEADERS_MAX]:
        left -= len(name) + len(value)
        if left < 0:
            break
        if not _OF_THE_STRUCTURE.fullmatch(name):
            yield name, value


def with_missing(headers: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, and of `others` those with a value whose names are not among them."""
    names = {name.lower() for name, _ in headers}
    return [*headers, *((name, value) for name, value in others if value and name.lower() not in names)]


def _tree(fields: MailFields, seed: str) -> _Part:
    attachments = fields.attachments[:ATTACHMENTS_MAX]
    pictures = [one for one in attachments if fields.html is not None and _content_id(one)]
    texts = [_text("plain", fields.text)] if fields.text is not None or fields.html is None else []
    if fields.html is not None:
        texts.append(_text("html", fields.html))
    body = _multipart("alternative", seed, texts)
    body = _multipart("related", seed, [body, *(_file(one, "inline") for one in pictures)])
    files = [_file(one, "attachment") for one in attachments if fields.html is None or not _content_id(one)]
    return _multipart("mixed", seed, [body, *files])


def _multipart(kind: str, seed: str, parts: Sequence[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    # No line of base64 holds "=_". By the mail's own headers: one mail within another has other boundaries.
    boundary = f"=_{kind}_{seed}"
    return _Part(folded(f'Content-Type: multipart/{kind}; boundary="{boundary}"'), b"", boundary, parts)


def _text(kind: str, body: Body | None) -> _Part:
    body = body or Body(content=b"")
    charset = body.charset if _CHARSET.fullmatch(body.charset) else "utf-8"
    return _leaf(f"Content-Type: text/{kind}{parameter('charset', charset)}", b"", body.content)


def _file(attachment: Attachment, disposition: str) -> _Part:
    name = file_name(attachment.name)
    described = f"Content-Disposition: {disposition}" + (parameter("filename", name) if name else "")
    headers = folded(described)
    if content_id := _content_id(attachment):
        headers += folded(f"Content-ID: <{content_id}>")
    return _leaf(f"Content-Type: {_content_type(attachment.content_type)}", headers, attachment.content)


def _leaf(content_type: str, headers: bytes, content: bytes | Path) -> _Part:
    return _Part(folded(content_type) + headers + b"Content-Transfer-Encoding: base64\r\n", content)


def _content_type(given: str) -> str:
    kind = given.partition(";")[0].strip().lower()
    # A mail within a mail may not be base64 (RFC 2046, 5.2.1), and its boundaries may be anything.
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        return "application/octet-stream"
    charset = _CHARSET_OF_TYPE.search(given[:1000]) if kind.startswith("text/") else None
    return kind + (parameter("charset", charset[1]) if charset else "")


def _content_id(attachment: Attachment) -> str:
    content_id = attachment.content_id.strip().removeprefix("<").removesuffix(">")
    return content_id if _CONTENT_ID.fullmatch(content_id) else ""


def _write(part: _Part, spill: Spill) -> None:
    spill.write(part.headers + b"\r\n")
    for inner in part.parts:
        spill.write(f"\r\n--{part.boundary}\r\n".encode())
        _write(inner, spill)
    if part.parts:
        spill.write(f"\r\n--{part.boundary}--\r\n".encode())
    else:
        _write_base64(part.content, spill)


def _write_base64(content: bytes | Path, spill: Spill) -> None:
    if isinstance(content, Path):
        with content.open("rb") as file:
            while data := file.read(_READ_BYTES):
                spill.write(_base64(data))
    else:
        for start in range(0, len(content), _READ_BYTES):
            spill.write(_base64(content[start : start + _READ_BYTES]))


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")
