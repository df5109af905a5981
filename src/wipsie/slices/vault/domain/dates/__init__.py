"""Dates of reports: as documents write them, as people type them, and as they are kept: a day, or a month alone."""

from __future__ import annotations

from wipsie.slices.vault.domain.dates.finding import FoundDate, find_dates
from wipsie.slices.vault.domain.dates.partial_date import PartialDate
from wipsie.slices.vault.domain.dates.typed import Ambiguous, DateOrder, Refused, Understood, read_typed_date

__all__ = [
    "Ambiguous",
    "DateOrder",
    "FoundDate",
    "PartialDate",
    "Refused",
    "Understood",
    "find_dates",
    "read_typed_date",
]
