"""Pages for tests, drawn in letters: one line of text is one line of the page, and three blanks or more are a gap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

from wipsie.slices.vault.domain.reading import Reading, Word
from wipsie.slices.vault.domain.reading.lines import Line, lines_of

LETTER = 0.008
HEIGHT = 0.012
STEP = 0.016


@dataclass(frozen=True)
class Look:
    """How a page lies: `lean` is how far the right edge is lower than the left one, in heights of the page."""

    lean: float = 0.0
    confidence: float = 100.0
    tall: tuple[int, ...] = ()
    """Lines in letters twice as high."""


STRAIGHT = Look()


def words_of(page: str, look: Look = STRAIGHT, number: int = 0) -> list[Word]:
    words: list[Word] = []
    for row, text in enumerate(dedent(page).strip("\n").splitlines()):
        height = HEIGHT * 2 if row in look.tall else HEIGHT
        for found in re.finditer(r"\S+", text):
            left, right = 0.04 + found.start() * LETTER, 0.04 + found.end() * LETTER
            top = 0.03 + row * STEP + look.lean * left
            words.append(Word(found[0], left, top, right, top + height, number, look.confidence))
    return words


def reading_of(page: str, look: Look = STRAIGHT) -> Reading:
    return Reading(words=tuple(words_of(page, look)), source="ocr", pages_read=1)


def drawn(page: str, look: Look = STRAIGHT) -> tuple[Line, ...]:
    return lines_of(words_of(page, look))
