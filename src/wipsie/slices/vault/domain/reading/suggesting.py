"""What the vault suggests of a report it has read. Nothing is filled in for anybody: a suggestion that is sure is shown for a tap
on Save, one that is doubtful is asked about, and where there is none the question is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from wipsie.slices.vault.domain.reading.date_picking import SURE_FROM as SURE_DATE_FROM
from wipsie.slices.vault.domain.reading.date_picking import DateGuess, pick_dates
from wipsie.slices.vault.domain.reading.hospitals import SURE_FROM as SURE_HOSPITAL_FROM
from wipsie.slices.vault.domain.reading.hospitals import HospitalGuess, guess_hospitals, letterhead_line
from wipsie.slices.vault.domain.reading.lines import lines_of
from wipsie.slices.vault.domain.reading.reading import Reading
from wipsie.slices.vault.domain.reading.report_types import TypeGuess, guess_types

PAGES_MAX = 3


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """At most three guesses of each, the best first."""

    dates: tuple[DateGuess, ...] = ()
    hospitals: tuple[HospitalGuess, ...] = ()
    types: tuple[TypeGuess, ...] = ()

    @property
    def sure_date(self) -> DateGuess | None:
        """One that may be shown as the answer."""
        return next((one for one in self.dates[:1] if one.confidence >= SURE_DATE_FROM), None)

    @property
    def sure_hospital(self) -> HospitalGuess | None:
        """One that may be shown as the answer."""
        return next((one for one in self.hospitals[:1] if one.confidence >= SURE_HOSPITAL_FROM), None)

    @property
    def sure_type(self) -> TypeGuess | None:
        """One that may be shown as the answer."""
        return next((one for one in self.types[:1] if one.is_clear), None)


def suggest(
    reading: Reading,
    known_hospitals: Sequence[str] = (),
    locale_hint: str | None = None,
    *,
    today: date,
    birth_date: date | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Suggestions:
    """What a reading says of date, hospital and type.

    `known_hospitals`: names that this owner confirmed, and nobody else's; `locale_hint`: the owner's country (`IN`, ISO 3166) or a
    language with one (`pt-BR`), for day and month; `today`: where the owner is; `birth_date`: of whom the report is about, never
    suggested; `aliases`: of a public list (see `guess_hospitals`).
    """
    lines = lines_of(word for word in reading.words if word.page < PAGES_MAX)
    if not lines:
        return Suggestions()
    return Suggestions(
        dates=pick_dates(lines, locale_hint=locale_hint, today=today, birth_date=birth_date),
        hospitals=guess_hospitals(lines, known_hospitals, aliases),
        types=guess_types(lines, letterhead_line(lines)),
    )
