"""Lines of Markdown: which of them are code, and which would be taken for the structure of a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})(?P<rest>.*)")
_COMMENT = re.compile(r" {0,3}<!--")

_BEGINS = r"^( {0,3})"
_HEADINGS_2 = r"#{1,2}(?=[ \t]|$)"
_HEADINGS_3 = r"#{1,3}(?=[ \t]|$)"
PARTS_OF_OUTCOME = ("consequences", "positive consequences", "negative consequences", "confirmation", "validation")
_PARTS = rf"###[ \t]+(?:{'|'.join(PARTS_OF_OUTCOME)})\b"


class Guard:
    """Escapes what a piece of prose must not begin a line with, and takes the escapes away again."""

    def __init__(self, *patterns: str) -> None:
        structure = f"(?=(?:{'|'.join((*patterns, '<!--'))}))"
        self._bare = re.compile(rf"{_BEGINS}(\\*){structure}", re.IGNORECASE)
        self._escaped = re.compile(rf"{_BEGINS}\\(\\*){structure}", re.IGNORECASE)

    def escape(self, text: str) -> str:
        """For writing. A block of code that is not closed is closed, or it would take in what follows."""
        fences = Fences()
        lines = [line if fences.covers(line) else self._bare.sub(r"\1\\\2", line) for line in text.split("\n")]
        if fences.open_mark is not None:
            lines.append(fences.open_mark)
        return "\n".join(lines)

    def unescape(self, text: str) -> str:
        """For reading."""
        fences = Fences()
        return "\n".join(line if fences.covers(line) else self._escaped.sub(r"\1\2", line) for line in text.split("\n"))


SECTION = Guard(_HEADINGS_2)
"""For prose of a section that has no parts."""
OUTCOME = Guard(_HEADINGS_2, _PARTS, r"\**chosen option\b")
CONFIRMATION = Guard(_HEADINGS_2, _PARTS)
OPTION = Guard(_HEADINGS_3, r"[*+-][ \t]+(?:good|neutral|bad)\b")


class Fences:
    """Keeps count of blocks of code from line to line."""

    def __init__(self) -> None:
        self.open_mark: str | None = None

    def covers(self, line: str) -> bool:
        """Whether the next line is code, or begins or ends some."""
        match = _FENCE.fullmatch(line)
        if self.open_mark is None:
            if match is None or (match["mark"][0] == "`" and "`" in match["rest"]):
                return False
            self.open_mark = match["mark"]
            return True
        if match is not None and match["mark"].startswith(self.open_mark) and not match["rest"].strip():
            self.open_mark = None
        return True


def without_comments(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The lines but those of comments that begin a line, as templates are full of; each with whether it is code. A comment
    that nothing ends is text."""
    waiting = list(lines)
    # From each line on, whether a comment ends somewhere: looked up once, so that no text is slow to read.
    last_end = max((index for index, line in enumerate(waiting) if "-->" in line), default=-1)
    fences = Fences()
    index = 0
    while index < len(waiting):
        line = waiting[index]
        if fences.open_mark is None and index <= last_end and _COMMENT.match(line):
            start = line.index("<!--") + 4
            while "-->" not in waiting[index][start:] and index < last_end:
                index, start = index + 1, 0
            before, found, after = waiting[index][start:].partition("-->")
            if found:
                if after.strip():
                    yield after.strip(), fences.covers(after.strip())
                index += 1
                continue
            yield before, False
            index += 1
            continue
        yield line, fences.covers(line)
        index += 1


def trimmed(text: str) -> str:
    """Without empty lines around it, and without space at its end."""
    lines = text.split("\n")
    start = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[start:]).rstrip()
