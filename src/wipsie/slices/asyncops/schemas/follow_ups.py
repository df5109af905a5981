"""Follow-ups over the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.texts import Line, Point

FollowUpState = Literal["outstanding", "completed", "not_doing"]
FollowUpReason = Annotated[str, Meta(max_length=500)]


class NewFollowUp(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something left to do."""

    text: Point
    owner: Line | None = None
    """User id; they are told and follow the record."""
    due_on: date | None = None


class FollowUpChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays."""

    text: Point | UnsetType = UNSET
    owner: Line | UnsetType | None = UNSET
    due_on: date | UnsetType | None = UNSET
    state: FollowUpState | UnsetType = UNSET
    reason: FollowUpReason | UnsetType = UNSET
    """Why it is not done: not_doing takes one."""


class FollowUpObject(msgspec.Struct, kw_only=True):
    """What it follows from."""

    kind: str
    id: str
    number: str
    """``INC-42``."""
    title: str
    path: str


class FollowUpView(msgspec.Struct, kw_only=True):
    """Something left to do."""

    id: str
    object: FollowUpObject
    text: str
    owner: Person | None
    due_on: str | None
    overdue: bool
    """Outstanding, and its day is over (UTC)."""
    state: FollowUpState
    reason: str
    done_at: str | None
    """When it was completed or given up."""
    created_by: Person | None
    created_at: str
    updated_at: str
    version: int
