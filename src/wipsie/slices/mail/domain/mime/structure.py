"""Takes a mail apart into its parts: one pass over the lines that may be boundaries, however deep the parts lie.

Each part is a stretch of the mail's bytes, so nothing is copied. A boundary of an outer multipart ends all inner ones
(RFC 2046, section 5.1.2). Messages within the mail are not opened.
"""

from __future__ import annotations

import msgspec

from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.header import PART_FIELDS_MAX, PART_HEADER_BYTES_MAX, read_header
from wipsie.slices.mail.domain.mime.parsed import NESTING_MAX, PARTS_MAX
from wipsie.slices.mail.domain.mime.part import BOUNDARY_BYTES_MAX, Part, part_of

_BLANKS_MAX = 100
"""Behind a boundary, on its line."""


class _Open(msgspec.Struct):
    part: Part
    boundary: bytes


class Structure:
    """Finds the parts within one mail."""

    def __init__(self, content: bytes, defects: Defects) -> None:
        self._content = content
        self._defects = defects
        self._open: list[_Open] = []
        """Multiparts that are not closed, outermost first."""
        self._levels: dict[bytes, int] = {}
        self._parts = 1
        self._leaf: Part | None = None
        self.unread: tuple[int, int] | None = None
        """The stretch behind the last part there is room for."""

    def read(self, root: Part) -> None:
        """Gives a multipart its children, and theirs to them."""
        self._enter(root)
        place = root.start
        while self._open:
            found = self._content.find(b"\n--", max(place - 1, 0))
            if found < 0:
                self._close(0, len(self._content), "A multipart lacks its last boundary.")
                return
            line, after = self._line(found + 1)
            place = found + 3
            boundary, is_last = self._delimiter(line)
            if boundary is None:
                continue
            level = self._levels[boundary]
            end = found - (found > 0 and self._content[found - 1] == 13)
            self._close(level + 1, end, "A multipart lacks its last boundary.")
            if self._leaf is not None:
                self._end(self._leaf, end)
            self._leaf = None
            place = after
            if is_last:
                self._close(level, end)
            elif self._parts >= PARTS_MAX:
                self._defects.cut(f"The mail has more than {PARTS_MAX} parts.")
                self.unread = (after, len(self._content))
                self._close(0, end)
            else:
                place = self._begin(self._open[level].part, after)

    def _begin(self, parent: Part, start: int) -> int:
        header, body = read_header(
            self._content,
            start,
            len(self._content),
            self._defects,
            ends=self._is_delimiter,
            bytes_max=PART_HEADER_BYTES_MAX,
            fields_max=PART_FIELDS_MAX,
        )
        default_type = "message/rfc822" if parent.media_type == "multipart/digest" else "text/plain"
        part = part_of(header, default_type, body, len(self._content), self._defects)
        parent.children.append(part)
        self._parts += 1
        self._enter(part)
        return body

    def _enter(self, part: Part) -> None:
        """What follows belongs to this part."""
        self._leaf = part
        if part.main_type != "multipart":
            return
        boundary = part.boundary
        if boundary is None:
            self._defects.note("A multipart does not say its boundary.")
        elif len(self._open) >= NESTING_MAX:
            self._defects.cut(f"The parts of the mail are nested more than {NESTING_MAX} deep.")
            part.is_sealed = True
        else:
            if part.encoding != "identity":
                self._defects.note("A multipart is declared as encoded; none may be.")
            self._open.append(_Open(part, boundary))
            self._levels[boundary] = len(self._open) - 1
            self._leaf = None

    def _close(self, level: int, end: int, defect: str = "") -> None:
        """Ends all multiparts from this level on."""
        if len(self._open) <= level:
            return
        if self._leaf is not None:
            self._end(self._leaf, end)
            self._leaf = None
        for one in self._open[level:]:
            self._end(one.part, end)
            if defect:
                self._defects.note(defect)
        del self._open[level:]
        # An inner multipart may have had the boundary of an outer one.
        self._levels = {one.boundary: index for index, one in enumerate(self._open)}

    def _end(self, part: Part, end: int) -> None:
        part.end = max(part.start, end)

    def _line(self, start: int) -> tuple[bytes, int]:
        """What may be a boundary of the line that begins with two hyphens, and where the next line begins."""
        longest = start + 2 + BOUNDARY_BYTES_MAX + 2 + _BLANKS_MAX
        newline = self._content.find(b"\n", start, longest)
        if newline >= 0:
            return self._content[start + 2 : newline], newline + 1
        if longest >= len(self._content):
            return self._content[start + 2 :], len(self._content)
        return b"", longest

    def _delimiter(self, line: bytes) -> tuple[bytes | None, bool]:
        """The boundary a line holds, and whether it is the last of its multipart."""
        line = line.rstrip(b" \t\r")
        if line in self._levels:
            return line, False
        if line.endswith(b"--") and line[:-2] in self._levels:
            return line[:-2], True
        return None, False

    def _is_delimiter(self, line: bytes) -> bool:
        return line.startswith(b"--") and self._delimiter(line[2:])[0] is not None
