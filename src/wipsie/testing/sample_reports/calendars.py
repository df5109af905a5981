"""How houses write dates: each country has its habits, and each house one of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime

from wipsie.testing.sample_reports.truth import SampleLanguage

_MONTHS: dict[SampleLanguage, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "es": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    "pt": (
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
}
_STYLES_OF: dict[str, tuple[tuple[str, int], ...]] = {
    "IN": (
        ("dmy/", 5),
        ("dmy-", 4),
        ("d-Mon-y", 4),
        ("d Mon y", 3),
        ("iso", 1),
        ("d Month y", 2),
        ("dmy.", 1),
        ("dmy/2", 1),
    ),
    "GB": (("dmy/", 6), ("d Mon y", 4), ("d Month y", 3), ("iso", 1), ("dmy.", 1)),
    "US": (("mdy/", 7), ("Month d, y", 4), ("Mon d, y", 3), ("iso", 1), ("mdy-", 1)),
    "ES": (("dmy/", 6), ("dmy-", 3), ("d de month de y", 3)),
    "MX": (("dmy/", 6), ("d de month de y", 3), ("iso", 1)),
    "BR": (("dmy/", 8), ("d de month de y", 3)),
    "PT": (("dmy/", 4), ("dmy-", 3), ("iso", 2)),
    "DE": (("dmy.", 9), ("d. month y", 3), ("dmy.2", 1)),
    "AT": (("dmy.", 7), ("d. month y", 3)),
}
"""By country, each with its weight."""
COUNTRIES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("IN", "IN", "IN", "GB", "US"),
    "es": ("ES", "MX"),
    "pt": ("BR", "BR", "PT"),
    "de": ("DE", "DE", "AT"),
}
_WRITERS: dict[str, Callable[[date, str], str]] = {
    "dmy/": lambda day, _: f"{day:%d/%m/%Y}",
    "dmy-": lambda day, _: f"{day:%d-%m-%Y}",
    "dmy.": lambda day, _: f"{day:%d.%m.%Y}",
    "dmy/2": lambda day, _: f"{day:%d/%m/%y}",
    "dmy.2": lambda day, _: f"{day:%d.%m.%y}",
    "mdy/": lambda day, _: f"{day:%m/%d/%Y}",
    "mdy-": lambda day, _: f"{day:%m-%d-%Y}",
    "iso": lambda day, _: day.isoformat(),
    "d-Mon-y": lambda day, month: f"{day:%d}-{month[:3]}-{day.year}",
    "d Mon y": lambda day, month: f"{day:%d} {month[:3]} {day.year}",
    "d Month y": lambda day, month: f"{day.day} {month} {day.year}",
    "Month d, y": lambda day, month: f"{month} {day.day}, {day.year}",
    "Mon d, y": lambda day, month: f"{month[:3]} {day.day}, {day.year}",
    "d de month de y": lambda day, month: f"{day.day} de {month} de {day.year}",
    "d. month y": lambda day, month: f"{day.day}. {month} {day.year}",
}


class Calendar:
    """The habit of one house."""

    def __init__(self, style: str, language: SampleLanguage, *, has_times: bool) -> None:
        self.style = style
        self._language: SampleLanguage = language
        self._has_times = has_times

    def write(self, day: date) -> str:
        """A date."""
        return _WRITERS[self.style](day, _MONTHS[self._language][day.month - 1])

    def write_moment(self, moment: datetime) -> str:
        """A date, with the time of day where the house writes it."""
        written = self.write(moment.date())
        if not self._has_times:
            return written
        return f"{written} {moment:%H:%M}" if self._language != "en" else f"{written} {moment:%I:%M %p}"


def a_calendar(chance: random.Random, country: str, language: SampleLanguage) -> Calendar:
    """As houses of a country write."""
    styles, weights = zip(*_STYLES_OF[country], strict=True)
    (style,) = chance.choices(styles, weights)
    return Calendar(style, language, has_times=chance.random() < 0.4)
