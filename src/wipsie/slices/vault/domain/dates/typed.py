"""Dates as people type them into a chat, in any of the languages of the vault, whichever their own is.

Strict: the whole text must be a date. What is left out is not filled in, but for the year of a day (the last time that day was)
and for the day of a month, which is kept as not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

import msgspec

from wipsie.slices.vault.domain.dates.months import LETTER, MONTH_NAME, month_of
from wipsie.slices.vault.domain.dates.numbers import distinct, full_year
from wipsie.slices.vault.domain.dates.partial_date import PartialDate, partial_date
from wipsie.slices.vault.domain.words import folded

DateOrder = Literal["day_first", "month_first"]
Problem = Literal["not_a_date", "incomplete", "impossible", "future", "before_birth"]
"""incomplete: a month or a year alone, or a day without a month."""
TEXT_CHARACTERS_MAX = 60


class Understood(msgspec.Struct, frozen=True):
    """The text is this date."""

    date: PartialDate


class Ambiguous(msgspec.Struct, frozen=True):
    """The text is one of these, two or three, the most likely first."""

    dates: tuple[PartialDate, ...]


class Refused(msgspec.Struct, frozen=True):
    """The text is no date that a report can have."""

    problem: Problem


_DAYS_AGO = {
    0: "today heute hoy hoje आज aaj",
    1: "yesterday gestern ayer ontem कल kal yday",
    2: "vorgestern anteayer antier anteontem परसो परसों parso parson",
    -1: "tomorrow morgen manana amanha",
}
_AGO = {word: days for days, words in _DAYS_AGO.items() for word in words.split()}
_PHRASES = {"the day before yesterday": 2, "day before yesterday": 2, "antes de ayer": 2, "antes de ontem": 2}

_LEFT_OUT = (
    # Before a date, or between its parts, without saying anything of it.
    "on the of from date dated day report am vom den der dem datum fecha dia del de da do el la em no data को का की तारीख दिनांक "
    # Days of the week: nobody checks them.
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag "
    "lunes martes miercoles jueves viernes sabado domingo segunda terca quarta quinta sexta feira "
    "सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार"
)
_LEFT_OUT_WORD = re.compile(
    rf"(?<!{LETTER})(?:{'|'.join(sorted(_LEFT_OUT.split(), key=len, reverse=True))})(?!{LETTER})\.?"
)
_TIME = re.compile(r"[\st,]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\s*(?:am|pm|uhr|h)?$")
_D, _Y4 = r"([0-9]{1,2})", r"([0-9]{4})"
_Y = r"((?:[0-9]{4}|[0-9]{2}))"
_SIGN = r"\s*[\s/.\-–,]\s*"
_ORDINAL = r"(?:st|nd|rd|th|º|ª|er|ro|o|a)?"
_GAP = r"[\s/.\-–,'’]*"
_NAME = f"({MONTH_NAME})"


class _Chat(msgspec.Struct, frozen=True):
    """What is known beside the text, and what numbers mean with it."""

    today: date
    born: date | None
    order: DateOrder | None

    def problem(self, one: PartialDate) -> Problem | None:
        if one.first_day > self.today:
            return "future"
        return "before_birth" if self.born is not None and one.last_day < self.born else None

    def year(self, digits: str) -> int:
        return full_year(digits, self.today.year)

    def last_time(self, month: int, day: int) -> PartialDate | None:
        """The day when it was last, today included. 29 February may be years ago."""
        for year in range(self.today.year, self.today.year - 9, -1):
            found = partial_date(year, month, day)
            if found is not None and found.first_day <= self.today:
                return found
        return None

    def ordered(self, day_first: PartialDate | None, month_first: PartialDate | None) -> list[PartialDate | None]:
        """Both, or the one that the user's order names when it is possible."""
        meant = {"day_first": day_first, "month_first": month_first}.get(self.order or "")
        return [day_first, month_first] if meant is None or self.problem(meant) else [meant]


_Read = Callable[[_Chat, "tuple[str, ...]"], "list[PartialDate | None]"]


