"""A date as far as it is known: a month without a day is kept as that, never as its first."""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import Literal

import msgspec

YEAR_MIN = 1900
YEAR_MAX = 2199
Precision = Literal["day", "month"]
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")


class PartialDate(msgspec.Struct, frozen=True):
    """A day, or a month whose day is not known. ValueError for what no calendar has, and for years outside of `YEAR_MIN` to
    `YEAR_MAX`."""

    year: int
    month: int
    day: int | None = None

    def __post_init__(self) -> None:
        if not YEAR_MIN <= self.year <= YEAR_MAX or not 1 <= self.month <= 12:
            raise ValueError(f"{self.year}-{self.month} is no month that a report can be of")
        if self.day is not None and not 1 <= self.day <= calendar.monthrange(self.year, self.month)[1]:
            raise ValueError(f"{self.year}-{self.month} has no day {self.day}")

    @classmethod
    def of(cls, day: date) -> PartialDate:
        """A day of the calendar."""
        return cls(day.year, day.month, day.day)

    @classmethod
    def from_iso(cls, text: str) -> PartialDate:
        """Back from `iso`; ValueError for anything else."""
        found = _ISO.fullmatch(text)
        if found is None:
            raise ValueError("a date is written 2025-11-03, a month 2025-11")
        year, month, day = found.groups()
        return cls(int(year), int(month), int(day) if day else None)

    @property
    def precision(self) -> Precision:
        """How much of it is known."""
        return "month" if self.day is None else "day"

    @property
    def iso(self) -> str:
        """2025-11-03, or 2025-11."""
        return f"{self.year:04}-{self.month:02}" + ("" if self.day is None else f"-{self.day:02}")

    @property
    def first_day(self) -> date:
        """The earliest it can be."""
        return date(self.year, self.month, self.day or 1)

    @property
    def last_day(self) -> date:
        """The latest it can be."""
        return date(self.year, self.month, self.day or calendar.monthrange(self.year, self.month)[1])


def partial_date(year: int, month: int, day: int | None = None) -> PartialDate | None:
    """None where `PartialDate` would raise."""
    try:
        return PartialDate(year, month, day)
    except ValueError:
        return None
