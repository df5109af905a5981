"""Texts people write: what a line and a piece of prose may hold. They are kept as they were written and escaped where they
are shown."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from msgspec import Meta

from wipsie.kernel.errors import InvalidInput

LINE_CHARACTERS_MAX = 200
PROSE_CHARACTERS_MAX = 20_000
POINTS_MAX = 50
POINT_CHARACTERS_MAX = 500

Line = Annotated[str, Meta(min_length=1, max_length=LINE_CHARACTERS_MAX)]
"""One line of text."""
Prose = Annotated[str, Meta(max_length=PROSE_CHARACTERS_MAX)]
"""Text of several lines, in Markdown."""
Point = Annotated[str, Meta(min_length=1, max_length=POINT_CHARACTERS_MAX)]
Points = Annotated[list[Point], Meta(max_length=POINTS_MAX)]
"""A list of short texts."""

_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They show a text in another order than it has: in a title, a means to deceive."""
_LINE_BREAKS = frozenset("\n\r\t")


def line(text: str, field: str) -> str:
    """A line without spaces around it. InvalidInput when nothing is left, or it holds line breaks or other controls."""
    stripped = text.strip()
    if not stripped:
        raise _refused(field, "is empty")
    for character in stripped:
        if character in _REORDERING or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise _refused(field, "holds a line break or another control character")
    return stripped


def prose(text: str, field: str) -> str:
    """A text of any number of lines, without space at its end. InvalidInput when it holds control characters."""
    for character in text:
        if character not in _LINE_BREAKS and unicodedata.category(character) in ("Cc", "Cs"):
            raise _refused(field, "holds a control character")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()


def points(texts: list[str], field: str) -> list[str]:
    """Each as a line."""
    return [line(text, f"{field}[{index}]") for index, text in enumerate(texts)]


def _refused(field: str, problem: str) -> InvalidInput:
    return InvalidInput(
        f"Field '{field}' {problem}.",
        details={"field": field, "problem": problem, "errors": [{"location": f"body.{field}", "message": problem}]},
    )
