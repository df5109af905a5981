"""What needs a person today: the reason to read a summary at all."""

from __future__ import annotations

from collections.abc import Iterable

from wipsie.slices.asyncops.domain.digest.content import (
    AttentionItem,
    BlockersPart,
    DecisionsPart,
    FollowUpsPart,
    IncidentLine,
    QueueLine,
)

MAJOR = ("sev1", "sev2")
BLOCKED_H = 24.0
"""Somebody who cannot go on at all for longer than this, by the clock on the wall, needs somebody."""
WAITING_D = 7.0


def attention(
    incidents: Iterable[IncidentLine],
    blockers: BlockersPart,
    queues: Iterable[QueueLine],
    follow_ups: FollowUpsPart,
    decisions: DecisionsPart,
) -> list[AttentionItem]:
    """The worst first: major incidents, word that is overdue, people who stand still, dead letters that grew, follow-ups
    whose day is over, proposals nobody answers. Each list comes in its own order."""
    open_incidents = list(incidents)
    return [
        *(_incident(one) for one in open_incidents if one.severity in MAJOR),
        *(_update(one) for one in open_incidents if one.update_overdue),
        *(
            AttentionItem(
                kind="hard_blocker",
                label=one.number,
                title=one.title,
                path=one.path,
                people=_people(one.blocked, one.waiting_on),
                age_h=one.age_h,
            )
            for one in blockers.open.items
            if one.severity == "hard" and one.age_h > BLOCKED_H
        ),
        *(
            AttentionItem(
                kind="dead_letters",
                label=one.queue,
                title=one.queue,
                path=None,
                people=[],
                amount=one.dead_letters,
                delta=one.dead_letters_delta,
            )
            for one in queues
            if (one.dead_letters_delta or 0) > 0
        ),
        *(
            AttentionItem(
                kind="follow_up",
                label=one.about,
                title=one.text,
                path=one.path,
                people=_people(one.owner),
                amount=one.days_overdue,
                day=one.due_on,
            )
            for one in follow_ups.overdue.items
        ),
        *(
            AttentionItem(
                kind="decision",
                label=one.number,
                title=one.title,
                path=one.path,
                people=_people(one.author),
                age_h=round((one.age_d or 0.0) * 24, 1),
            )
            for one in decisions.waiting.items
            if (one.age_d or 0.0) > WAITING_D
        ),
    ]


def _incident(line: IncidentLine) -> AttentionItem:
    return AttentionItem(
        kind="incident",
        label=line.number,
        title=line.title,
        path=line.path,
        people=_people(line.lead),
        severity=line.severity,
        age_h=line.age_h,
    )


def _update(line: IncidentLine) -> AttentionItem:
    return AttentionItem(
        kind="update_overdue",
        label=line.number,
        title=line.title,
        path=line.path,
        people=_people(line.lead),
        severity=line.severity,
        age_h=line.last_update_h if line.last_update_h is not None else line.age_h,
    )


def _people(*ids: str | None) -> list[str]:
    return [one for one in ids if one is not None]
