"""What numbers may mean as a date. Every reading that a calendar allows is given; which one is meant, others decide."""

from __future__ import annotations

from wipsie.slices.vault.domain.dates.partial_date import PartialDate, partial_date

_YEARS_AHEAD = 10
"""Two digits further ahead than this are of the last century: licences end in the future, reports do not."""


def full_year(digits: str, this_year: int) -> int:
    """Of four digits, or of two, which are read as the century that is closest."""
    if len(digits) > 2:
        return int(digits)
    century = this_year - this_year % 100
    year = century + int(digits)
    return year if year <= this_year + _YEARS_AHEAD else year - 100


def readings(first: str, second: str, third: str, this_year: int) -> tuple[PartialDate, ...]:
    """Of three numbers that stand beside each other, the most likely first: 3/11/2025 is of November in most of the world."""
    if len(first) > 2:
        return distinct([partial_date(int(first), int(second), int(third))])
    year = full_year(third, this_year)
    return distinct([partial_date(year, int(second), int(first)), partial_date(year, int(first), int(second))])


def distinct(found: list[PartialDate | None]) -> tuple[PartialDate, ...]:
    """Those that there are, each once, in their order."""
    return tuple(dict.fromkeys(one for one in found if one is not None))
