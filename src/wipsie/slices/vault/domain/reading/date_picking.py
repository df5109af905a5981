"""Which of the dates in a report is its own: the label decides, not the place, and nothing is ever chosen for good.

A date of birth is never among the guesses: neither one that is labelled so, nor the same day without a label, nor one that is
as far back as the patient is old.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from wipsie.slices.vault.domain.dates import DateOrder, PartialDate
from wipsie.slices.vault.domain.reading.date_candidates import Candidate, find_candidates
from wipsie.slices.vault.domain.reading.date_labels import SCORES, DateRole
from wipsie.slices.vault.domain.reading.date_order import order_of_document, order_of_locale
from wipsie.slices.vault.domain.reading.lines import Line
from wipsie.slices.vault.domain.words import levelled

GUESSES_MAX = 3
SURE_FROM = 0.8
_RECENT = timedelta(days=731)
_OLD = timedelta(days=3_653)
_OF_ONE_REPORT = timedelta(days=5 * 365)
"""A date so long before the likeliest one is of something else: of birth, where OCR lost its label."""
_READABLE = 60.0
_SURE_ROLE_MIN = 3.0
"""When somebody came, or when it was printed, is near the date of a report; whether it is the date, people know."""
_SMALL_PRINT_FROM = 0.85
"""At the foot of a page stands when it was printed, and who is licensed until when."""
_AGE_MIN = 10
"""Of somebody younger, a report may be as old as they are."""
_DAYS_APART = 12
"""Blood is taken, tested and reported within days; day and month exchanged, the same dates are months apart."""
_AGE = re.compile(r"\b([0-9]{1,3}) ?(?:y|yrs?|years?|anos|jahre|j\.|वर्ष)(?![a-z0-9])")


class DateGuess(msgspec.Struct, frozen=True, kw_only=True):
    """A date that may be the one of the report."""

    date: PartialDate
    role: DateRole
    """What its label calls it."""
    confidence: float
    """0 to 1. From `SURE_FROM` on a date may be shown as the answer; below it is a guess to ask about."""
    is_ambiguous: bool = False
    """Day and month may be exchanged, and nothing tells: the other reading is among the guesses too."""


class _Option(msgspec.Struct, kw_only=True):
    """One meaning of one candidate."""

    date: PartialDate
    role: DateRole
    score: float
    readable: bool
    other: PartialDate | None = None
    """The other reading of the same numbers."""


def pick_dates(
    lines: Sequence[Line], *, locale_hint: str | None, today: date, birth_date: date | None = None
) -> tuple[DateGuess, ...]:
    """The best guesses, the best first, each date once."""
    candidates = find_candidates(lines, today.year)
    order = _order(candidates, locale_hint, today)
    births = _births(candidates, lines, birth_date, today)
    best: dict[PartialDate, _Option] = {}
    for candidate in candidates:
        for option in _options(candidate, order, births, today):
            known = best.get(option.date)
            if known is None or option.score > known.score:
                best[option.date] = option
    ranked = sorted(best.values(), key=lambda option: (-option.score, -option.date.last_day.toordinal()))
    ranked = [option for option in ranked if ranked[0].date.first_day - option.date.last_day <= _OF_ONE_REPORT]
    return tuple(
        DateGuess(
            date=option.date,
            role=option.role,
            confidence=_confidence(option, ranked),
            is_ambiguous=option.other is not None,
        )
        for option in _pairs_together(ranked)[:GUESSES_MAX]
    )


def _order(candidates: Sequence[Candidate], locale_hint: str | None, today: date) -> DateOrder | None:
    order = order_of_document(candidate.found for candidate in candidates)
    if order is None:
        order = order_of_locale(locale_hint)
    return order or _order_by_nearness(candidates, today)


def _order_by_nearness(candidates: Sequence[Candidate], today: date) -> DateOrder | None:
    """Where two dates of one event are days apart in one order and months in the other, it is the first."""
    doubtful = [one.found.dates for one in candidates if one.found.is_ambiguous and one.label.score > 0]
    spreads: list[int] = []
    for reading in (0, 1):
        days = {dates[reading].first_day for dates in doubtful}
        if len(days) < 2:
            return None
        spreads.append((max(days) - min(days)).days if max(days) <= today else 10_000)
    day_first, month_first = spreads
    if day_first <= _DAYS_APART < month_first:
        return "day_first"
    return "month_first" if month_first <= _DAYS_APART < day_first else None


def _births(
    candidates: Iterable[Candidate],
    lines: Sequence[Line],
    birth_date: date | None,
    today: date,
) -> set[PartialDate]:
    births = {PartialDate.of(birth_date)} if birth_date is not None else set[PartialDate]()
    ages = {
        int(found[1]) for line in lines for found in _AGE.finditer(levelled(line.text)) if int(found[1]) >= _AGE_MIN
    }
    for candidate in candidates:
        if candidate.label.role == "birth":
            births |= set(candidate.found.dates)
            continue
        # As old as somebody the report speaks of, within the years that a report may be old.
        years = {today.year - one.year - ago for one in candidate.found.dates for ago in range(3)}
        if years & ages:
            births |= set(candidate.found.dates)
    return births


def _options(candidate: Candidate, order: DateOrder | None, births: set[PartialDate], today: date) -> Iterable[_Option]:
    score = candidate.label.score
    if candidate.label.role in {"date", "none"} and candidate.words[0].top > _SMALL_PRINT_FROM:
        score -= 2
    possible = [one for one in candidate.found.dates if one.first_day <= today]
    if candidate.found.is_ambiguous and order is not None:
        meant = candidate.found.dates[0 if order == "day_first" else 1]
        # What cannot be meant, as it is still to come, was written in the other order.
        possible = [meant] if meant in possible else possible
    if set(candidate.found.dates) & births:
        return
    for one in possible:
        if one.day is None:
            score -= 3
        if today - one.last_day <= _RECENT:
            age = 1.0
        else:
            age = -1.0 if today - one.last_day > _OLD else 0.0
        total = score + age
        if total <= 0:
            # An old date without a label is of birth as often as of a report.
            continue
        others = [other for other in possible if other != one]
        yield _Option(
            date=one,
            role=candidate.label.role,
            score=total,
            readable=candidate.confidence >= _READABLE,
            other=others[0] if others else None,
        )


def _pairs_together(ranked: list[_Option]) -> list[_Option]:
    """Both readings of one date beside each other: they are the two buttons of one question."""
    ordered: list[_Option] = []
    for option in ranked:
        if option in ordered:
            continue
        ordered.append(option)
        ordered += [one for one in ranked if one.date == option.other and one not in ordered]
    return ordered


def _confidence(option: _Option, ranked: Sequence[_Option]) -> float:
    rivals = [one.score for one in ranked if one is not option]
    lead = option.score - max(rivals, default=0.0)
    confidence = 0.5 + option.score / 20 + min(max(lead, -3.0), 3.0) / 10
    if option.other is not None:
        confidence = min(confidence, 0.5)
    if not option.readable or option.date.day is None or SCORES[option.role] < _SURE_ROLE_MIN:
        confidence = min(confidence, 0.7)
    return round(min(max(confidence, 0.05), 0.98), 2)
