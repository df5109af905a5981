"""The header of a mail or of a part: its fields, as bytes, with bounds.

Our own reading, since that of the standard library takes quadratic time for some fields and raises for others
(python/cpython#136063, #151857). A line that belongs to no field ends the header: it is text then, and nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from wipsie.kernel.limits import KIB, MIB
from wipsie.slices.mail.domain.mime.defects import Defects

HEADER_BYTES_MAX = 4 * MIB
FIELDS_MAX = 2_000
PART_HEADER_BYTES_MAX = 64 * KIB
PART_FIELDS_MAX = 100
FIELD_BYTES_MAX = 256 * KIB
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_MAILBOX_LINE = re.compile(rb">?From ")
_FOLD = re.compile(rb"\r?\n")


class Field(msgspec.Struct, frozen=True):
    """One field as it stands there."""

    name: bytes
    value: bytes
    """Behind the colon, with folds and without the last line end."""


class Header:
    """The fields of one header, from the top."""

    def __init__(self, fields: tuple[Field, ...], defects: Defects) -> None:
        self.fields = fields
        self._defects = defects
        self._by_name: dict[str, list[bytes]] = {}
        for field in fields:
            self._by_name.setdefault(field.name.decode("ascii").lower(), []).append(field.value)

    def first(self, name: str) -> str | None:
        """The value of the topmost field of a lower-case name, unfolded and not decoded; None without one. A name that may
        stand there once and stands there twice is a defect."""
        values = self._by_name.get(name)
        if values is None:
            return None
        if len(values) > 1:
            self._defects.note(f"The header has {len(values)} fields {name}; the first counts.")
        return self._text(name, values[0])

    def all(self, name: str) -> list[str]:
        """The values of all fields of a lower-case name, from the top."""
        return [self._text(name, value) for value in self._by_name.get(name, ())]

    def text(self, field: Field) -> str:
        """The value of one of its fields, unfolded and not decoded."""
        return self._text(field.name.decode("ascii").lower(), field.value)

    def _text(self, name: str, value: bytes) -> str:
        if len(value) > FIELD_BYTES_MAX:
            self._defects.cut(f"The header field {name} is longer than {FIELD_BYTES_MAX} bytes.")
            value = value[:FIELD_BYTES_MAX]
        raw = _FOLD.sub(b"", value)
        if raw.isascii():
            return raw.decode("ascii").strip()
        try:
            # RFC 6532.
            return raw.decode("utf-8").strip()
        except UnicodeDecodeError:
            self._defects.note(f"The header field {name} holds bytes that are no text.")
            return raw.decode("cp1252", errors="replace").strip()


def read_header(
    content: bytes,
    start: int,
    end: int,
    defects: Defects,
    *,
    ends: Callable[[bytes], bool] | None = None,
    bytes_max: int = HEADER_BYTES_MAX,
    fields_max: int = FIELDS_MAX,
) -> tuple[Header, int]:
    """The header that begins at `start`, and where the body begins. `ends` tells lines that end it as an empty one does, but
    belong to what follows. Beyond a bound it is read no further, and the body begins behind the next empty line."""
    fields: list[Field] = []
    name: bytes | None = None
    value_start = value_end = start
    place = start
    body = end
    while place < end:
        newline = content.find(b"\n", place, end)
        after = end if newline < 0 else newline + 1
        line_end = after if newline < 0 else newline - (newline > place and content[newline - 1] == 13)
        if line_end == place:
            body = after
            break
        if place - start > bytes_max or len(fields) >= fields_max:
            defects.cut("The header of the mail or of a part is too long to be read whole.")
            found = _EMPTY_LINE.search(content, place - 1, end)
            body = found.end() if found else end
            break
        if content[place] in b" \t":
            if name is None:
                defects.note("The header begins with a line that continues none.")
            value_end = line_end
        elif ends is not None and ends(content[place : min(line_end, place + 400)]):
            body = place
            break
        elif match := _NAME.match(content, place, line_end):
            if name is not None:
                fields.append(Field(name, content[value_start:value_end]))
            name, value_start, value_end = match[1], match.end(), line_end
        elif place == start and _MAILBOX_LINE.match(content, place, line_end):
            defects.note("The mail begins with the separator of a mailbox file.")
        else:
            if fields or name is not None:
                defects.note("The header ends without an empty line.")
            body = place
            break
        place = after
    if name is not None:
        fields.append(Field(name, content[value_start:value_end]))
    return Header(tuple(fields), defects), body
