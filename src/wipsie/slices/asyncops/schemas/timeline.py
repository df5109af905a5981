"""Timelines over the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.slices.asyncops.people import Person


class ActorView(msgspec.Struct, frozen=True, kw_only=True):
    """Who did something: a person, a key of a person, or a part of Wipsie."""

    kind: str
    """user, key, cli, local or system."""
    id: str
    """Empty for cli and local."""
    name: str
    """Of the person; empty when it was none."""


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a record, before and after."""

    field: str
    before: Any
    after: Any


class TimelineEventView(msgspec.Struct, kw_only=True):
    """One thing that happened to a record."""

    id: str
    kind: str
    at: str
    """When it happened."""
    recorded_at: str
    """When it was written down."""
    actor: ActorView
    body: str | None
    """What somebody wrote; of a comment, as it reads now, and null when it was removed."""
    changes: list[FieldChange]
    data: dict[str, Any]
    """What else belongs to its kind, for example ``from`` and ``to`` of a transition, ``comment`` of a comment."""
    people: list[Person]
    """Whom changes and data name by their ids."""
    pinned: bool
    corrects: str | None
    """Id of the event this one puts right."""
