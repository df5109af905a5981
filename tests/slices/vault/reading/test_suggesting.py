"""What is suggested of a report: never more than it says, and only what is clear as the answer."""

from __future__ import annotations

import random
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import drawn, reading_of

from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES
from wipsie.slices.vault.domain.reading import Reading, Suggestions, Word, suggest
from wipsie.slices.vault.domain.reading.report_types import guess_types

TODAY = date(2025, 11, 20)
PAGE = """
    Lakeside Diagnostics
    LABORATORY REPORT
    Patient Name: Asha Example
    DOB: 12 May 1984
    Reported On: 03 Nov 2025
    COMPLETE BLOOD COUNT
    Test            Result    Reference Range
    Haemoglobin     13.1      12 - 16
"""


def test_a_clear_report_has_an_answer_for_everything() -> None:
    found = suggest(reading_of(PAGE), today=TODAY)
    assert found.sure_date is not None
    assert found.sure_date.date.iso == "2025-11-03"
    assert found.sure_hospital is not None
    assert found.sure_hospital.name == "Lakeside Diagnostics"
    assert found.sure_type is not None
    assert found.sure_type.type == "blood_test"


def test_a_report_without_words_has_no_answer() -> None:
    nothing = suggest(Reading(), today=TODAY)
    assert nothing == Suggestions()
    assert (nothing.sure_date, nothing.sure_hospital, nothing.sure_type) == (None, None, None)


def test_suggestions_go_into_sealed_columns_and_back() -> None:
    found = suggest(reading_of(PAGE), today=TODAY)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Suggestions) == found


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("X-RAY CHEST PA VIEW\nFINDINGS\nLung fields are clear.", "imaging"),
        ("Receta médica\nParacetamol 1 g comprimidos", "prescription"),
        ("Entlassungsbrief\nVERLAUF\nKomplikationslos", "discharge_summary"),
        ("CARTEIRA DE VACINAÇÃO\nVacina  Dose  Lote", "vaccination"),
        ("INVOICE\nParticulars   Qty   Amount\nBlood test (CBC)   1   400.00\nX-Ray chest   1   300.00", "bill"),
        ("SICK LEAVE CERTIFICATE\nis advised rest for five days", "other"),
        ("Kleines Blutbild\nLeukozyten  7.4\nThrombozyten  180", "blood_test"),
    ],
)
def test_the_type_is_told_by_its_words(page: str, kind: str) -> None:
    best = guess_types(drawn(page))[0]
    assert (best.type, best.is_clear) == (kind, True)


def test_a_type_that_is_not_twice_as_likely_is_not_clear() -> None:
    guesses = guess_types(drawn("LABORATORY REPORT\nRADIOLOGY REPORT"))
    assert {guess.type for guess in guesses} == {"blood_test", "imaging"}
    assert not any(guess.is_clear for guess in guesses)


def test_the_name_of_a_house_is_no_title() -> None:
    page = "Riverbend Imaging Centre\nReceipt\nAmount  Qty  Net payable"
    assert guess_types(drawn(page), "Riverbend Imaging Centre")[0].type == "bill"


def test_at_most_ten_types_fit_into_a_list_of_whatsapp() -> None:
    assert len(REPORT_TYPES) <= 10
    assert list(REPORT_TYPES).index("other") == len(REPORT_TYPES) - 1


_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Zs", "Cc")), min_size=1, max_size=12) | st.sampled_from(
    ["03/11/2025", "Reported", "DOB:", "12", "May", "1984", ":", "Hospital", "-", "2025-13-45", "०३/११/२०२५"]
)
_PLACES = st.floats(0, 1, allow_nan=False)


@given(
    st.lists(
        st.builds(Word, _TEXTS, _PLACES, _PLACES, _PLACES, _PLACES, st.integers(0, 3), st.floats(0, 100)), max_size=20
    )
)
@settings(max_examples=60, deadline=None)
def test_no_words_wherever_they_stand_break_it(words: list[Word]) -> None:
    found = suggest(Reading(words=tuple(words), source="ocr"), ("Known Hospital",), "IN", today=TODAY)
    assert len(found.dates) <= 3
    assert len(found.hospitals) <= 3
    assert len(found.types) <= 3
    assert all(0 < guess.confidence < 1 for guess in (*found.dates, *found.hospitals))
    assert all(guess.date.first_day <= TODAY for guess in found.dates)
    assert all(2 <= len(guess.name) <= 80 for guess in found.hospitals)


def test_the_order_of_words_does_not_matter() -> None:
    reading = reading_of(PAGE)
    words = list(reading.words)
    random.Random(5).shuffle(words)
    shuffled = msgspec.structs.replace(reading, words=tuple(words))
    assert suggest(shuffled, today=TODAY) == suggest(reading, today=TODAY)
