"""Which kinds of reports there are, how often each is met, and who fills it in."""

from __future__ import annotations

import random
from collections.abc import Callable

from wipsie.testing.sample_reports.sheet import Sheet
from wipsie.testing.sample_reports.sheets.bill import a_bill
from wipsie.testing.sample_reports.sheets.blood import a_blood_test
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.sheets.discharge import a_discharge_summary
from wipsie.testing.sample_reports.sheets.imaging import an_imaging_report
from wipsie.testing.sample_reports.sheets.other import another_paper
from wipsie.testing.sample_reports.sheets.prescription import a_prescription
from wipsie.testing.sample_reports.sheets.vaccination import a_vaccination_record
from wipsie.testing.sample_reports.truth import ReportKind

_MAKERS: dict[ReportKind, tuple[Callable[[Desk], Sheet], int]] = {
    "blood_test": (a_blood_test, 30),
    "imaging": (an_imaging_report, 16),
    "prescription": (a_prescription, 16),
    "discharge_summary": (a_discharge_summary, 13),
    "vaccination": (a_vaccination_record, 9),
    "bill": (a_bill, 12),
    "other": (another_paper, 4),
}


def a_kind(chance: random.Random) -> ReportKind:
    """As often as people are given one."""
    kinds = tuple(_MAKERS)
    (kind,) = chance.choices(kinds, [_MAKERS[one][1] for one in kinds])
    return kind


def a_sheet(desk: Desk, kind: ReportKind) -> Sheet:
    """A report of a kind, filled in."""
    return _MAKERS[kind][0](desk)
