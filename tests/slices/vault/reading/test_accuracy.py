"""The bars of reading hold on sample reports that the rules were not made with. `benchmarks/scenarios/vault_reading.py` measures
more of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from roomy import read_report

from wipsie.slices.vault.domain.reading import suggest
from wipsie.testing.sample_reports import SAMPLES_TODAY, Answer, ReportForm, Score, make_reports

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed: apt-get install tesseract-ocr"
)
SEED = 77


def scored(count: int, folder: Path, form: ReportForm | None = None) -> Score:
    score = Score()
    path = folder / "report"
    for report in make_reports(SEED, count, form=form):
        path.write_bytes(report.content)
        kind = "pdf" if report.media_type == "application/pdf" else "jpeg"
        reading = read_report(path, kind, None, 60.0, (report.truth.language, "en"))
        found = suggest(reading, (), report.truth.country, today=SAMPLES_TODAY)
        answer = Answer(
            dates=tuple(guess.date.first_day for guess in found.dates if guess.date.day is not None),
            hospital=found.hospitals[0].name if found.hospitals else None,
            kind=found.types[0].type if found.types else None,
            is_date_sure=found.sure_date is not None,
        )
        score.add(report.truth, answer)
    return score


def test_reports_with_text_are_read_right(tmp_path: Path) -> None:
    score = scored(30, tmp_path, "text_pdf")
    assert score.birth_among == 0
    assert score.sure_dates_wrong == 0
    assert score.share(score.date_first) >= 0.95
    assert score.share(score.date_among) >= 0.99
    assert score.share(score.kind) >= 0.9
    assert score.share(score.hospital) >= 0.85


@needs_tesseract
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_scans_and_photos_are_read_right(tmp_path: Path) -> None:
    score = scored(20, tmp_path)
    assert score.birth_among == 0
    assert score.share(score.date_first) >= 0.95
    assert score.share(score.date_among) >= 0.95
    assert score.share(score.kind) >= 0.9
    assert score.share(score.hospital) >= 0.85
