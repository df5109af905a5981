"""A new draft from files that were read: what is sure stands on its card, the rest is asked with guesses."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.conversation.conversation import Draft, HeldFile
from wipsie.slices.vault.domain.conversation.details import (
    ASKED,
    GUESSES_MAX,
    DateGuess,
    Details,
    NameGuess,
    Suggestions,
    TypeGuess,
)
from wipsie.slices.vault.domain.conversation.names import clean_line, is_hospital
from wipsie.slices.vault.domain.conversation.outcomes import Ready
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.words import folded

HOSPITALS_MAX: Final = 8
"""Names that are offered: a list has ten rows, and one of them leaves the name out."""

_Guess = TypeVar("_Guess", DateGuess, NameGuess, TypeGuess)
_Value = TypeVar("_Value")


def draft_of(id_: str, stage: State, files: tuple[HeldFile, ...], known_hospitals: Iterable[str]) -> Draft:
    """Of one file, or of photos that are its pages in this order."""
    read = [file.outcome.suggestions for file in files if isinstance(file.outcome, Ready)]
    told = [file.told for file in files]
    named = [_names(one.hospitals) for one in read]
    guesses = Suggestions(
        dates=_merged((one.dates for one in read), lambda guess: guess.date),
        hospitals=_merged(named, lambda guess: folded(guess.name)),
        types=_merged((one.types for one in read), lambda guess: guess.type),
    )
    told_type: ReportType | None = next((one.type for one in told if one.type is not None), None)
    details = Details(
        date=next((one.date for one in told if one.date is not None), None)
        or _only([guess.date for guess in guesses.dates if guess.is_sure]),
        hospital=_only([guess.name for guess in guesses.hospitals if guess.is_sure]),
        type=told_type or _only_type(guesses),
    )
    names: dict[str, str] = {}
    for name in (*(guess.name for guess in guesses.hospitals), *filter(is_hospital, map(clean_line, known_hospitals))):
        names.setdefault(folded(name), name)
    return Draft(
        id=id_,
        stage=stage,
        files=files,
        details=details,
        settled=tuple(slot for slot in ASKED if getattr(details, slot) is not None),
        guesses=guesses,
        hospitals=tuple(names.values())[:HOSPITALS_MAX],
    )


def _names(guesses: Iterable[NameGuess]) -> tuple[NameGuess, ...]:
    # What was read of a letterhead may be no name that anybody could type.
    lines = (NameGuess(clean_line(guess.name), guess.is_sure) for guess in guesses)
    return tuple(line for line in lines if is_hospital(line.name))


def _merged(pages: Iterable[tuple[_Guess, ...]], key: Callable[[_Guess], Hashable]) -> tuple[_Guess, ...]:
    # Once each; the sure ones of any page first, so that they are not cut off.
    found: dict[Hashable, _Guess] = {}
    for guess in sorted((guess for page in pages for guess in page), key=lambda one: not one.is_sure):
        found.setdefault(key(guess), guess)
    return tuple(found.values())[:GUESSES_MAX]


def _only(sure: list[_Value]) -> _Value | None:
    # Two pages that are sure of different things: then nobody is.
    return sure[0] if len(sure) == 1 else None


def _only_type(guesses: Suggestions) -> ReportType | None:
    sure: list[ReportType] = [guess.type for guess in guesses.types if guess.is_sure]
    return _only(sure)
