"""Reports as conversations tell of them."""

from __future__ import annotations

from typing import cast, get_args

from wipsie.kernel.clock import utc_datetime
from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.conversation import Details, ReportSummary
from wipsie.slices.vault.store.reports import Report

_TYPES = frozenset(get_args(ReportType))


def summary_of(report: Report) -> ReportSummary:
    """Of a report that was read."""
    kept = report.details
    return ReportSummary(
        number=report.number,
        details=Details(
            date=kept.date,
            hospital=kept.hospital,
            type=cast("ReportType", kept.type) if kept.type in _TYPES else None,
            person=kept.person,
            note=kept.note,
        ),
        pages=report.files,
        version=report.version,
        saved_on=utc_datetime(report.saved_at_ms).date(),
    )
