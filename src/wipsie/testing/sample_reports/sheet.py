"""A report before anybody drew it: who wrote it, whom it is about, what it says. Layouts put it on paper."""

from __future__ import annotations

from datetime import date

import msgspec

from wipsie.testing.sample_reports.people import Patient
from wipsie.testing.sample_reports.places import Letterhead
from wipsie.testing.sample_reports.truth import ReportKind, SampleLanguage

Field = tuple[str, str]
"""A label and what stands beside or under it."""


class Table(msgspec.Struct, frozen=True):
    """Rows under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Heading(msgspec.Struct, frozen=True):
    """A line that names what follows."""

    text: str


class Paragraph(msgspec.Struct, frozen=True):
    """Prose, broken where the line ends."""

    text: str


Block = Table | Heading | Paragraph


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """All a report says. `report_date` is the one to find; every other date in it is there to be told from it."""

    kind: ReportKind
    language: SampleLanguage
    letterhead: Letterhead
    title: str
    """Empty: the sheet has none."""
    patient: Patient
    about: tuple[Field, ...]
    """Who it is about."""
    moments: tuple[Field, ...]
    """What was done when."""
    blocks: tuple[Block, ...]
    footer: tuple[str, ...]
    signed_by: str
    report_date: date
    shows_birth_date: bool
