"""For users too: medical reports that never were, with what is true of them known, and (in `hostile`) files made to harm.

    from wipsie.testing.sample_reports import SAMPLES_TODAY, Score, make_reports

    score = Score()
    for report in make_reports(seed=1, count=300):
        score.add(report.truth, my_reader(report.content, report.media_type, today=SAMPLES_TODAY))
    assert score.share(score.date_first) >= 0.95 and score.birth_among == 0

Needs fpdf2, Pillow and pypdfium2.
"""

from __future__ import annotations

from wipsie.testing.sample_reports.making import SAMPLES_TODAY, locked_report, make_reports, sample_report
from wipsie.testing.sample_reports.scoring import Answer, Score
from wipsie.testing.sample_reports.truth import ReportForm, ReportKind, SampleReport, Truth

__all__ = [
    "SAMPLES_TODAY",
    "Answer",
    "ReportForm",
    "ReportKind",
    "SampleReport",
    "Score",
    "Truth",
    "locked_report",
    "make_reports",
    "sample_report",
]
