"""Kinds of reports that the vault tells apart."""

from __future__ import annotations

from typing import Literal, get_args

ReportType = Literal["blood_test", "imaging", "prescription", "discharge_summary", "vaccination", "bill", "other"]
REPORT_TYPES: tuple[ReportType, ...] = get_args(ReportType)
"""In the order in which people are offered them."""
