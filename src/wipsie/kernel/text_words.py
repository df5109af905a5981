"""Words as the search compares them: the same on every database, whatever case and accents they were written with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

QUERY_CHARACTERS_MAX = 200
QUERY_WORDS_MAX = 16
TEXT_CHARACTERS_MAX = 200_000
"""Of one document; what is behind is not found. PostgreSQL takes a megabyte of words and no more."""
WORD_CHARACTERS_MAX = 60
"""Longer ones are cut, in documents and in queries alike."""
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """The words of a text with spaces between: without case, accents and signs.

    Signs part words, and so do characters of the private use areas: no text can hold a mark of `distinct_words`.
    """
    text = text[:TEXT_CHARACTERS_MAX]
    # Nothing to take apart: much cheaper, and most texts.
    bare = text.lower() if text.isascii() else _bare(text)
    # The cut may fall behind a word: PostgreSQL refuses the empty word that a space at the end would make.
    return " ".join(word[:WORD_CHARACTERS_MAX] for word in _WORD.findall(bare))[:TEXT_CHARACTERS_MAX].rstrip()


def _bare(text: str) -> str:
    # Twice: some signs stand for capital letters, and small letters of some capitals stand for several.
    compatible = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", compatible)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def query_words(text: str) -> list[str]:
    """The words somebody looks for, each once, at most `QUERY_WORDS_MAX`."""
    return list(dict.fromkeys(folded(text).split()))[:QUERY_WORDS_MAX]


def distinct_words(texts: Mapping[str, str], *, characters_max: int) -> str:
    """The words of several texts, each once, with spaces between, in the order they first appear in.

    `texts`: by the mark of their words, '' or one character of U+E000 to U+F8FF. Words of a marked text stand there plain
    and with the mark in front, so that they are found by either. What is behind the last word that ends within
    `characters_max` is left out.
    """
    words: dict[str, None] = {}
    for mark, text in texts.items():
        found = dict.fromkeys(folded(text).split())
        words.update(dict.fromkeys(form for word in found for form in (word, mark + word)) if mark else found)
    joined = " ".join(words)
    if len(joined) <= characters_max:
        return joined
    return joined[: max(joined.rfind(" ", 0, characters_max + 1), 0)]
