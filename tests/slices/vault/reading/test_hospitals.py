"""Who wrote a report: what its owner confirmed before, then a public list, then the letterhead."""

from __future__ import annotations

from pages import Look, drawn

from wipsie.slices.vault.domain.reading.hospitals import SURE_FROM, HospitalGuess, guess_hospitals

BIG_FIRST = Look(tall=(0,))
PAGE = """
    LAKESIDE HOSPITAL
    12 Canal Road, Sampleton 400001
    Tel: +1 555 0100 1234
    LABORATORY REPORT
    Patient Name: Asha Example
    Referred By: Dr. Specimen, Riverbend Clinic
"""


def best(
    page: str, known: tuple[str, ...] = (), aliases: dict[str, str] | None = None, look: Look = BIG_FIRST
) -> HospitalGuess:
    return guess_hospitals(drawn(page, look), known, aliases)[0]


def test_the_letterhead_names_the_house() -> None:
    found = best(PAGE)
    assert (found.name, found.source) == ("Lakeside Hospital", "letterhead")
    assert found.confidence >= SURE_FROM


def test_a_title_in_larger_letters_is_not_the_house() -> None:
    assert best(PAGE, look=Look(tall=(3,))).name == "Lakeside Hospital"


def test_a_brand_is_found_by_its_size() -> None:
    found = best("MedAxis\nCare you can trust\nPatient: Asha Example")
    assert found.name == "MedAxis"


def test_a_doctor_is_not_a_house() -> None:
    assert (
        best("Dr. Asha Specimen, MBBS\nMaple Court Clinic\nPatient: X", look=Look(tall=(0,))).name
        == "Maple Court Clinic"
    )


def test_what_the_owner_confirmed_is_written_as_the_owner_does() -> None:
    found = best(PAGE, ("Lakeside Hospital (main)", "Lakeside hospital"))
    assert (found.name, found.source) == ("Lakeside hospital", "confirmed")


def test_one_letter_that_was_misread_does_not_make_another_house() -> None:
    found = best("LAKES1DE HOSPITAL\nPatient: X", ("Lakeside Hospital",))
    assert (found.name, found.source) == ("Lakeside Hospital", "alike")
    assert found.confidence >= SURE_FROM


def test_an_alias_of_the_public_list_gives_the_name_of_the_list() -> None:
    found = best("LSH Sampleton\nPatient: X", aliases={"LSH Sampleton": "Lakeside Hospital"})
    assert (found.name, found.source) == ("Lakeside Hospital", "alias")


def test_confirmed_names_come_before_the_list() -> None:
    found = best(PAGE, ("Lakeside Hospital",), {"Lakeside Hospital": "Lakeside Hospital, Sampleton"})
    assert found.name == "Lakeside Hospital"


def test_whoever_sent_the_patient_did_not_write_the_report() -> None:
    assert best(PAGE, ("Riverbend Clinic",)).name == "Lakeside Hospital"


def test_a_short_name_matches_itself_only() -> None:
    assert best(PAGE, ("Lake", "Hos")).name == "Lakeside Hospital"


def test_a_name_that_was_hardly_readable_is_not_sure() -> None:
    assert best(PAGE, look=Look(tall=(0,), confidence=40)).confidence < SURE_FROM


def test_a_page_without_a_letterhead_suggests_nothing() -> None:
    assert guess_hospitals(drawn("Tel: +1 555 0100\n12345 67890\n: :")) == ()
    assert guess_hospitals(()) == ()
