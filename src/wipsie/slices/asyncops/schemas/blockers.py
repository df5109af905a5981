"""Blockers over the wire."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.moments import Moment
from wipsie.slices.asyncops.schemas.texts import Line, Prose

WaitingKind = Literal["user", "external", "incident", "blocker", "task", "queue"]
WAITING_KINDS: tuple[WaitingKind, ...] = ("user", "external", "incident", "blocker", "task", "queue")
BlockerSeverity = Literal["soft", "hard"]
BLOCKER_SEVERITIES: tuple[BlockerSeverity, ...] = ("soft", "hard")
BlockerStatus = Literal["open", "acknowledged", "resolved", "withdrawn"]
BLOCKER_STATUSES: tuple[BlockerStatus, ...] = ("open", "acknowledged", "resolved", "withdrawn")


class WaitingOn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whom or what somebody waits on: one of `id` and `name`."""

    kind: WaitingKind
    id: Line | None = None
    """Of a colleague, an incident or another blocker (its number will do), a task; the name of a queue."""
    name: Line | None = None
    """Of somebody or something outside, for example ``the landlord``."""


class NewBlocker(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What keeps somebody from going on."""

    title: Line
    details: Prose = ""
    blocked: Line | None = None
    """User id; oneself, unless said otherwise. Only leads may say another."""
    waiting_on: WaitingOn
    severity: BlockerSeverity = "soft"
    """hard: nothing goes on without it."""
    since: Moment | None = None
    """Since when; now, unless said otherwise."""


class BlockerChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays."""

    title: Line | UnsetType = UNSET
    details: Prose | UnsetType = UNSET
    waiting_on: WaitingOn | UnsetType = UNSET
    severity: BlockerSeverity | UnsetType = UNSET
    since: Moment | UnsetType = UNSET


class BlockerTransition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A move to another state."""

    to: BlockerStatus
    text: Prose = ""
    """How it was resolved (kept as its resolution), or why it moves."""


class WaitingOnView(msgspec.Struct, kw_only=True):
    """Whom or what somebody waits on."""

    kind: WaitingKind
    id: str
    name: str
    """As people call it: a name, ``INC-42``."""


class BlockerView(msgspec.Struct, kw_only=True):
    """A blocker."""

    id: str
    number: str
    """``BLK-7``."""
    title: str
    details: str
    blocked: Person
    waiting_on: WaitingOnView
    severity: BlockerSeverity
    status: BlockerStatus
    next_statuses: list[BlockerStatus]
    """What it can become now."""
    since: str
    age_hours: float
    """By the clock on the wall, until now or until it was closed."""
    age_working_hours: float
    """Of those, the ones in the working hours of whoever is blocked."""
    stale: bool
    """It stands, and has done so for long."""
    acknowledged_at: str | None
    closed_at: str | None
    resolution: str
    escalated_at: str | None
    """When all leads were told."""
    created_by: Person | None
    created_at: str
    updated_at: str
    version: int
