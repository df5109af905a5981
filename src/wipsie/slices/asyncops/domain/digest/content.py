"""What a summary says, as it is stored: ``wipsie.daily-summary/1``. Everything that shows one reads this and nothing else.

People are named by their ids; their names stand in `Digest.people` alone, which the hash leaves out: when somebody is
forgotten, one value is blanked, and the summary is still the one that was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, TypeVar

import msgspec

from wipsie.kernel import json

SCHEMA = "wipsie.daily-summary/1"
LISTED_MAX = 100
"""Items of one list; how many there are in all stands beside them."""

ItemT = TypeVar("ItemT")
TrendMark = Literal["up", "down"]


class Listing(msgspec.Struct, Generic[ItemT], frozen=True, kw_only=True):
    """A list, cut after `LISTED_MAX` items."""

    total: int
    items: list[ItemT]


def listing(items: Sequence[ItemT]) -> Listing[ItemT]:
    """The list of these."""
    return Listing(total=len(items), items=list(items[:LISTED_MAX]))


class WindowView(msgspec.Struct, frozen=True, kw_only=True):
    """From `start` until before `end`."""

    start: str
    end: str
    tz: str
    date: str
    """The day on which it ends."""


class AttentionItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs a person today."""

    kind: Literal["incident", "update_overdue", "hard_blocker", "dead_letters", "follow_up", "decision"]
    label: str
    """What people call it: ``INC-42``, the name of a queue."""
    title: str
    path: str | None
    people: list[str]
    """Whom it concerns."""
    severity: str | None = None
    age_h: float | None = None
    """Hours it has been so, by the clock on the wall."""
    amount: int | None = None
    delta: int | None = None
    day: str | None = None


class IncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """An incident."""

    id: str
    number: str
    title: str
    path: str
    severity: str
    status: str
    lead: str | None
    age_h: float
    last_update_h: float | None
    """Hours since the last update; null when there was none."""
    update_overdue: bool
    resolved_at: str | None
    time_to_resolve_h: float | None


class BlockerLine(msgspec.Struct, frozen=True, kw_only=True):
    """A blocker."""

    id: str
    number: str
    title: str
    path: str
    severity: str
    status: str
    blocked: str
    waiting_on: str | None
    waiting_name: str
    age_h: float
    age_wh: float
    """In working hours of whoever is blocked."""
    stale: bool


class DecisionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A decision."""

    id: str
    number: str
    title: str
    path: str
    status: str
    author: str | None
    age_d: float | None
    """Days since it was proposed."""
    decided_on: str | None
    revisit_on: str | None


class FollowUpLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something left to do."""

    id: str
    text: str
    owner: str | None
    due_on: str | None
    days_overdue: int
    """Negative: days left."""
    about: str
    about_title: str
    path: str


class UpdateLine(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of a day."""

    id: str
    person: str
    for_date: str
    health: str
    done: list[str]
    next: list[str]
    notes: str
    path: str


class MissingLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of whom there is no update."""

    person: str
    day: str
    """Of which there is none."""
    last_update_on: str | None
    last_update_days: int | None


class Highlight(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence somebody wrote."""

    person: str
    text: str
    field: Literal["blocked", "next", "done", "notes"]
    source: str
    """Id of what it is taken from."""
    path: str


class QueueLine(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that does not do well."""

    queue: str
    waiting: int
    oldest_s: float | None
    dead_letters: int
    dead_letters_delta: int | None
    """Against the summary before; null without one."""
    paused: bool


class FailureLine(msgspec.Struct, frozen=True, kw_only=True):
    """Tries of one type of task that did not succeed."""

    task_type: str
    lost: int
    retried: int


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many, and how many there were the day before. Null: not known."""

    value: int | None
    previous: int | None
    delta: int | None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A count over seven days, the oldest first."""

    days: list[int | None]
    mark: TrendMark | None
    """Only of changes against the day before that are at least 2 and at least 20 %."""


class IncidentsPart(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents."""

    open: Listing[IncidentLine]
    opened: Listing[IncidentLine]
    resolved: Listing[IncidentLine]
    mttr_h: float | None
    """How long those that were resolved took on average, in hours."""


class BlockersPart(msgspec.Struct, frozen=True, kw_only=True):
    """Blockers."""

    open: Listing[BlockerLine]
    new: Listing[BlockerLine]
    resolved: Listing[BlockerLine]
    stale: Listing[BlockerLine]


class DecisionsPart(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions."""

    made: Listing[DecisionLine]
    waiting: Listing[DecisionLine]
    revisit_due: Listing[DecisionLine]


class FollowUpsPart(msgspec.Struct, frozen=True, kw_only=True):
    """Follow-ups."""

    overdue: Listing[FollowUpLine]
    due_soon: Listing[FollowUpLine]


class UpdatesPart(msgspec.Struct, frozen=True, kw_only=True):
    """Status updates."""

    expected: int
    """People who were asked: readers and those with a day off are not."""
    by_person: Listing[UpdateLine]
    missing: Listing[MissingLine]
    readers_excluded: int
    highlights: list[Highlight]


class QueuesPart(msgspec.Struct, frozen=True, kw_only=True):
    """The pipelines. Null: not known."""

    worst: Listing[QueueLine] | None
    failures: Listing[FailureLine] | None
    dead_letters: dict[str, int] | None
    """By queue, for the next summary to compare with."""
    waiting: int | None


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What a summary says."""

    schema: str = SCHEMA
    window: WindowView
    headline: list[str]
    all_quiet: bool
    quiet: list[str]
    """Sections of which there is nothing to say."""
    attention: Listing[AttentionItem]
    counts: dict[str, Count]
    incidents: IncidentsPart
    blockers: BlockersPart
    decisions: DecisionsPart
    follow_ups: FollowUpsPart
    updates: UpdatesPart
    queues: QueuesPart
    trends: dict[str, Trend]
    health: dict[str, int]
    """How many said on_track, at_risk and off_track."""
    sources: dict[str, int | str]
    """How much it was made of."""
    people: dict[str, str]
    """Names by id."""
    hash: str = ""

    def name_of(self, user_id: str | None) -> str:
        """Of a person; a word for somebody whose name is gone."""
        return self.people.get(user_id or "") or "somebody"


def content_hash(digest: Digest) -> str:
    """SHA-256 of all it says but the names of people: equal for equal data."""
    return json.fingerprint(msgspec.structs.replace(digest, people={}, hash=""))
