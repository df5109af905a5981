"""Records as the facts a digest is made of."""

from __future__ import annotations

import msgspec

from wipsie.slices.asyncops.domain import blockers as blocker_states
from wipsie.slices.asyncops.domain import decisions as decision_states
from wipsie.slices.asyncops.domain.digest.facts import (
    BlockerFact,
    DecisionFact,
    FollowUpFact,
    IncidentFact,
    UpdateFact,
)
from wipsie.slices.asyncops.kinds import BLOCKER, DECISION, INCIDENT, Kind
from wipsie.slices.asyncops.people import Colleague
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.store.blockers import Blocker
from wipsie.slices.asyncops.store.decisions import Decision
from wipsie.slices.asyncops.store.follow_ups import NO_DAY, OUTSTANDING, FollowUp
from wipsie.slices.asyncops.store.incidents import Incident
from wipsie.slices.asyncops.store.status import StatusUpdate

INCIDENT_FIELDS = (
    "title",
    "severity",
    "status",
    "is_open",
    "visibility",
    "impact_started_at_ms",
    "detected_at_ms",
    "declared_at_ms",
    "resolved_at_ms",
    "opened_at_ms",
    "lead",
    "last_update_at_ms",
    "next_update_due_at_ms",
)
BLOCKER_FIELDS = ("title", "severity", "status", "since_ms", "waiting_kind", "waiting_on", "waiting_name")
DECISION_FIELDS = ("title", "status", "proposed_at_ms", "decided_on", "revisit_on")
FOLLOW_UP_FIELDS = ("text", "owner", "due_on", "state")
UPDATE_FIELDS = ("health", "done", "next", "notes")
"""What is undone when the past is told: what the facts below are made of."""

_DECIDED = (
    decision_states.ACCEPTED,
    decision_states.REJECTED,
    decision_states.DEPRECATED,
    decision_states.SUPERSEDED,
)


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """What a follow-up follows from."""

    kind: Kind
    number: int
    title: str


def incident(one: Incident) -> IncidentFact:
    """An incident."""
    began = (one.impact_started_at_ms, one.detected_at_ms, one.declared_at_ms, one.opened_at_ms)
    return IncidentFact(
        id=one.id,
        number=INCIDENT.number_text(one.number),
        title=one.title,
        severity=one.severity,
        status=one.status,
        is_open=one.is_open,
        created_at_ms=one.created_at_ms,
        opened_at_ms=one.opened_at_ms,
        began_at_ms=next(at_ms for at_ms in began if at_ms is not None),
        resolved_at_ms=one.resolved_at_ms,
        last_update_at_ms=one.last_update_at_ms,
        next_update_due_at_ms=one.next_update_due_at_ms,
        lead=one.lead,
    )


def blocker(one: Blocker, at_ms: int, rules: BlockerRules, blocked: Colleague | None) -> BlockerFact:
    """A blocker, with its age at a moment. `blocked`: whoever cannot go on."""
    age_wh = rules.age_working_h(one.since_ms, at_ms, blocked)
    is_person = one.waiting_kind == "user"
    return BlockerFact(
        id=one.id,
        number=BLOCKER.number_text(one.number),
        title=one.title,
        severity=one.severity,
        status=one.status,
        stands=one.status in blocker_states.STANDING,
        resolved=one.status == blocker_states.RESOLVED,
        blocked=one.blocked,
        waiting_on=one.waiting_on if is_person else None,
        waiting_name="" if is_person else one.waiting_name,
        created_at_ms=one.created_at_ms,
        since_ms=one.since_ms,
        age_working_h=age_wh,
        stale=age_wh >= rules.stale_after_h,
    )


def decision(one: Decision) -> DecisionFact:
    """A decision."""
    return DecisionFact(
        id=one.id,
        number=DECISION.number_text(one.number),
        title=one.title,
        status=one.status,
        is_proposed=one.status == decision_states.PROPOSED,
        is_decided=one.status in _DECIDED,
        is_in_force=one.status == decision_states.ACCEPTED,
        author=one.created_by,
        created_at_ms=one.created_at_ms,
        proposed_at_ms=one.proposed_at_ms,
        decided_on=one.decided_on,
        revisit_on=one.revisit_on,
    )


def follow_up(one: FollowUp, parent: Parent) -> FollowUpFact:
    """A follow-up."""
    number = parent.kind.number_text(parent.number)
    return FollowUpFact(
        id=one.id,
        text=one.text,
        owner=one.owner,
        due_on=None if one.due_on == NO_DAY else one.due_on,
        outstanding=one.state == OUTSTANDING,
        about=number,
        about_title=parent.title,
        about_path=f"{parent.kind.path}/{number}",
        created_at_ms=one.created_at_ms,
    )


def update(one: StatusUpdate) -> UpdateFact:
    """A status update."""
    return UpdateFact(
        id=one.id,
        author=one.author,
        for_date=one.for_date,
        health=one.health,
        done=one.done,
        next=one.next,
        notes=one.notes,
        created_at_ms=one.created_at_ms,
    )
