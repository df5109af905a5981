"""What is known of a report: what its owner saw and confirmed, and what reading it suggests."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.dates import PartialDate

SlotName = Literal["date", "hospital", "type", "person", "note"]
ASKED: tuple[Literal["date", "hospital", "type"], ...] = ("date", "hospital", "type")
"""Slots that are asked for when nothing sure is known; the others only on wish."""
HOSPITAL_CHARACTERS_MIN = 2
HOSPITAL_CHARACTERS_MAX = 80
PERSON_CHARACTERS_MAX = 60
NOTE_CHARACTERS_MAX = 200
GUESSES_MAX = 3
"""Of each slot."""


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of a report. What is None is not known, or was left out on purpose."""

    date: PartialDate | None = None
    hospital: str | None = None
    type: ReportType | None = None
    person: str | None = None
    """Whom in the family it is of; None is the owner of the telephone."""
    note: str | None = None


class DateGuess(msgspec.Struct, frozen=True):
    """A date the report may be of. Both readings of 3/11/2025 are guesses that are not sure."""

    date: PartialDate
    is_sure: bool = False


class NameGuess(msgspec.Struct, frozen=True):
    """A hospital it may come from."""

    name: str
    is_sure: bool = False


class TypeGuess(msgspec.Struct, frozen=True):
    """A kind it may be."""

    type: ReportType
    is_sure: bool = False


class Suggestions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a file suggests of itself, the most likely first. What is sure stands on the card for its owner to see; what is not is
    asked, with the guesses as choices."""

    dates: tuple[DateGuess, ...] = ()
    hospitals: tuple[NameGuess, ...] = ()
    types: tuple[TypeGuess, ...] = ()


class ReportSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A saved report, as lists, cards and questions tell of it."""

    number: int
    details: Details = Details()
    pages: int = 1
    version: int = 1
    """Of its row: an edit changes this one only."""
    saved_on: date | None = None
