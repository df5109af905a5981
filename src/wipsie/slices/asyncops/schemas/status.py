"""Status updates over the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.texts import Points, Prose

Health = Literal["on_track", "at_risk", "off_track"]
HEALTHS: tuple[Health, ...] = ("on_track", "at_risk", "off_track")
Mood = Annotated[str, Meta(min_length=1, max_length=20)]


class NewStatusUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one says of one's day."""

    health: Health = "on_track"
    done: Points = []
    next: Points = []
    notes: Prose = ""
    mood: Mood | None = None
    """A word or a sign."""
    for_date: date | None = None
    """The day it is about; today where one is, unless said otherwise."""


class StatusUpdateChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays."""

    health: Health | UnsetType = UNSET
    done: Points | UnsetType = UNSET
    next: Points | UnsetType = UNSET
    notes: Prose | UnsetType = UNSET
    mood: Mood | UnsetType | None = UNSET


class StatusUpdateView(msgspec.Struct, kw_only=True):
    """A status update."""

    id: str
    author: Person
    for_date: str
    health: Health
    done: list[str]
    next: list[str]
    notes: str
    mood: str | None
    late: bool
    """Written after that day was over."""
    created_at: str
    updated_at: str
    version: int
