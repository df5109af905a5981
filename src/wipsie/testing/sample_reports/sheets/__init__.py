"""Sheets of each kind of report, filled in by chance."""

from __future__ import annotations

from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.sheets.kinds import a_sheet

__all__ = ["Desk", "a_sheet"]
