"""What is true of a sample report: what a reader should find in it, and what it should not fall for."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

ReportKind = Literal["blood_test", "imaging", "prescription", "discharge_summary", "vaccination", "bill", "other"]
ReportForm = Literal["text_pdf", "scanned_pdf", "photo"]
SampleLanguage = Literal["en", "es", "pt", "de"]


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Known because it was made up."""

    report_date: date
    """What people would call the date of the report: reported before collected, discharge before admission."""
    hospital: str
    """As its letterhead writes it."""
    kind: ReportKind
    birth_date: date
    """Of the patient; in most reports, but not in all."""
    shows_birth_date: bool
    country: str
    """Two letters (ISO 3166), of the patient: how they read 3/11/2025."""
    language: SampleLanguage


class SampleReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report as a patient would send it."""

    number: int
    form: ReportForm
    layout: str
    date_style: str
    file_name: str
    media_type: str
    content: bytes
    truth: Truth
