"""Sample reports are the same each time, say what their truth says, and are the more different the more there are."""

from __future__ import annotations

from datetime import date

import pytest

from wipsie.slices.vault.gateways.pdf_pages import read_pdf_pages
from wipsie.testing.sample_reports import Answer, Score, Truth, locked_report, make_reports, sample_report
from wipsie.testing.sample_reports.truth import ReportForm

TRUTH = Truth(
    report_date=date(2025, 11, 3),
    hospital="Lakeside Hospital",
    kind="other",
    birth_date=date(1984, 5, 12),
    shows_birth_date=True,
    country="IN",
    language="en",
)


@pytest.mark.parametrize(
    "form",
    [
        "text_pdf",
        pytest.param("scanned_pdf", marks=pytest.mark.slow),
        pytest.param("photo", marks=pytest.mark.slow),
    ],
)
def test_the_same_seed_and_number_give_the_same_bytes(form: ReportForm) -> None:
    assert sample_report(4, seed=9, form=form).content == sample_report(4, seed=9, form=form).content


def test_another_seed_or_number_gives_another_report() -> None:
    contents = {sample_report(number, seed=seed, form="text_pdf").content for number in range(5) for seed in range(3)}
    assert len(contents) == 15


def test_a_report_is_the_same_in_every_form() -> None:
    assert sample_report(4, form="scanned_pdf").truth == sample_report(4, form="text_pdf").truth


def test_what_is_true_stands_in_the_report() -> None:
    for report in make_reports(9, 15, form="text_pdf"):
        text = " ".join(word.text for word in read_pdf_pages(report.content, 0, 1).words)
        assert report.truth.hospital in text
        assert str(report.truth.report_date.year)[2:] in text


def test_all_kinds_layouts_and_styles_of_dates_are_met() -> None:
    reports = list(make_reports(9, 60, form="text_pdf"))
    assert {report.truth.kind for report in reports} >= {"blood_test", "imaging", "prescription", "discharge_summary"}
    assert len({report.layout for report in reports}) >= 5
    assert len({report.date_style for report in reports}) >= 8
    assert {report.truth.language for report in reports} == {"en", "es", "pt", "de"}
    assert any(report.truth.shows_birth_date for report in reports)


def test_a_locked_report_is_the_report_behind_a_lock() -> None:
    locked = locked_report(4, "sesame", seed=9)
    assert locked.truth == sample_report(4, seed=9, form="text_pdf").truth
    assert b"/Encrypt" in locked.content


def test_scores_count_what_is_right() -> None:
    score = Score()
    score.add(TRUTH, Answer(dates=(TRUTH.report_date,), hospital="LAKESIDE HOSPITAL", is_date_sure=True))
    score.add(TRUTH, Answer(dates=(TRUTH.birth_date, TRUTH.report_date), kind="bill", is_date_sure=True))
    score.add(TRUTH, Answer())
    assert (score.reports, score.date_first, score.date_among) == (3, 1, 2)
    assert (score.birth_first, score.birth_among) == (1, 1)
    assert (score.hospital, score.kind) == (1, 2)
    assert (score.sure_dates, score.sure_dates_wrong) == (2, 1)
    assert score.share(score.date_first) == pytest.approx(1 / 3)
    assert Score().share(0) == 0
