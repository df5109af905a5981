"""Incidents over the wire."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wipsie.slices.asyncops.domain.milestones import Durations
from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.moments import Moment
from wipsie.slices.asyncops.schemas.pipelines import PipelineState
from wipsie.slices.asyncops.schemas.texts import Line, Point, Prose

Severity = Literal["sev1", "sev2", "sev3", "sev4"]
SeverityWord = Literal["sev1", "sev2", "sev3", "sev4", "critical", "high", "medium", "low"]
SeverityLabel = Literal["critical", "high", "medium", "low"]
Status = Literal[
    "proposed",
    "declared",
    "investigating",
    "identified",
    "mitigated",
    "resolved",
    "closed",
    "declined",
    "canceled",
    "merged",
]
STATUSES: tuple[Status, ...] = (
    "proposed",
    "declared",
    "investigating",
    "identified",
    "mitigated",
    "resolved",
    "closed",
    "declined",
    "canceled",
    "merged",
)
StatusLabel = Literal["open", "investigating", "resolved", "closed"]
Visibility = Literal["team", "restricted"]
Source = Literal["manual", "api", "queue"]
SOURCES: tuple[Source, ...] = ("manual", "api", "queue")
Component = Annotated[str, Meta(min_length=1, max_length=100)]
Components = Annotated[list[Component], Meta(max_length=50)]
"""What is affected, by name; compared without regard to case."""
DedupeKey = Annotated[str, Meta(min_length=1, max_length=200)]


class NewIncident(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong."""

    title: Line
    severity: SeverityWord = "sev3"
    """When unsure take the worse one; it can be argued afterwards. critical, high, medium and low are sev1 to sev4."""
    status: Literal["proposed", "declared", "open"] = "declared"
    """proposed: somebody should look whether it is one. open means declared."""
    visibility: Visibility = "team"
    summary: Prose = ""
    customer_impact: Prose = ""
    affected: Components = []
    impact_started_at: Moment | None = None
    detected_at: Moment | None = None
    declared_at: Moment | None = None
    """Now, unless said otherwise."""
    lead: Line | None = None
    """User id, as are the other two roles."""
    comms: Line | None = None
    scribe: Line | None = None
    dedupe_key: DedupeKey | None = None
    """Of open incidents, one has it: a second one is refused with the first in `details`."""


class IncidentChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays. The state moves by transitions alone."""

    title: Line | UnsetType = UNSET
    severity: SeverityWord | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    summary: Prose | UnsetType = UNSET
    customer_impact: Prose | UnsetType = UNSET
    affected: Components | UnsetType = UNSET
    impact_started_at: Moment | UnsetType | None = UNSET
    detected_at: Moment | UnsetType | None = UNSET
    declared_at: Moment | UnsetType | None = UNSET
    acknowledged_at: Moment | UnsetType | None = UNSET
    identified_at: Moment | UnsetType | None = UNSET
    mitigated_at: Moment | UnsetType | None = UNSET
    resolved_at: Moment | UnsetType | None = UNSET
    closed_at: Moment | UnsetType | None = UNSET
    next_update_due_at: Moment | UnsetType | None = UNSET
    """Null: nobody waits for one."""
    lead: Line | UnsetType | None = UNSET
    comms: Line | UnsetType | None = UNSET
    scribe: Line | UnsetType | None = UNSET


class IncidentTransition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A move to another state."""

    to: Status | Literal["open"]
    """open means declared."""
    reason: Prose = ""
    """Needed to go back, to reopen and to cancel."""
    at: Moment | None = None
    """When it happened; now, unless said otherwise."""
    override: bool = False
    """End it with follow-ups outstanding; for leads."""


class IncidentMerge(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """It is the same as another one."""

    into: Annotated[str, Meta(min_length=1, max_length=60)]
    """Id or number of the incident that goes on."""
    reason: Prose = ""


class IncidentUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Word for those who wait: how things are, what is done, what is needed."""

    condition: Point
    actions: Point
    needs: Annotated[str, Meta(max_length=500)] = ""
    """Nothing, when empty."""
    message: Prose = ""
    """More, in Markdown."""
    next_update_in: Annotated[str, Meta(min_length=1, max_length=20)] | UnsetType | None = UNSET
    """Until the next one, for example ``45m`` or ``1d``; by the severity, unless said otherwise. Null: nobody waits for one."""


class IncidentReference(msgspec.Struct, kw_only=True):
    """Another incident."""

    id: str
    number: str


class IncidentView(msgspec.Struct, kw_only=True):
    """An incident."""

    id: str
    number: str
    """``INC-42``."""
    title: str
    severity: Severity
    severity_label: SeverityLabel
    status: Status
    status_label: StatusLabel
    next_statuses: list[Status]
    """What it can become now by a transition."""
    visibility: Visibility
    impact_started_at: str | None
    detected_at: str | None
    declared_at: str | None
    acknowledged_at: str | None
    identified_at: str | None
    mitigated_at: str | None
    resolved_at: str | None
    closed_at: str | None
    """When it ended: closed, declined, canceled or merged."""
    durations: Durations
    lead: Person | None
    comms: Person | None
    scribe: Person | None
    affected: list[str]
    summary: str
    customer_impact: str
    last_update_at: str | None
    next_update_due_at: str | None
    update_overdue: bool
    duplicate_of: IncidentReference | None
    """What it was merged into."""
    source: Source
    dedupe_key: str | None
    occurrences: int
    """How often it was proposed while it was open."""
    pipeline: PipelineState | None = None
    """How the queue it is about is now; of a single incident only, and not when that cannot be told soon."""
    declared_by: Person | None
    created_by: Person | None
    created_at: str
    updated_at: str
    version: int
