"""The date of a report is the one its label names, wherever it stands, and a date of birth never is."""

from __future__ import annotations

from datetime import date

import pytest
from pages import STRAIGHT, Look, drawn

from wipsie.slices.vault.domain.reading import DateGuess
from wipsie.slices.vault.domain.reading.date_picking import SURE_FROM, pick_dates

TODAY = date(2025, 11, 20)


def picked(
    page: str, *, locale: str | None = None, birth_date: date | None = None, look: Look = STRAIGHT
) -> tuple[DateGuess, ...]:
    return pick_dates(drawn(page, look), locale_hint=locale, today=TODAY, birth_date=birth_date)


def days(page: str, *, locale: str | None = None, birth_date: date | None = None, look: Look = STRAIGHT) -> list[str]:
    return [guess.date.iso for guess in picked(page, locale=locale, birth_date=birth_date, look=look)]


LEFT = """
    Lakeside Diagnostics
    DOB          : 12 May 1984
    Collected On : 01 Nov 2025
    Received On  : 02 Nov 2025
    Reported On  : 03 Nov 2025
    Printed On   : 05 Nov 2025
"""
HEADS = """
    DOB            Collected       Received        Reported
    12 May 1984    01 Nov 2025     02 Nov 2025     03 Nov 2025
"""
BOXES = """
    NAME                DOB
    Asha Sample         12 May 1984
    COLLECTED           REPORTED
    01 Nov 2025         03 Nov 2025
"""
TWO_COLUMNS = """
    Name: Asha Example              Collected: 01 Nov 2025
    DOB: 12 May 1984                Reported: 03 Nov 2025
"""
NARROW = """
    Collected On:
    01 Nov 2025
    Reported On:
    03 Nov 2025
    Date of birth:
    12 May 1984
"""


@pytest.mark.parametrize("lean", [0.0, 0.015, -0.015])
@pytest.mark.parametrize(
    "page", [LEFT, HEADS, BOXES, TWO_COLUMNS, NARROW], ids=["left", "heads", "boxes", "columns", "narrow"]
)
def test_the_label_left_or_above_decides(page: str, lean: float) -> None:
    guesses = picked(page, look=Look(lean=lean))
    assert guesses[0].date.iso == "2025-11-03"
    assert guesses[0].role == "reported"
    assert guesses[0].confidence >= SURE_FROM
    assert guesses[1].date.iso == "2025-11-01"
    assert "1984-05-12" not in [guess.date.iso for guess in guesses]


def test_at_most_three_are_given_and_each_once() -> None:
    assert days(LEFT) == ["2025-11-03", "2025-11-01", "2025-11-02"]
    assert days("Reported: 3 Nov 2025\nReported: 03.11.2025\nCollected: 2025-11-03") == ["2025-11-03"]


@pytest.mark.parametrize(
    "page",
    [
        "DOB: 12 May 1984",
        "12 May 1984 / 41 Y\nAge",
        "Name: Asha Example  41 Y\nSeen 12 May 1984",
        "Date of birth\n12 May 1984",
        "Valid until: 12 May 2024",
        "Reported: 12 May 2031",
        "Reported: 12 May 1884",
        "Reported: 31 Feb 2025",
        "Room 12, May I come in",
        "",
    ],
)
def test_what_is_no_date_of_a_report_is_not_suggested(page: str) -> None:
    assert days(page) == []


def test_the_birth_date_that_is_known_is_never_suggested_whatever_its_label() -> None:
    page = "Reported: 12/05/1984\nCollected: 01 Nov 2025"
    assert days(page, birth_date=date(1984, 5, 12)) == ["2025-11-01"]
    assert days(page, birth_date=date(1984, 12, 5)) == ["2025-11-01"]


def test_a_birth_date_is_dropped_where_it_stands_without_label_too() -> None:
    assert days("Asha Example, 12 May 2023\nDOB: 12 May 2023\nReported: 03 Nov 2025") == ["2025-11-03"]


def test_a_birth_date_whose_label_was_lost_is_years_before_the_others() -> None:
    page = """
        Name            Date
        Asha Example    29 Jan 1987
        Vaccine         Date Given     Batch Expiry
        Tetanus         09 Nov 2025    17 Oct 2027
    """
    assert days(page) == ["2025-11-09"]


def test_an_old_report_is_found_where_all_its_dates_are_old() -> None:
    assert days("Collected: 01 Nov 2009\nReported: 03 Nov 2009") == ["2009-11-03", "2009-11-01"]


def test_an_earlier_study_is_not_this_one() -> None:
    page = """
        Study Date: 03 Nov 2025
        No new lesion is seen in this study when it is compared with the study of
        12 Jan 2024.
    """
    assert days(page) == ["2025-11-03"]


