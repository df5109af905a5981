"""What could be read of a report: its words and where they stand, whoever read them: the text layer of a PDF, or OCR."""

from __future__ import annotations

from typing import Literal

import msgspec

TextSource = Literal["text_layer", "ocr", "none"]
SURE = 100.0
"""The confidence of what was not guessed from pixels."""
WORDS_PER_PAGE_MAX = 5_000
WORD_CHARACTERS_MAX = 200
_DIGITS = 4
"""Of a place: a tenth of a millimetre is the thirtieth part of a letter."""


class Word(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A word in its box. Places are fractions of the page as people look at it: 0 is its left or upper edge, 1 the other one.
    So nothing depends on resolution or unit; heights compare with heights, widths with widths."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    page: int
    """From 0."""
    confidence: float = SURE
    """0 to 100: how sure OCR is."""

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Of its height."""
        return (self.top + self.bottom) / 2

    @property
    def letter_width(self) -> float:
        """Of one of its letters, on average."""
        return (self.right - self.left) / len(self.text)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What could be read of a report. Without words where there is no text and no OCR, or OCR found nothing."""

    words: tuple[Word, ...] = ()
    source: TextSource = "none"
    pages_read: int = 0
    """So many, one after the other."""
    pages: int = 1
    """There are so many."""
    note: str = ""
    """For operators: why there is less than one would expect. Nothing of what the report says."""

    @property
    def confidence(self) -> float:
        """The mean over all words, weighted by their length; 0 without words."""
        return mean_confidence(self.words)

    @property
    def text(self) -> str:
        """All words with a blank between them, in the order they were read: for an index, not for people."""
        return " ".join(word.text for word in self.words)


def word_at(text: str, box: tuple[float, float, float, float], *, page: int, confidence: float = SURE) -> Word:
    """`text` is cut to `WORD_CHARACTERS_MAX`; `box`: left, top, right and bottom, in fractions of the page."""
    left, top, right, bottom = (round(place, _DIGITS) for place in box)
    return Word(text[:WORD_CHARACTERS_MAX], left, top, right, bottom, page, round(confidence, 1))


def mean_confidence(words: tuple[Word, ...]) -> float:
    """Weighted by the length of each; 0 without words."""
    characters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / characters if characters else 0.0


def letters_in(words: tuple[Word, ...]) -> int:
    """How many letters they have: signs and characters without a meaning count for nothing."""
    return sum(character.isalpha() for word in words for character in word.text)
