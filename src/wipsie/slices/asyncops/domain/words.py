"""Words as the search compares them: the same on every database, whatever case and accents they were written with."""

from __future__ import annotations

import re
import unicodedata

QUERY_CHARACTERS_MAX = 200
QUERY_WORDS_MAX = 16
TEXT_CHARACTERS_MAX = 200_000
"""Of one document; what is behind is not found. PostgreSQL takes a megabyte of words and no more."""
WORD_CHARACTERS_MAX = 60
"""Longer ones are cut, in documents and in queries alike."""
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """The words of a text with spaces between: without case, accents and signs."""
    text = text[:TEXT_CHARACTERS_MAX]
    # Nothing to take apart: much cheaper, and most texts.
    bare = text.lower() if text.isascii() else _bare(text)
    return " ".join(word[:WORD_CHARACTERS_MAX] for word in _WORD.findall(bare))[:TEXT_CHARACTERS_MAX]


def _bare(text: str) -> str:
    # Twice: some signs stand for capital letters, and small letters of some capitals stand for several.
    compatible = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", compatible)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def query_words(text: str) -> list[str]:
    """The words somebody looks for, each once, at most `QUERY_WORDS_MAX`."""
    return list(dict.fromkeys(folded(text).split()))[:QUERY_WORDS_MAX]