def _year_first(_: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    year, month, day = map(int, parts)
    return [partial_date(year, month, day)]


def _three_numbers(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    first, second, year = int(parts[0]), int(parts[1]), chat.year(parts[2])
    return chat.ordered(partial_date(year, second, first), partial_date(year, first, second))


def _day_and_name(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    day, name, year = parts
    month = month_of(name)
    return [partial_date(chat.year(year), month, int(day)) if year else chat.last_time(month, int(day))]


def _name_and_day(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    name, day, year = parts
    found = _day_and_name(chat, (day, name, year))
    # "Nov 25" is a day, or a year.
    return found if year or len(day) == 1 else [*found, *_month_and_year(chat, (str(month_of(name)), day))]


def _name_and_year(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    return _month_and_year(chat, (str(month_of(parts[0])), parts[1]))


def _month_and_year(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    month, year = parts
    return [partial_date(chat.year(year), int(month))]


def _year_and_month(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    return _month_and_year(chat, parts[::-1])


def _two_numbers(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    first, second = map(int, parts)
    days = chat.ordered(chat.last_time(second, first), chat.last_time(first, second))
    # "11/25" is a day, or a year.
    return days if second <= 12 else [*days, *_month_and_year(chat, parts)]


def _digits(chat: _Chat, parts: tuple[str, ...]) -> list[PartialDate | None]:
    (digits,) = parts
    found = _three_numbers(chat, (digits[:2], digits[2:4], digits[4:]))
    return found if len(digits) == 6 else [*found, *_year_first(chat, (digits[:4], digits[4:6], digits[6:]))]


_FORMS: tuple[tuple[re.Pattern[str], _Read], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"{_Y4}{_SIGN}{_D}{_SIGN}{_D}", _year_first),
        (rf"{_D}{_SIGN}{_D}{_SIGN}{_Y}", _three_numbers),
        (rf"{_D}{_ORDINAL}{_GAP}{_NAME}(?:{_GAP}{_Y})?", _day_and_name),
        (rf"{_NAME}\s*['’]\s*([0-9]{{2}})", _name_and_year),
        (rf"{_NAME}{_GAP}{_D}{_ORDINAL}(?:[\s,/.\-–]+{_Y})?", _name_and_day),
        (rf"{_NAME}{_GAP}{_Y4}", _name_and_year),
        (rf"{_D}{_SIGN}{_Y4}", _month_and_year),
        (rf"{_Y4}{_SIGN}{_D}", _year_and_month),
        (rf"{_D}{_SIGN}{_D}", _two_numbers),
        (r"([0-9]{8}|[0-9]{6})", _digits),
    )
)
_INCOMPLETE = re.compile(rf"{MONTH_NAME}|[0-9]{{1,2}}{_ORDINAL}|(?:19|20)[0-9]{{2}}")


def read_typed_date(
    text: str, *, today: date, born: date | None = None, order: DateOrder | None = None
) -> Understood | Ambiguous | Refused:
    """What a typed answer says. `today`: where the user is; `born`: a report is never older than its owner; `order`: which of two
    numbers comes first, where that is known of the user."""
    plain = folded(text[: TEXT_CHARACTERS_MAX + 1]).strip(" .,;!?")
    if not plain or len(text) > TEXT_CHARACTERS_MAX:
        return Refused("not_a_date")
    chat = _Chat(today, born, order)
    days_ago = _AGO.get(plain, _PHRASES.get(plain))
    if days_ago is not None:
        return _judged(chat, (PartialDate.of(today - timedelta(days=days_ago)),))
    bare = " ".join(_LEFT_OUT_WORD.sub(" ", _TIME.sub("", plain)).split()).strip(" .,;")
    for pattern, read in _FORMS:
        found = pattern.fullmatch(bare)
        if found is not None:
            return _judged(chat, distinct(read(chat, found.groups(default=""))))
    return Refused("incomplete" if _INCOMPLETE.fullmatch(bare) else "not_a_date")


def _judged(chat: _Chat, dates: tuple[PartialDate, ...]) -> Understood | Ambiguous | Refused:
    problems: list[Problem | None] = [chat.problem(one) for one in dates]
    possible = [one for one, problem in zip(dates, problems, strict=True) if problem is None]
    if not possible:
        return Refused(problems[0] if problems and problems[0] is not None else "impossible")
    return Understood(possible[0]) if len(possible) == 1 else Ambiguous(tuple(possible[:3]))
