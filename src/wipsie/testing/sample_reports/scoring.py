"""How often a reader is right about sample reports."""

from __future__ import annotations

from datetime import date

import msgspec

from wipsie.testing.sample_reports.truth import ReportKind, Truth


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader says of one report."""

    dates: tuple[date, ...] = ()
    """The likeliest first."""
    hospital: str | None = None
    kind: ReportKind | None = None
    is_date_sure: bool = False
    """It would show the first date as the answer, not as a question."""
    is_hospital_sure: bool = False
    is_kind_sure: bool = False


class Score(msgspec.Struct, kw_only=True):
    """Counts of reports."""

    reports: int = 0
    date_first: int = 0
    """The first date is right."""
    date_among: int = 0
    """The right date is among those given."""
    birth_first: int = 0
    """The first date is that of birth."""
    birth_among: int = 0
    """The date of birth is among those given."""
    hospital: int = 0
    """Right, whatever its capitals."""
    kind: int = 0
    sure_dates: int = 0
    sure_dates_wrong: int = 0
    sure_hospitals_wrong: int = 0
    sure_kinds_wrong: int = 0

    def add(self, truth: Truth, answer: Answer) -> None:
        """Count one report. Nobody has to know the kind of what is none of the common kinds."""
        first = answer.dates[0] if answer.dates else None
        is_date_right = first == truth.report_date
        is_hospital_right = (answer.hospital or "").casefold() == truth.hospital.casefold()
        is_kind_right = (answer.kind or "other") == truth.kind
        self.reports += 1
        self.date_first += is_date_right
        self.date_among += truth.report_date in answer.dates
        self.birth_first += first == truth.birth_date
        self.birth_among += truth.birth_date in answer.dates
        self.hospital += is_hospital_right
        self.kind += is_kind_right
        self.sure_dates += answer.is_date_sure
        self.sure_dates_wrong += answer.is_date_sure and not is_date_right
        self.sure_hospitals_wrong += answer.is_hospital_sure and not is_hospital_right
        self.sure_kinds_wrong += answer.is_kind_sure and not is_kind_right

    def share(self, count: int) -> float:
        """Of all reports, 0 to 1; 0 when there are none."""
        return count / self.reports if self.reports else 0.0
