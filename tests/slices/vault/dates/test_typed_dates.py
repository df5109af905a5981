"""Dates that people type: all forms of five languages are understood, and nothing is filled in that was not said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.dates import Ambiguous, DateOrder, PartialDate, Refused, Understood, read_typed_date
from wipsie.slices.vault.domain.dates.months import MONTH_OF

TODAY = date(2025, 11, 29)
THIRD = PartialDate(2025, 11, 3)


def read(text: str, order: DateOrder | None = None, born: date | None = None) -> Understood | Ambiguous | Refused:
    return read_typed_date(text, today=TODAY, born=born, order=order)


@pytest.mark.parametrize(
    "text",
    [
        "3 Nov 2025",
        "3 nov",
        "03NOV2025",
        "3-Nov-25",
        "3rd Nov'25",
        "3rd of November, 2025",
        "November 3rd, 2025",
        "nov 3 2025",
        "Monday 3 Nov 2025",
        "on the 3rd of november",
        "3 nov 2025 10:30",
        "3 nov 2025, 10:30 pm",
        "  3   NOV   2025 . ",
        "2025-11-03",
        "2025/11/3",
        "2025.11.03",
        "20251103",
        "3 de noviembre de 2025",
        "el 3 de noviembre del 2025",
        "lunes 3 de noviembre",
        "3º de novembro de 2025",
        "dia 3 de novembro",
        "3. November 2025",
        "am 3. Nov. 2025",
        "३ नवंबर २०२५",
        "3 नवम्बर 2025",
        "3 नवंबर को",
        "\uff13 \uff2e\uff4f\uff56 \uff12\uff10\uff12\uff15",
    ],
)
def test_one_day_is_understood_however_it_is_written(text: str) -> None:
    assert read(text) == Understood(THIRD)


@pytest.mark.parametrize(
    "text", ["3/11/2025", "3.11.25", "03-11-2025", "3 11 2025", "3/11", "03112025", "031125", "०३/११/२०२५"]
)
def test_numbers_that_could_be_exchanged_are_asked_about_unless_the_order_of_the_user_is_known(text: str) -> None:
    eleventh = PartialDate(2025, 3, 11)
    assert read(text) == Ambiguous((THIRD, eleventh))
    assert read(text, "day_first") == Understood(THIRD)
    assert read(text, "month_first") == Understood(eleventh)


@pytest.mark.parametrize("text", ["25/12/2024", "12/25/2024", "25.12.24", "2024-12-25", "25122024", "12252024"])
def test_numbers_that_allow_one_reading_need_no_question(text: str) -> None:
    for order in (None, "day_first", "month_first"):
        assert read(text, order) == Understood(PartialDate(2024, 12, 25))


def test_a_reading_in_the_future_or_before_birth_is_none() -> None:
    assert read("3/12/2025") == Understood(PartialDate(2025, 3, 12))
    assert read("3/12/2025", "day_first") == Understood(PartialDate(2025, 3, 12))
    assert read("3/11/2024", born=date(2024, 6, 1)) == Understood(PartialDate(2024, 11, 3))


@pytest.mark.parametrize("text", ["11/2025", "11-2025", "2025-11", "2025/11", "nov 2025", "Nov '25", "नवंबर 2025"])
def test_a_month_is_kept_as_a_month(text: str) -> None:
    found = read(text)
    assert found == Understood(PartialDate(2025, 11))
    assert isinstance(found, Understood)
    assert (found.date.precision, found.date.iso) == ("month", "2025-11")


@pytest.mark.parametrize("text", ["Nov 25", "11/25"])
def test_a_number_that_may_be_a_day_or_a_year_is_asked_about(text: str) -> None:
    assert read(text) == Ambiguous((PartialDate(2025, 11, 25), PartialDate(2025, 11)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5 dec", PartialDate(2024, 12, 5)), ("29 nov", PartialDate(2025, 11, 29)), ("29 feb", PartialDate(2024, 2, 29))],
)
def test_a_day_without_a_year_is_the_last_one_there_was(text: str, expected: PartialDate) -> None:
    assert read(text) == Understood(expected)


@pytest.mark.parametrize(
    ("text", "days_ago"),
    [
        ("today", 0), ("Heute", 0), ("hoy", 0), ("hoje", 0), ("आज", 0),
        ("yesterday", 1), ("gestern", 1), ("ayer", 1), ("ontem", 1), ("कल", 1),
        ("the day before yesterday", 2), ("vorgestern", 2), ("anteayer", 2), ("anteontem", 2), ("परसों", 2),
    ],
)  # fmt: skip
def test_days_near_today_have_words(text: str, days_ago: int) -> None:
    assert read(text) == Understood(PartialDate.of(TODAY - timedelta(days=days_ago)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("30 nov 2025", "future"),
        ("12/2025", "future"),
        ("tomorrow", "future"),
        ("mañana", "future"),
        ("3 dec 26", "future"),
        ("31/02/2025", "impossible"),
        ("45/45/2025", "impossible"),
        ("31 april", "impossible"),
        ("1/1/1890", "impossible"),
        ("0/0/2025", "impossible"),
        ("May", "incomplete"),
        ("नवंबर", "incomplete"),
        ("2025", "incomplete"),
        ("5", "incomplete"),
        ("3rd", "incomplete"),
        ("41 Y", "not_a_date"),
        ("Sat 98%", "not_a_date"),
        ("I had it on 3 nov", "not_a_date"),
        ("3/11/2025/7", "not_a_date"),
        ("", "not_a_date"),
        ("...", "not_a_date"),
        ("1" * 5000, "not_a_date"),
    ],
)
def test_what_is_no_date_of_a_report_is_refused_with_its_problem(text: str, problem: str) -> None:
    found = read(text)
    assert isinstance(found, Refused)
    assert found.problem == problem


def test_nothing_is_older_than_its_owner() -> None:
    born = date(1984, 5, 12)
    assert read("11 May 1984", born=born) == Refused("before_birth")
    assert read("12 May 1984", born=born) == Understood(PartialDate(1984, 5, 12))
    # The day is not known: it may be after.
    assert read("05/1984", born=born) == Understood(PartialDate(1984, 5))


past_days = st.dates(min_value=date(1936, 1, 1), max_value=TODAY)


@given(past_days, st.sampled_from(sorted(MONTH_OF)), st.sampled_from([" ", "-", ".", " de "]))
def test_every_name_of_a_month_is_known_in_every_order(day: date, name: str, sign: str) -> None:
    meant = PartialDate(day.year, MONTH_OF[name], min(day.day, 28))
    if meant.first_day > TODAY:
        return
    for text in (
        f"{meant.day}{sign}{name}{sign}{meant.year}",
        f"{meant.day}{sign}{name.upper()}{sign}{meant.year % 100:02}",
        f"{name} {meant.day}, {meant.year}",
    ):
        assert read(text) == Understood(meant), text


@given(past_days, st.sampled_from(["/", ".", "-", " "]), st.sampled_from(["day_first", "month_first"]), st.booleans())
def test_numbers_come_back_as_the_day_they_were_made_of(day: date, sign: str, order: DateOrder, is_short: bool) -> None:
    year = f"{day.year % 100:02}" if is_short else str(day.year)
    parts = (day.day, day.month) if order == "day_first" else (day.month, day.day)
    expected = Understood(PartialDate.of(day))
    assert read(f"{parts[0]}{sign}{parts[1]}{sign}{year}", order) == expected
    assert read(f"{parts[0]:02}{parts[1]:02}{year}", order) in (expected, read(f"{parts[0]:02}{parts[1]:02}{year}"))


@given(st.text(max_size=80) | st.text(alphabet="0123456789/.-, novmarde'", max_size=14), past_days)
def test_no_text_breaks_it_and_no_date_of_the_future_comes_out(text: str, today: date) -> None:
    found = read_typed_date(text, today=today)
    dates = (found.date,) if isinstance(found, Understood) else found.dates if isinstance(found, Ambiguous) else ()
    assert all(one.first_day <= today for one in dates)
    assert len(dates) <= 3


@given(past_days)
def test_a_date_comes_back_from_what_is_stored(day: date) -> None:
    for one in (PartialDate.of(day), PartialDate(day.year, day.month)):
        assert PartialDate.from_iso(one.iso) == one
        assert one.first_day <= day.replace(day=one.day or day.day) <= one.last_day


@pytest.mark.parametrize(
    "text", ["2025", "2025-13", "2025-02-30", "1899-01-01", "2025-1-1", "03/11/2025", "", "२०२५-११"]
)
def test_what_is_stored_as_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|month|written"):
        PartialDate.from_iso(text)
