"""One part of a mail: what its header says of it, and where its body lies."""

from __future__ import annotations

import re

import msgspec

from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.encoded_words import decode_words
from wipsie.slices.mail.domain.mime.header import Header
from wipsie.slices.mail.domain.mime.parameters import read_value
from wipsie.slices.mail.domain.mime.parsed import FILE_NAME_CHARACTERS_MAX, ID_CHARACTERS_MAX
from wipsie.slices.mail.domain.mime.texts import file_name, one_line
from wipsie.slices.mail.domain.mime.transfer import transfer_encoding

BOUNDARY_BYTES_MAX = 200
"""RFC 2046 allows 70."""
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")


class Part(msgspec.Struct, kw_only=True):
    """A part as it is read; a multipart has children, unless its boundary was never found."""

    media_type: str
    parameters: dict[str, str]
    disposition: str
    """Empty when nothing is said."""
    file_name: str
    """Fit to be shown; empty without one."""
    content_id: str | None
    encoding: str
    start: int
    end: int
    """Of the body, in the bytes of the mail."""
    children: list[Part] = []
    is_sealed: bool = False
    """A multipart that lies too deep to be opened."""

    @property
    def main_type(self) -> str:
        return self.media_type.partition("/")[0]

    @property
    def boundary(self) -> bytes | None:
        """What separates the parts of a multipart; None for other parts, and for one that does not say it."""
        if self.main_type != "multipart":
            return None
        boundary = self.parameters.get("boundary", "").rstrip().encode(errors="replace")
        return boundary if 0 < len(boundary) <= BOUNDARY_BYTES_MAX and b"\n" not in boundary else None


def part_of(header: Header, default_type: str, start: int, end: int, defects: Defects) -> Part:
    """The part with this header. `default_type`: what it is when the header does not say it."""
    written = header.first("content-type")
    value, parameters = read_value(written or default_type, defects)
    disposition, details = read_value(header.first("content-disposition") or "", defects)
    name = details.get("filename") or parameters.get("name") or ""
    match = _TYPE.match(value)
    if match is None:
        defects.note(f"The content type {value[:60]!r} is none.")
    content_id = one_line((header.first("content-id") or "").strip("<> \t"), ID_CHARACTERS_MAX)
    return Part(
        # RFC 2045, section 5.2, has text for a type that is none; a file is no text.
        media_type=match[0] if match else "application/octet-stream" if name else "text/plain",
        parameters=parameters,
        disposition=disposition.partition(" ")[0],
        file_name=file_name(decode_words(name, defects), FILE_NAME_CHARACTERS_MAX),
        content_id=content_id or None,
        encoding=transfer_encoding(header.first("content-transfer-encoding"), defects),
        start=start,
        end=end,
    )
