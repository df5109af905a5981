"""Texts as rules compare them: without case and accents, one space where there are many, and nothing that is not seen.

Folding `kernel.text_words` keeps words alone; rules also compare signs.
"""

from __future__ import annotations

import unicodedata

IDNA_CHARACTERS_MAX = 253
_UNSEEN = dict.fromkeys(
    [0x00AD, 0x061C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
"""They take no room: a word with one in it looks like the word."""


def fold(text: str) -> str:
    """The form in which texts and the values of conditions are compared; may be empty."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Twice: some signs stand for capital letters, and small letters of some capitals stand for several.
    compatible = unicodedata.normalize("NFKD", text.translate(_UNSEEN)).casefold()
    decomposed = unicodedata.normalize("NFKD", compatible)
    return " ".join("".join(one for one in decomposed if not unicodedata.combining(one)).split())


def fold_domain(text: str) -> str:
    """A domain in the one form all its spellings have: of ASCII (IDNA), small. Accents count: they make another domain."""
    domain = text.strip().strip(".").lower()
    if domain.isascii() or len(domain) > IDNA_CHARACTERS_MAX:
        return domain
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return domain.casefold()


def domain_of(address: str) -> str | None:
    """The folded domain of ``ann@example.org`` or ``Ann <ann@example.org>``; None when there is none."""
    _, at, rest = address.rpartition("@")
    words = rest.replace(">", " ").split(maxsplit=1)
    return (fold_domain(words[0]) or None) if at and words else None


def one_line(text: str, characters_max: int) -> str:
    """A text of somebody else for a title or a subject of ours: printable, on one line, cut; may be empty."""
    cut = text[: characters_max * 4]
    line = " ".join("".join(one if one.isprintable() else " " for one in cut).split())
    return line if len(line) <= characters_max else f"{line[: characters_max - 1]}…"
