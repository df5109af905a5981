"""Dates in a reading, each with the label that stands left of it or above it.

left:   Reported On : 03 Nov 2025        in the same cell, or in the one before
above:  Collected    Reported On         the head of a column, or the caption of a box
        02 Nov 2025  03 Nov 2025
before: … compared with the study of     a line that goes on
        12 Jan 2024.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from wipsie.slices.vault.domain.dates import FoundDate, find_dates
from wipsie.slices.vault.domain.reading.date_labels import NO_LABEL, Label, label_of
from wipsie.slices.vault.domain.reading.lines import Cell, Line
from wipsie.slices.vault.domain.reading.reading import Word
from wipsie.slices.vault.domain.words import levelled

CANDIDATES_MAX = 100
_ABOVE_HEIGHTS = 3.6
"""How far above a date its label may stand, in heights of its letters."""
_PROSE_CHARACTERS = 45
"""A cell this long is a line of prose."""
_LITTLE_CHARACTERS = 12
_LETTER_TOP = 0.4
_VALUE = re.compile(r":\s*\S")
_WRITTEN_IN = re.compile(r"\A[^0-9:]{2,30}, ?(?:den |el |em |on )?\Z")
"""A letter: the town, a comma, the date."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A date where it stands."""

    found: FoundDate
    label: Label
    words: tuple[Word, ...]

    @property
    def confidence(self) -> float:
        """Of its least readable word, 0 to 100."""
        return min(word.confidence for word in self.words)


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A date in its line, before its label is known."""

    found: FoundDate
    line: int
    cell: int
    """Of the line."""
    words: tuple[Word, ...]
    before: str
    """What its cell says in front of it, back to the date before it; levelled."""


def find_candidates(lines: Sequence[Line], this_year: int) -> tuple[Candidate, ...]:
    """In the order of reading, at most `CANDIDATES_MAX`."""
    placed: list[_Placed] = []
    for number, line in enumerate(lines):
        placed += _dates_in(line, number, this_year)
        if len(placed) >= CANDIDATES_MAX:
            break
    dated = {(one.line, one.cell) for one in placed}
    finder = _Labels(lines, dated)
    return tuple(
        Candidate(found=one.found, label=finder.label_of(one), words=one.words) for one in placed[:CANDIDATES_MAX]
    )


def _dates_in(line: Line, number: int, this_year: int) -> list[_Placed]:
    placed: list[_Placed] = []
    for position, cell in enumerate(line.cells):
        text = levelled(cell.text)
        last_end = 0
        for found in find_dates(cell.text, this_year):
            if found.form == "month" and cell.text[: found.start].rstrip()[-1:].isdigit():
                # The day is there, and was misread.
                continue
            words = _words_between(cell, found.start, found.end)
            before = text[last_end : found.start]
            placed.append(_Placed(found=found, line=number, cell=position, words=words, before=before))
            last_end = found.end
    return placed


def _words_between(cell: Cell, start: int, end: int) -> tuple[Word, ...]:
    inside: list[Word] = []
    place = 0
    for word in cell.words:
        if place < end and place + len(word.text) > start:
            inside.append(word)
        place += len(word.text) + 1
    return tuple(inside)


class _Labels:
    """Looks for labels around dates. `dated`: line and cell of each date."""

    def __init__(self, lines: Sequence[Line], dated: set[tuple[int, int]]) -> None:
        self._lines = lines
        self._dated = dated

    def label_of(self, one: _Placed) -> Label:
        own = label_of(one.before)
        if own is not NO_LABEL:
            return own
        if _WRITTEN_IN.match(one.before) and one.words[0].page == 0 and one.words[0].top < _LETTER_TOP:
            return Label("written", 0)
        above = self._above(one)
        if sum(sign.isalpha() for sign in one.before) > _LITTLE_CHARACTERS:
            # Something else stands before it: a value that touches this one, or prose.
            return above
        left = self._left_of(one)
        if above.score < 0:
            # What stands to the left may be a name with a word in it that means something else.
            return above
        if left is not NO_LABEL:
            return left
        return above if above is not NO_LABEL else self._line_before(one)

    def _left_of(self, one: _Placed) -> Label:
        for position in range(one.cell - 1, -1, -1):
            if (one.line, position) in self._dated:
                break
            text = levelled(self._lines[one.line].cells[position].text)
            if any(sign.isalpha() for sign in text):
                return label_of(text)
        return NO_LABEL

    def _above(self, one: _Placed) -> Label:
        top = min(word.top for word in one.words)
        height = max(word.height for word in one.words)
        for number in range(one.line - 1, -1, -1):
            line = self._lines[number]
            if line.page != one.words[0].page or top - line.top > 2 * _ABOVE_HEIGHTS * height:
                break
            position, words = _words_over(one.words, line)
            if not words or not 0 <= top - max(word.middle for word in words) <= _ABOVE_HEIGHTS * height:
                continue
            if (number, position) in self._dated:
                # A column of dates: the head is further up, as far from this one as it may be.
                top = min(word.top for word in words)
                continue
            cell = line.cells[position]
            text = levelled(cell.text if self._stands_alone(one, cell) else " ".join(word.text for word in words))
            # Where another value stands above, its label is its own.
            return NO_LABEL if _VALUE.search(text) else label_of(text)
        return NO_LABEL

    def _stands_alone(self, one: _Placed, above: Cell) -> bool:
        """Whether the date is all that stands under a cell: else heads of columns ran into each other."""
        cells = self._lines[one.line].cells
        under = [cell for cell in cells if cell.left < above.right and cell.right > above.left]
        return len(under) == 1

    def _line_before(self, one: _Placed) -> Label:
        if one.cell > 0 or one.line == 0 or one.before.strip():
            return NO_LABEL
        cell = self._lines[one.line - 1].cells[-1]
        if len(cell.text) < _PROSE_CHARACTERS or self._lines[one.line - 1].page != one.words[0].page:
            return NO_LABEL
        return label_of(levelled(cell.text))


def _words_over(date: Sequence[Word], line: Line) -> tuple[int, list[Word]]:
    """The first cell of a line that stands over a date, and its words that do; none of them where none does."""
    left = min(word.left for word in date)
    right = max(word.right for word in date)
    for position, cell in enumerate(line.cells):
        words = [word for word in cell.words if word.left < right and word.right > left]
        if words:
            return position, words
    return 0, []
