"""Snippets: the part of a text where words were found, with the words marked. Plain text: whoever shows it escapes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from wipsie.kernel.text_words import folded

BEGIN, END = "«", "»"
"""Around each word that was found."""
SNIPPET_CHARACTERS_MAX = 240
SCANNED_CHARACTERS_MAX = 20_000
"""Words behind are found all the same; the snippet shows the beginning then."""
_BEFORE_CHARACTERS = 60
_WORD = re.compile(r"[^\W_]+")
_SPACES = re.compile(r"\s+")
# What stands in the text already must not pass for a mark.
_NOT_MARKS = str.maketrans({BEGIN: "\u2039", END: "\u203a"})


def marked(text: str, words: Sequence[str]) -> str:
    """All of a short text, with the words marked. The last of `words` may be the beginning of one."""
    text = _plain(text)
    return _with_marks(text, _found(text, words))


def snippet(text: str, words: Sequence[str]) -> str:
    """At most about `SNIPPET_CHARACTERS_MAX` characters of a text, around the first word that was found in it."""
    text = _plain(text[:SCANNED_CHARACTERS_MAX])
    found = _found(text, words)
    start = 0 if not found else max(0, found[0][0] - _BEFORE_CHARACTERS)
    if start:
        # Not in the middle of a word.
        start = text.find(" ", start, found[0][0]) + 1 or start
    end = start + SNIPPET_CHARACTERS_MAX
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + SNIPPET_CHARACTERS_MAX // 2)
    within = [(begin - start, finish - start) for begin, finish in found if begin >= start and finish <= end]
    return f"{'…' if start else ''}{_with_marks(text[start:end], within)}{'…' if end < len(text) else ''}"


def _plain(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text).translate(_NOT_MARKS)).strip()


def _found(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    if not words:
        return []
    whole, beginning = frozenset(words), words[-1]
    return [
        match.span()
        for match in _WORD.finditer(text)
        if any(word in whole or word.startswith(beginning) for word in _folded(match[0]))
    ]


def _folded(word: str) -> Sequence[str]:
    # Nearly all words: much cheaper than to take each apart.
    return (word.lower(),) if word.isascii() else folded(word).split()


def _with_marks(text: str, found: Sequence[tuple[int, int]]) -> str:
    parts: list[str] = []
    place = 0
    for begin, end in found:
        parts += (text[place:begin], BEGIN, text[begin:end], END)
        place = end
    return "".join((*parts, text[place:]))
