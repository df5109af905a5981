"""Makes sample reports: the same seed and number give the same report, and no two numbers the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from wipsie.testing.sample_reports.calendars import COUNTRIES, a_calendar
from wipsie.testing.sample_reports.camera import photographed, scanned
from wipsie.testing.sample_reports.layouts import Paper, a_layout, draw
from wipsie.testing.sample_reports.people import a_patient
from wipsie.testing.sample_reports.places import a_letterhead
from wipsie.testing.sample_reports.sheets import Desk, a_sheet
from wipsie.testing.sample_reports.sheets.kinds import a_kind
from wipsie.testing.sample_reports.truth import ReportForm, SampleLanguage, SampleReport, Truth

SAMPLES_TODAY = date(2026, 11, 16)
"""No report is of a later day: pass this wherever today is asked for."""
_LANGUAGES: tuple[SampleLanguage, ...] = ("en", "en", "en", "en", "en", "en", "en", "es", "pt", "de")
_FORMS: tuple[ReportForm, ...] = ("text_pdf", "text_pdf", "scanned_pdf", "photo", "photo")
_RECENT_DAYS = 730


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """A report on paper, before anybody scans it."""

    paper: Paper
    layout: str
    date_style: str
    truth: Truth
    form: ReportForm
    """The one that chance would choose."""


def make_reports(seed: int, count: int, *, form: ReportForm | None = None) -> Iterator[SampleReport]:
    """So many reports, one after the other, numbered from 0. `form`: all in this one; by default mixed."""
    for number in range(count):
        yield sample_report(number, seed=seed, form=form)


def sample_report(number: int, *, seed: int = 0, form: ReportForm | None = None) -> SampleReport:
    """The report of a number. In another form it is the same report on the same paper."""
    written = _write(number, seed)
    chosen = form or written.form
    camera = random.Random(f"camera {seed} {number}")
    pdf = bytes(written.paper.pdf.output())
    match chosen:
        case "text_pdf":
            return _report(number, written, chosen, pdf, "application/pdf", f"report-{number}.pdf")
        case "scanned_pdf":
            return _report(number, written, chosen, scanned(pdf, camera), "application/pdf", f"scan-{number}.pdf")
        case "photo":
            return _report(number, written, chosen, photographed(pdf, camera), "image/jpeg", f"photo-{number}.jpg")


def locked_report(number: int, password: str, *, seed: int = 0) -> SampleReport:
    """The report of a number as a PDF that only opens with a password."""
    written = _write(number, seed)
    pdf = written.paper.pdf
    pdf.set_encryption(owner_password=f"owner of {number}", user_password=password)
    return _report(number, written, "text_pdf", bytes(pdf.output()), "application/pdf", f"locked-{number}.pdf")


def _write(number: int, seed: int) -> _Written:
    chance = random.Random(f"sample report {seed} {number}")
    language = chance.choice(_LANGUAGES)
    country = chance.choice(COUNTRIES[language])
    kind = a_kind(chance)
    patient = a_patient(chance, language)
    days_ago = chance.randrange(_RECENT_DAYS) if chance.random() < 0.85 else chance.randrange(_RECENT_DAYS, 3_000)
    day = max(SAMPLES_TODAY - timedelta(days=days_ago), patient.birth_date + timedelta(days=40))
    calendar = a_calendar(chance, country, language)
    desk = Desk(
        chance,
        language=language,
        calendar=calendar,
        letterhead=a_letterhead(chance, language, kind),
        patient=patient,
        day=day,
    )
    sheet = a_sheet(desk, kind)
    layout = a_layout(chance, kind)
    paper = draw(sheet, layout, chance)
    return _Written(
        paper=paper,
        layout=layout,
        date_style=calendar.style,
        truth=Truth(
            report_date=sheet.report_date,
            hospital=sheet.letterhead.name,
            kind=kind,
            birth_date=patient.birth_date,
            shows_birth_date=sheet.shows_birth_date,
            country=country,
            language=language,
        ),
        form=chance.choice(_FORMS),
    )


def _report(
    number: int, written: _Written, form: ReportForm, content: bytes, media_type: str, file_name: str
) -> SampleReport:
    return SampleReport(
        number=number,
        form=form,
        layout=written.layout,
        date_style=written.date_style,
        file_name=file_name,
        media_type=media_type,
        content=content,
        truth=written.truth,
    )
