"""Timelines over the wire."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.moments import Moment
from wipsie.slices.asyncops.schemas.texts import PROSE_CHARACTERS_MAX


class NewNote(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody adds to a timeline by hand."""

    body: Annotated[str, Meta(min_length=1, max_length=PROSE_CHARACTERS_MAX)]
    """Markdown."""
    at: Moment | None = None
    """When it happened; now, unless said otherwise."""
    pinned: bool = False
    corrects: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    """Id of the event of the same timeline that this one puts right; that one stays as it was."""


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
