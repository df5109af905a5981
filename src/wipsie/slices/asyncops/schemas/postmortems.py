"""Postmortems over the wire."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from wipsie.slices.asyncops.domain.milestones import Durations
from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.follow_ups import FollowUpObject
from wipsie.slices.asyncops.schemas.moments import Moment
from wipsie.slices.asyncops.schemas.texts import Line, Prose

PostmortemState = Literal["draft", "in_review", "reviewed", "closed"]


class NewPostmortem(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Draft one from the timeline."""

    owner: Line | None = None
    """User id of whoever writes it; whoever leads the incident, unless said otherwise."""
    due_at: Moment | None = None
    """3 days after a sev1, 5 working days after a sev2, none for others, unless said otherwise."""


class SectionChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Sections in Markdown; those that are not sent stay."""

    summary: Prose | UnsetType = UNSET
    impact: Prose | UnsetType = UNSET
    timeline: Prose | UnsetType = UNSET
    contributing_factors: Prose | UnsetType = UNSET
    went_well: Prose | UnsetType = UNSET
    follow_ups: Prose | UnsetType = UNSET


class PostmortemChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch. The state moves by transitions alone."""

    sections: SectionChanges | UnsetType = UNSET
    owner: Line | UnsetType | None = UNSET
    due_at: Moment | UnsetType | None = UNSET


class PostmortemTransition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A move to another state."""

    to: PostmortemState
    reason: Prose = ""


class SectionView(msgspec.Struct, kw_only=True):
    """One section."""

    name: str
    title: str
    text: str
    """Markdown."""


class PostmortemView(msgspec.Struct, kw_only=True):
    """What was learnt of an incident."""

    id: str
    incident: FollowUpObject
    state: PostmortemState
    next_states: list[PostmortemState]
    owner: Person | None
    due_at: str | None
    overdue: bool
    """Neither reviewed nor closed, and due."""
    durations: Durations
    """Of the incident, as its times stand now."""
    sections: list[SectionView]
    reviewed_at: str | None
    closed_at: str | None
    created_by: Person | None
    created_at: str
    updated_at: str
    version: int
