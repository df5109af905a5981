"""Words become lines and cells again, however a photo leans."""

from __future__ import annotations

import random
import time

import pytest
from pages import HEIGHT, Look, drawn, words_of

from wipsie.slices.vault.domain.reading import Word
from wipsie.slices.vault.domain.reading.lines import WORDS_MAX, lines_of

PAGE = """
    Name:    Asha Example                 Collected On:    02 Nov 2025
    DOB:     12/05/1984                   Reported On:     03 Nov 2025
    Sex:     F                            Received:        02 Nov 2025
"""


@pytest.mark.parametrize("lean", [0.0, 0.008, -0.008, 0.015, -0.015])
def test_rows_and_gaps_are_found(lean: float) -> None:
    lines = drawn(PAGE, Look(lean=lean))
    assert [[cell.text for cell in line.cells] for line in lines] == [
        ["Name:", "Asha Example", "Collected On:", "02 Nov 2025"],
        ["DOB:", "12/05/1984", "Reported On:", "03 Nov 2025"],
        ["Sex:", "F", "Received:", "02 Nov 2025"],
    ]


def test_a_long_value_that_touches_the_next_label_ends_where_the_column_begins() -> None:
    lines = drawn("""
        Sex         : F                        DOA    : 03/05/2025
        Age         : 41 Y                     Ward   : 4
        Referred    : Dr. Example, Old Clinic  DOD    : 09/05/2025
    """)
    assert [cell.text for cell in lines[2].cells] == ["Referred", ": Dr. Example, Old Clinic", "DOD", ": 09/05/2025"]


def test_the_order_of_the_words_does_not_matter() -> None:
    words = words_of(PAGE)
    random.Random(3).shuffle(words)
    assert lines_of(words) == drawn(PAGE)


def test_pages_do_not_mix() -> None:
    lines = lines_of([*words_of("second", number=1), *words_of("first")])
    assert [(line.page, line.text) for line in lines] == [(0, "first"), (1, "second")]


def test_a_page_of_nothing_but_words_is_bounded() -> None:
    words = [
        Word("x", column / 100, row / 100, column / 100 + 0.004, row / 100 + HEIGHT / 2, 0)
        for row in range(100)
        for column in range(100)
    ]
    started = time.perf_counter()
    lines = lines_of(words)
    assert time.perf_counter() - started < 1
    assert sum(len(cell.words) for line in lines for cell in line.cells) == WORDS_MAX


def test_words_without_height_or_width_are_words() -> None:
    assert lines_of([Word("dot", 0.5, 0.5, 0.5, 0.5, 0), Word("dot", 0.5, 0.5, 0.5, 0.5, 0)])
