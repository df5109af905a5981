"""Text of people inside Markdown: as words that are no markup, or as Markdown that cannot pass for ours."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_\[\]<>#|~!&$])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_HEADING = re.compile(r"^( {0,3})(#{1,6})(?=[ \t]|$)", re.MULTILINE)
_UNDERLINE = re.compile(r"^( {0,3})(=+|-+)[ \t]*$", re.MULTILINE)
_REORDERING = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
_HEADING_LEVEL_MAX = 6


def words(text: str) -> str:
    """A text as plain words on one line: nothing in it is markup, and nothing in it turns the order of reading round."""
    return _MARKS.sub(r"\\\1", " ".join(text.translate(_REORDERING).split()))


def embedded(markdown: str, below_level: int) -> str:
    """Somebody's Markdown under a heading of ours: its own headings stand below `below_level`, and HTML in it is text."""

    def lowered(match: re.Match[str]) -> str:
        level = min(_HEADING_LEVEL_MAX, below_level + len(match[2]))
        return match[1] + "#" * level

    text = _TAG.sub(r"\\<", markdown.translate(_REORDERING))
    # A line of = or - under a text makes that a heading as well, of a level that cannot be lowered.
    return _HEADING.sub(lowered, _UNDERLINE.sub(r"\1\\\2", text))
