"""Dates in the text of a document, by strict patterns: where each stands and what it may mean. Which of them is the date of the
report, its labels tell; nothing here guesses.

Not found on purpose: a month without a year, a year alone, ages, and numbers that go on to the left or right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from wipsie.slices.vault.domain.dates.months import MONTH_NAME, month_of
from wipsie.slices.vault.domain.dates.numbers import full_year, readings
from wipsie.slices.vault.domain.dates.partial_date import PartialDate, partial_date
from wipsie.slices.vault.domain.words import levelled

Form = Literal["iso", "numbers", "named", "month"]
FOUND_MAX = 500
TEXT_CHARACTERS_MAX = 200_000


class FoundDate(msgspec.Struct, frozen=True, kw_only=True):
    """A date where it stands."""

    start: int
    end: int
    """Of the text, as slices count."""
    text: str
    form: Form
    """iso: year first; numbers: day, month and year; named: with the name of the month; month: without a day."""
    dates: tuple[PartialDate, ...]
    """What it may mean, the most likely first: day before month. More than one only for `numbers`."""

    @property
    def is_ambiguous(self) -> bool:
        """Day and month could be exchanged."""
        return len(self.dates) > 1


_D, _Y, _Y4 = r"[0-9]{1,2}", r"(?:[0-9]{4}|[0-9]{2})", r"(?:19|20|21)[0-9]{2}"
_SIGN = r"[/.\-–]"
_BLANK = r"[^\S\n]"
_ORDINAL = r"(?:st|nd|rd|th|º|ª|er|ro)?"
_OF = rf"(?:{_BLANK}*(?:de|del|do|of){_BLANK}+|(?:{_BLANK}|[.,/\-–'’])*)"


def _iso(found: re.Match[str], _: int) -> PartialDate | None:
    return partial_date(int(found["y"]), int(found["m"]), int(found["d"]))


def _numbers(found: re.Match[str], this_year: int) -> tuple[PartialDate, ...]:
    return readings(found["a"], found["b"], found["y"], this_year)


def _named(found: re.Match[str], this_year: int) -> PartialDate | None:
    return partial_date(full_year(found["y"], this_year), month_of(found["name"]), int(found["d"]))


def _named_month(found: re.Match[str], _: int) -> PartialDate | None:
    return partial_date(int(found["y"]), month_of(found["name"]))


def _numbered_month(found: re.Match[str], _: int) -> PartialDate | None:
    return partial_date(int(found["y"]), int(found["m"]))


_Reader = Callable[[re.Match[str], int], PartialDate | tuple[PartialDate, ...] | None]
# In this order: what a longer form has taken, a shorter one does not get.
_FORMS: tuple[tuple[Form, str, _Reader], ...] = (
    ("iso", rf"(?P<y>{_Y4})(?P<s>[/.\-])(?P<m>{_D})(?P=s)(?P<d>{_D})", _iso),
    ("numbers", rf"(?P<a>{_D})(?P<s>{_BLANK}?{_SIGN}{_BLANK}?)(?P<b>{_D})(?P=s)(?P<y>{_Y})", _numbers),
    ("named", rf"(?P<d>{_D}){_ORDINAL}{_OF}(?P<name>{MONTH_NAME}){_OF}(?P<y>{_Y})", _named),
    (
        "named",
        rf"(?P<name>{MONTH_NAME})(?:{_BLANK}|[.\-])*(?P<d>{_D}){_ORDINAL}(?:{_BLANK}|[,\-])+(?P<y>{_Y4})",
        _named,
    ),
    ("month", rf"(?P<name>{MONTH_NAME}){_OF}(?P<y>{_Y4})", _named_month),
    ("month", rf"(?P<m>{_D})(?P<s>{_BLANK}?[/\-.]{_BLANK}?)(?P<y>{_Y4})", _numbered_month),
)
_PATTERNS: tuple[tuple[Form, re.Pattern[str], _Reader], ...] = tuple(
    (form, re.compile(f"(?<![0-9]){pattern}(?![0-9])"), read) for form, pattern, read in _FORMS
)


def find_dates(text: str, this_year: int) -> tuple[FoundDate, ...]:
    """All dates of the first `TEXT_CHARACTERS_MAX` characters, at most `FOUND_MAX`, in the order they stand. `this_year` is for
    years of two digits."""
    plain = levelled(text[:TEXT_CHARACTERS_MAX])
    is_taken = bytearray(len(plain))
    found: list[FoundDate] = []
    for form, pattern, read in _PATTERNS:
        for match in pattern.finditer(plain):
            start, end = match.span()
            if any(is_taken[start:end]) or _goes_on(plain, match):
                continue
            dates = read(match, this_year)
            if not dates:
                continue
            is_taken[start:end] = b"\1" * (end - start)
            dates = dates if isinstance(dates, tuple) else (dates,)
            found.append(FoundDate(start=start, end=end, text=text[start:end], form=form, dates=dates))
    return tuple(sorted(found, key=lambda one: one.start)[:FOUND_MAX])


def _goes_on(plain: str, match: re.Match[str]) -> bool:
    # The sign between its numbers joins it to one more: part of a version, a code or a telephone number.
    sign = (match.groupdict().get("s") or "").strip()
    if not sign:
        return False
    start, end = match.span()
    return _joins(plain[max(start - 2, 0) : start][::-1], sign) or _joins(plain[end : end + 2], sign)


def _joins(beside: str, sign: str) -> bool:
    return len(beside) == 2 and beside[0] == sign and beside[1].isdigit()