def test_of_several_doses_the_last_one_counts() -> None:
    page = """
        Vaccine        Dose    Date Given     Batch Expiry
        Hepatitis B    1       01 Sep 2025    01 Sep 2026
        Hepatitis B    2       01 Oct 2025    01 Oct 2025
        Hepatitis B    3       01 Nov 2025    01 Nov 2026
    """
    assert days(page)[0] == "2025-11-01"


def test_discharge_comes_before_admission_and_surgery() -> None:
    page = "Admitted: 27 Oct 2025\nDischarged: 03 Nov 2025\nSurgery performed on 29 Oct 2025."
    assert days(page) == ["2025-11-03", "2025-10-27", "2025-10-29"]


def test_a_letter_has_its_date_behind_the_town() -> None:
    assert days("Musterstadt, den 3. November 2025\nGedruckt am 5.11.2025") == ["2025-11-03", "2025-11-05"]


@pytest.mark.parametrize("label", ["Admitted", "Received", "Registered", "Printed"])
def test_a_date_that_is_only_near_is_asked_about(label: str) -> None:
    (guess,) = picked(f"{label}: 03 Nov 2025")
    assert guess.confidence < SURE_FROM


def test_a_month_alone_stays_a_month_and_is_never_sure() -> None:
    (guess,) = picked("Reported: November 2025")
    assert guess.date.iso == "2025-11"
    assert guess.confidence < SURE_FROM


def test_a_day_that_was_misread_does_not_become_a_month() -> None:
    assert days("Reported: 41 Jun 2025") == []


class TestDayAndMonth:
    PAGE = "Reported: 03/11/2025"

    def test_without_a_hint_both_are_given_and_neither_is_sure(self) -> None:
        guesses = picked(self.PAGE)
        assert [guess.date.iso for guess in guesses] == ["2025-11-03", "2025-03-11"]
        assert all(guess.is_ambiguous and guess.confidence < SURE_FROM for guess in guesses)

    def test_both_readings_stand_beside_each_other(self) -> None:
        guesses = picked(f"{self.PAGE}\nCollected: 01 Nov 2025")
        assert [guess.is_ambiguous for guess in guesses] == [True, True, False]

    @pytest.mark.parametrize(
        ("locale", "day"),
        [
            ("IN", "2025-11-03"),
            ("pt-BR", "2025-11-03"),
            ("de_DE", "2025-11-03"),
            ("US", "2025-03-11"),
            ("en-US", "2025-03-11"),
        ],
    )
    def test_the_owners_country_decides(self, locale: str, day: str) -> None:
        (guess,) = picked(self.PAGE, locale=locale)
        assert guess.date.iso == day
        assert guess.confidence >= SURE_FROM

    @pytest.mark.parametrize("locale", ["CA", "en", "", None, "nonsense"])
    def test_a_locale_that_says_nothing_decides_nothing(self, locale: str | None) -> None:
        assert len(picked(self.PAGE, locale=locale)) == 2

    def test_another_date_of_the_document_decides_even_against_the_country(self) -> None:
        assert days(f"{self.PAGE}\nDOB: 25/12/1984", locale="US") == ["2025-11-03"]
        assert days(f"{self.PAGE}\nDOB: 12/25/1984", locale="IN") == ["2025-03-11"]

    def test_documents_that_contradict_themselves_decide_nothing(self) -> None:
        assert len(days(f"{self.PAGE}\nDOB: 25/12/1984\nValid until: 12/25/2027")) == 2

    def test_dots_put_the_day_first(self) -> None:
        assert days("Befund vom 03.11.2025") == ["2025-11-03"]

    def test_a_reading_that_is_still_to_come_is_not_meant(self) -> None:
        assert days("Reported: 03/12/2025") == ["2025-03-12"]
        assert days("Reported: 03/12/2025", locale="IN") == ["2025-03-12"]

    def test_dates_of_one_event_are_days_apart(self) -> None:
        assert days("Collected: 02/10/2025\nReported: 03/10/2025") == ["2025-10-03", "2025-10-02"]
        assert days("Collected: 10/02/2025\nReported: 10/03/2025") == ["2025-10-03", "2025-10-02"]

    def test_the_same_number_twice_is_one_date(self) -> None:
        (guess,) = picked("Reported: 05/05/2025")
        assert not guess.is_ambiguous


def test_a_date_that_was_hardly_readable_is_asked_about() -> None:
    (guess,) = picked("Reported: 03 Nov 2025", look=Look(confidence=40))
    assert guess.date.iso == "2025-11-03"
    assert guess.confidence < SURE_FROM
