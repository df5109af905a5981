"""Words as the search compares them: the same on every database, whatever case and accents they were written with."""

from __future__ import annotations

import re
import unicodedata

QUERY_CHARACTERS_MAX = 200
QUERY_WORDS_MAX = 16
_WORD = re.compile(r"\w+")


def folded(text: str) -> str:
    """The words of a text with spaces between: without case, accents and signs."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(_WORD.findall(bare.replace("_", " ")))


def query_words(text: str) -> list[str]:
    """The words somebody looks for, each once, at most `QUERY_WORDS_MAX`."""
    return list(dict.fromkeys(folded(text).split()))[:QUERY_WORDS_MAX]
