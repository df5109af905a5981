"""Dates in documents are found where they stand, and numbers that are no dates are not."""

from __future__ import annotations

import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.dates import PartialDate, find_dates
from wipsie.slices.vault.domain.dates.months import MONTH_OF
from wipsie.slices.vault.domain.words import folded, levelled


def wide(text: str) -> str:
    """As some keyboards of Asia write it."""
    return "".join(chr(ord(sign) + 0xFEE0) if sign > " " else sign for sign in text)


def found(text: str) -> list[tuple[str, list[str]]]:
    return [(one.text, [each.iso for each in one.dates]) for one in find_dates(text, 2025)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reported On: 03 Nov 2025, 10:30", [("03 Nov 2025", ["2025-11-03"])]),
        ("Reported 2025-11-03T10:30:00", [("2025-11-03", ["2025-11-03"])]),
        ("on 03/11/2025", [("03/11/2025", ["2025-11-03", "2025-03-11"])]),
        ("on 25 / 12 / 2024.", [("25 / 12 / 2024", ["2024-12-25"])]),
        ("12-May-1984 / 03-11-25", [("12-May-1984", ["1984-05-12"]), ("03-11-25", ["2025-11-03", "2025-03-11"])]),
        ("November 3rd, 2025", [("November 3rd, 2025", ["2025-11-03"])]),
        ("Bogotá, 3 de noviembre de 2024", [("3 de noviembre de 2024", ["2024-11-03"])]),
        ("Köln, 3. März 2025", [("3. März 2025", ["2025-03-03"])]),
        ("दिनांक ३ नवंबर २०२५ को", [("३ नवंबर २०२५", ["2025-11-03"])]),
        ("5 फ़रवरी 2025, 5 फ़रवरी 2025", [("5 फ़रवरी 2025", ["2025-02-05"]), ("5 फ़रवरी 2025", ["2025-02-05"])]),
        ("valid to Nov 2025 or 11/2025", [("Nov 2025", ["2025-11"]), ("11/2025", ["2025-11"])]),
        # The number before the slash is a document's, not a year's.
        ("80101911/26.06.2025", [("26.06.2025", ["2025-06-26"])]),
    ],
)
def test_dates_are_found_with_all_they_may_mean(text: str, expected: list[tuple[str, list[str]]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Age: 41 Y / Male",
        "Sat 98% may be",
        "2025",
        "May",
        "v1.2.2025.3",
        "+49 30-11-2025-12",
        "31/02/2025",
        "1234567/11/2025123",
        "10-12 g/dL",
        "3 marble 2025",
        "day 3\nnov\n2025",
        "11.2 2025",
    ],
)
def test_what_is_no_date_is_not_found(text: str) -> None:
    assert found(text) == []


@given(
    st.dates(min_value=date(1936, 1, 1), max_value=date(2025, 11, 29)),
    st.sampled_from(sorted(MONTH_OF)),
    st.text(alphabet=" :,;()%abcQZÄÜअक\n", max_size=8),
    st.text(alphabet=" :,;()%\n", max_size=8),
)
def test_a_date_with_a_name_is_found_at_its_place_in_any_text(day: date, name: str, before: str, after: str) -> None:
    meant = PartialDate(day.year, MONTH_OF[name], min(day.day, 28))
    written = f"{meant.day} {name} {meant.year}"
    (one,) = find_dates(before + written + after, 2025)
    assert (one.start, one.end, one.text) == (len(before), len(before) + len(written), written)
    assert one.dates == (meant,)


@given(st.text(max_size=200) | st.text(alphabet="0123456789/.- ,novmarde\n", max_size=60))
def test_no_text_breaks_it_and_no_two_finds_overlap(text: str) -> None:
    dates = find_dates(text, 2025)
    assert all(one.text == text[one.start : one.end] and one.dates for one in dates)
    assert all(left.end <= right.start for left, right in pairwise(dates))


@pytest.mark.parametrize("piece", ["1/", "1.1.", "nov ", "3 nov ", "3 de ", "9", " ", "3   \t ", "nov.-"])
def test_texts_made_to_slow_it_down_do_not(piece: str) -> None:
    began = time.perf_counter()
    find_dates(piece * (100_000 // len(piece)), 2025)
    assert time.perf_counter() - began < 2


@given(st.text())
def test_a_levelled_text_keeps_every_character_in_its_place(text: str) -> None:
    assert len(levelled(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wide("LIST 3"), "list 3"),
        ("  Você\u200d  quer ", "voce quer"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("फ़रवरी २", "फरवरी 2"),
        ("फ़रवरी", "फरवरी"),
        ("हाँ", "हाँ"),
    ],
)
def test_texts_are_folded_to_what_two_people_would_type_alike(text: str, expected: str) -> None:
    assert folded(text) == expected
