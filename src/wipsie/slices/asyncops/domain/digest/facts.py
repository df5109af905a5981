"""What a digest is made of: plain facts, as they were known at the end of a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from wipsie.slices.asyncops.domain.digest.content import QueuesPart
from wipsie.slices.asyncops.domain.digest.window import Window


class PersonFact(msgspec.Struct, frozen=True, kw_only=True):
    """An active colleague."""

    id: str
    name: str
    timezone: str
    work_days: Sequence[int]
    """0 is Monday."""
    reader_only: bool
    created_at_ms: int


class IncidentFact(msgspec.Struct, frozen=True, kw_only=True):
    """An incident the whole team may see."""

    id: str
    number: str
    title: str
    severity: str
    status: str
    is_open: bool
    created_at_ms: int
    opened_at_ms: int
    began_at_ms: int
    """When it began to hurt, as far as that is known."""
    resolved_at_ms: int | None
    last_update_at_ms: int | None
    next_update_due_at_ms: int | None
    lead: str | None


class BlockerFact(msgspec.Struct, frozen=True, kw_only=True):
    """A blocker."""

    id: str
    number: str
    title: str
    severity: str
    status: str
    stands: bool
    resolved: bool
    blocked: str
    waiting_on: str | None
    """A colleague's id."""
    waiting_name: str
    """Of what is waited on, when it is no colleague."""
    created_at_ms: int
    since_ms: int
    age_working_h: float
    """Until the end of the window, in working hours of whoever is blocked."""
    stale: bool


class DecisionFact(msgspec.Struct, frozen=True, kw_only=True):
    """A decision."""

    id: str
    number: str
    title: str
    status: str
    is_proposed: bool
    is_decided: bool
    """Accepted or rejected, or was so before it was replaced."""
    is_in_force: bool
    author: str | None
    created_at_ms: int
    proposed_at_ms: int | None
    decided_on: str | None
    revisit_on: str | None


class FollowUpFact(msgspec.Struct, frozen=True, kw_only=True):
    """Something left to do."""

    id: str
    text: str
    owner: str | None
    due_on: str | None
    outstanding: bool
    about: str
    """Number of the record it follows from."""
    about_title: str
    about_path: str
    created_at_ms: int


class UpdateFact(msgspec.Struct, frozen=True, kw_only=True):
    """A status update."""

    id: str
    author: str
    for_date: str
    health: str
    done: Sequence[str]
    next: Sequence[str]
    notes: str
    created_at_ms: int


class QueueFact(msgspec.Struct, frozen=True, kw_only=True):
    """How a queue was."""

    queue: str
    waiting: int
    """Ready, delayed, leased and blocked messages."""
    oldest_s: float | None
    """How long the oldest ready one waited."""
    dead_letters: int
    paused: bool


class FailureFact(msgspec.Struct, frozen=True, kw_only=True):
    """Tries of one type of task that did not succeed within a window."""

    task_type: str
    lost: int
    """For good: failed, rejected or timed out."""
    retried: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The records there were at the end of a window, as they were then."""

    window: Window
    incidents: Sequence[IncidentFact] = ()
    blockers: Sequence[BlockerFact] = ()
    decisions: Sequence[DecisionFact] = ()
    follow_ups: Sequence[FollowUpFact] = ()
    failures: Sequence[FailureFact] | None = ()
    """None: that was so long ago that it is forgotten."""


class DigestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a digest is made of."""

    snapshots: Sequence[Snapshot]
    """Of this window and of the `TREND_DAYS` before it, the newest first."""
    updates: Sequence[UpdateFact] = ()
    """Of the last 30 days."""
    last_update_on: Mapping[str, str] = {}
    """For each person the last day they wrote an update about, of all time."""
    people: Sequence[PersonFact] = ()
    """Active colleagues."""
    names: Mapping[str, str] = {}
    """Of everybody the records name, those who left included."""
    queues: Sequence[QueueFact] | None = None
    """None: nobody looked at that time, and it cannot be known any more."""
    queues_seen: QueuesPart | None = None
    """What an earlier summary of the same window saw; it goes before `queues`."""
    dead_letters_before: Mapping[str, int] | None = None
    """By queue, what the summary before this one saw; None without one."""
    waiting_before: int | None = None
    """Messages in all queues, likewise."""
    day_ends_minute: int = 17 * 60
    """When people have written their update, in minutes after midnight where they are."""

    @property
    def window(self) -> Window:
        """The window it is about."""
        return self.snapshots[0].window
