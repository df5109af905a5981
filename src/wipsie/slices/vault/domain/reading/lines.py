"""Words put back into lines, and lines into cells: what stands close together belongs together, what has a gap between does not.

Photos lean, and lean more on one side than on the other: each word is compared with its neighbour, never with the far end of its
line.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import median

import msgspec

from wipsie.slices.vault.domain.reading.reading import Word

WORDS_MAX = 1_200
"""Of a page; what is known of a report stands on no page with more."""
_GAP_LETTERS = 2.2
"""Blanks between words are half a letter wide, those between cells several."""
_NARROW_GAP_LETTERS = 0.7
"""Where a column begins in other lines, this is gap enough: a long value touches the label beside it."""
_COLUMN_WIDTH = 0.003
_LINES_OF_COLUMN = 2
_HEADING_TIMES = 1.4
_DATE_MIN = 6
"""Characters of a date that is one word."""
_OVERLAP_MIN = 0.45
"""Of the height of the lower of two neighbours."""


class Cell(msgspec.Struct, frozen=True):
    """Words of one line with nothing but blanks between them."""

    words: tuple[Word, ...]
    text: str

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return max(word.right for word in self.words)

    @property
    def top(self) -> float:
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> float:
        return max(word.bottom for word in self.words)

    @property
    def height(self) -> float:
        """Of its letters, whatever stands out."""
        return median(word.height for word in self.words)


class Line(msgspec.Struct, frozen=True):
    """Cells beside each other, from the left to the right."""

    cells: tuple[Cell, ...]
    page: int

    @property
    def top(self) -> float:
        return min(cell.top for cell in self.cells)

    @property
    def text(self) -> str:
        """Of its cells, each in a line of its own."""
        return "\n".join(cell.text for cell in self.cells)


def lines_of(words: Iterable[Word]) -> tuple[Line, ...]:
    """From the first page to the last, from the top to the bottom of each."""
    pages: dict[int, list[Word]] = {}
    for word in words:
        on_page = pages.setdefault(word.page, [])
        if len(on_page) < WORDS_MAX:
            on_page.append(word)
    lines = [
        Line(cells=cells, page=page)
        for page, on_page in sorted(pages.items())
        for cells in _split_at_columns([_cells(row) for row in _rows(on_page)])
    ]
    return tuple(sorted(lines, key=lambda line: (line.page, line.top)))


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.left):
        best: list[Word] | None = None
        most = _OVERLAP_MIN
        for row in rows:
            last = row[-1]
            # Before anything that costs more: most rows are somewhere else.
            if last.top >= word.bottom or last.bottom <= word.top:
                continue
            overlap = _overlap(last, word)
            if overlap > most and word.left > last.left:
                best, most = row, overlap
        if best is None:
            rows.append([word])
        else:
            best.append(word)
    return rows


def _overlap(one: Word, other: Word) -> float:
    """How much of the lower one's height both have in common."""
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    lower = min(one.height, other.height)
    return common / lower if lower > 0 else 0.0


def _cells(row: list[Word]) -> tuple[Cell, ...]:
    return _split(row, lambda before, word: _gap(before, word) > _GAP_LETTERS)


def _gap(before: Word, word: Word) -> float:
    """In letters of the wider of both: signs such as a lone colon are narrower than letters."""
    letter = max(before.letter_width, word.letter_width)
    return (word.left - before.right) / letter if letter > 0 else 0.0


def _split(words: Sequence[Word], is_gap: Callable[[Word, Word], bool]) -> tuple[Cell, ...]:
    cells: list[list[Word]] = [[words[0]]]
    for before, word in pairwise(words):
        if is_gap(before, word):
            cells.append([word])
        else:
            cells[-1].append(word)
    return tuple(Cell(tuple(words), " ".join(word.text for word in words)) for words in cells)


def _split_at_columns(lines: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Lines with cells split where cells of other lines begin."""
    begins = sorted(cell.left for cells in lines for cell in cells[1:])
    heading = median(cells[0].height for cells in lines) * _HEADING_TIMES if lines else 0.0

    def is_column(before: Word, word: Word) -> bool:
        # Days, years and "de" are parts of dates; what is larger than the rest is a heading.
        is_part = min(len(before.text), len(word.text)) < 3 or (word.text[0].isdigit() and len(word.text) < _DATE_MIN)
        if is_part or word.height > heading or _gap(before, word) < _NARROW_GAP_LETTERS:
            return False
        near = bisect_right(begins, word.left + _COLUMN_WIDTH) - bisect_left(begins, word.left - _COLUMN_WIDTH)
        return near >= _LINES_OF_COLUMN

    return [tuple(part for cell in cells for part in _split(cell.words, is_column)) for cells in lines]
