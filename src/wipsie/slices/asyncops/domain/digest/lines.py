"""Facts as the lines of a digest: with paths, ages and an order that does not depend on chance."""

from __future__ import annotations

from datetime import date

from wipsie.kernel.clock import utc_datetime
from wipsie.slices.asyncops.domain.digest.content import BlockerLine, DecisionLine, FollowUpLine, IncidentLine
from wipsie.slices.asyncops.domain.digest.facts import BlockerFact, DecisionFact, FollowUpFact, IncidentFact
from wipsie.slices.asyncops.domain.digest.window import DAY_MS, HOUR_MS
from wipsie.slices.asyncops.kinds import BLOCKER, DECISION, INCIDENT


def hours(from_ms: int, to_ms: int) -> float:
    """Between two moments; none when they are the wrong way round."""
    return round(max(0, to_ms - from_ms) / HOUR_MS, 2)


def incident_line(fact: IncidentFact, end_ms: int) -> IncidentLine:
    """An incident at the end of a window."""
    resolved = fact.resolved_at_ms
    due = fact.next_update_due_at_ms
    return IncidentLine(
        id=fact.id,
        number=fact.number,
        title=fact.title,
        path=f"{INCIDENT.path}/{fact.number}",
        severity=fact.severity,
        status=fact.status,
        lead=fact.lead,
        age_h=hours(fact.opened_at_ms, end_ms if resolved is None else resolved),
        last_update_h=None if fact.last_update_at_ms is None else hours(fact.last_update_at_ms, end_ms),
        update_overdue=fact.is_open and due is not None and due <= end_ms,
        resolved_at=None if resolved is None else iso(resolved),
        time_to_resolve_h=None if resolved is None else hours(fact.began_at_ms, resolved),
    )


def blocker_line(fact: BlockerFact, end_ms: int) -> BlockerLine:
    """A blocker at the end of a window."""
    return BlockerLine(
        id=fact.id,
        number=fact.number,
        title=fact.title,
        path=f"{BLOCKER.path}/{fact.number}",
        severity=fact.severity,
        status=fact.status,
        blocked=fact.blocked,
        waiting_on=fact.waiting_on,
        waiting_name=fact.waiting_name,
        age_h=hours(fact.since_ms, end_ms),
        age_wh=fact.age_working_h,
        stale=fact.stale and fact.stands,
    )


def decision_line(fact: DecisionFact, end_ms: int) -> DecisionLine:
    """A decision at the end of a window."""
    proposed = fact.proposed_at_ms
    return DecisionLine(
        id=fact.id,
        number=fact.number,
        title=fact.title,
        path=f"{DECISION.path}/{fact.number}",
        status=fact.status,
        author=fact.author,
        age_d=None if proposed is None else round(max(0, end_ms - proposed) / DAY_MS, 2),
        decided_on=fact.decided_on,
        revisit_on=fact.revisit_on,
    )


def follow_up_line(fact: FollowUpFact, today: date) -> FollowUpLine:
    """A follow-up on a day."""
    return FollowUpLine(
        id=fact.id,
        text=fact.text,
        owner=fact.owner,
        due_on=fact.due_on,
        days_overdue=0 if fact.due_on is None else (today - date.fromisoformat(fact.due_on)).days,
        about=fact.about,
        about_title=fact.about_title,
        path=fact.about_path,
    )


def iso(at_ms: int) -> str:
    """A moment, with its milliseconds where it has some."""
    moment = utc_datetime(at_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{at_ms % 1000:03}' if at_ms % 1000 else ''}Z"
