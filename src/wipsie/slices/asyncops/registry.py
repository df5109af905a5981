"""The kinds of records there are, each with what all of them share. Whoever adds a kind adds a line here."""

from __future__ import annotations

from wipsie.slices.asyncops.domain.decisions import REJECTED, SUPERSEDED
from wipsie.slices.asyncops.domain.incidents import FINAL
from wipsie.slices.asyncops.rights import (
    DECIDE,
    DECLARE_INCIDENTS,
    PROPOSE_DECISIONS,
    READ_BLOCKERS,
    READ_DECISIONS,
    READ_INCIDENTS,
    READ_STATUS,
    READ_SUMMARIES,
    STEER_INCIDENTS,
)
from wipsie.slices.asyncops.service import status
from wipsie.slices.asyncops.service.blockers import found as blockers
from wipsie.slices.asyncops.service.decisions import texts as decisions
from wipsie.slices.asyncops.service.follow_ups import FollowedUp
from wipsie.slices.asyncops.service.incidents import views as incidents
from wipsie.slices.asyncops.service.summaries import found as summaries
from wipsie.slices.asyncops.store.blockers import BLOCKERS
from wipsie.slices.asyncops.store.decisions import DECISIONS, Decision
from wipsie.slices.asyncops.store.incidents import INCIDENTS, Incident
from wipsie.slices.asyncops.store.status import STATUS_UPDATES
from wipsie.slices.asyncops.store.summaries import SUMMARIES
from wipsie.slices.asyncops.subjects import Subject, Subjects


def build_subjects() -> Subjects:
    """All kinds."""
    return Subjects(
        (
            Subject(table=STATUS_UPDATES, read=READ_STATUS, findables=status.findables),
            Subject(table=BLOCKERS, read=READ_BLOCKERS, findables=blockers.findables),
            Subject(table=DECISIONS, read=READ_DECISIONS, findables=decisions.findables),
            Subject(table=INCIDENTS, read=READ_INCIDENTS, findables=incidents.findables, note=DECLARE_INCIDENTS),
            Subject(table=SUMMARIES, read=READ_SUMMARIES, findables=summaries.findables),
        )
    )


def build_followed_up(subjects: Subjects) -> tuple[FollowedUp, ...]:
    """Kinds that have follow-ups."""
    return (
        FollowedUp(
            subject=subjects[INCIDENTS.kind.name],
            add=DECLARE_INCIDENTS,
            steer=STEER_INCIDENTS,
            belongs_to=Incident.belongs_to,
            is_over=lambda incident: incident.status in FINAL,
        ),
        FollowedUp(
            subject=subjects[DECISIONS.kind.name],
            add=PROPOSE_DECISIONS,
            steer=DECIDE,
            belongs_to=Decision.belongs_to,
            is_over=lambda decision: decision.status in (REJECTED, SUPERSEDED),
        ),
    )
