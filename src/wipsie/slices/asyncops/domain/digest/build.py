"""Makes a digest of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from wipsie.slices.asyncops.domain.digest import changes
from wipsie.slices.asyncops.domain.digest.attendance import Attendance, attendance
from wipsie.slices.asyncops.domain.digest.attention import attention
from wipsie.slices.asyncops.domain.digest.content import (
    BlockersPart,
    DecisionsPart,
    Digest,
    FailureLine,
    FollowUpsPart,
    IncidentLine,
    IncidentsPart,
    QueueLine,
    QueuesPart,
    UpdateLine,
    UpdatesPart,
    WindowView,
    content_hash,
    listing,
)
from wipsie.slices.asyncops.domain.digest.counting import counts_and_trends
from wipsie.slices.asyncops.domain.digest.facts import DigestFacts, UpdateFact
from wipsie.slices.asyncops.domain.digest.headline import headline
from wipsie.slices.asyncops.domain.digest.highlights import highlights
from wipsie.slices.asyncops.domain.digest.lines import blocker_line, decision_line, follow_up_line, incident_line, iso
from wipsie.slices.asyncops.kinds import STATUS

DUE_SOON_DAYS = 3
POINTS_MAX = 10
NOTES_CHARACTERS_MAX = 500
WAITED_LONG_S = 300.0
"""A queue whose oldest message waited for longer does not do well."""
HEALTHS = ("on_track", "at_risk", "off_track")


def build_digest(facts: DigestFacts) -> Digest:
    """The digest, sealed. The same facts make the same digest."""
    window, now = facts.window, facts.snapshots[0]
    written = changes.updates_in(facts.updates, now)
    attended = attendance(facts, written)
    incidents = _incidents(facts)
    blockers = _blockers(facts)
    decisions = _decisions(facts)
    follow_ups = _follow_ups(facts)
    updates = _updates(facts, written, attended)
    queues = _queues(facts)
    counts, trends = counts_and_trends(facts, queues)
    worst = queues.worst.items if queues.worst is not None else []
    all_open = sorted((incident_line(one, window.end_ms) for one in now.incidents if one.is_open), key=_gravity)
    items = attention(all_open, blockers, worst, follow_ups, decisions)
    health = _health(written)
    quiet = _quiet(incidents, blockers, decisions, follow_ups, queues)
    digest = Digest(
        window=WindowView(
            start=iso(window.start_ms), end=iso(window.end_ms), tz=window.timezone, date=window.day.isoformat()
        ),
        headline=headline(items, counts, health, expected=attended.expected),
        all_quiet=not items and len(quiet) == _SECTIONS,
        quiet=quiet,
        attention=listing(items),
        counts=counts,
        incidents=incidents,
        blockers=blockers,
        decisions=decisions,
        follow_ups=follow_ups,
        updates=updates,
        queues=queues,
        trends=trends,
        health=health,
        sources={
            "updates": len(written),
            "last_update": max((one.id for one in written), default=""),
            "incidents": len({one.id for part in (incidents.open, incidents.resolved) for one in part.items}),
            "blockers": blockers.open.total,
            "decisions": decisions.waiting.total + decisions.made.total,
            "follow_ups": follow_ups.overdue.total + follow_ups.due_soon.total,
            "people": len(facts.people),
        },
        people={},
    )
    digest = msgspec.structs.replace(digest, people=_named(digest, facts))
    return msgspec.structs.replace(digest, hash=content_hash(digest))


def _incidents(facts: DigestFacts) -> IncidentsPart:
    now, before, end_ms = facts.snapshots[0], facts.snapshots[1], facts.window.end_ms
    resolved = [incident_line(one, end_ms) for one in changes.incidents_resolved(now, before)]
    took = [one.time_to_resolve_h for one in resolved if one.time_to_resolve_h is not None]
    opened = [incident_line(one, end_ms) for one in changes.incidents_opened(now)]
    return IncidentsPart(
        open=listing(sorted((incident_line(one, end_ms) for one in now.incidents if one.is_open), key=_gravity)),
        opened=listing(sorted(opened, key=_gravity)),
        resolved=listing(sorted(resolved, key=_gravity)),
        mttr_h=round(sum(took) / len(took), 1) if took else None,
    )


def _gravity(line: IncidentLine) -> tuple[str, float, str]:
    return line.severity, -line.age_h, line.id


def _blockers(facts: DigestFacts) -> BlockersPart:
    now, before, end_ms = facts.snapshots[0], facts.snapshots[1], facts.window.end_ms
    standing = [blocker_line(one, end_ms) for one in now.blockers if one.stands]
    standing.sort(key=lambda one: (one.severity != "hard", -one.age_h, one.id))
    new = sorted(changes.blockers_new(now), key=lambda one: one.id)
    resolved = sorted(changes.blockers_resolved(now, before), key=lambda one: one.id)
    return BlockersPart(
        open=listing(standing),
        new=listing([blocker_line(one, end_ms) for one in new]),
        resolved=listing([blocker_line(one, end_ms) for one in resolved]),
        stale=listing([one for one in standing if one.stale]),
    )


def _decisions(facts: DigestFacts) -> DecisionsPart:
    now, before, end_ms = facts.snapshots[0], facts.snapshots[1], facts.window.end_ms
    today = facts.window.day.isoformat()
    made = sorted(changes.decisions_made(now, before), key=lambda one: one.id)
    waiting = [decision_line(one, end_ms) for one in now.decisions if one.is_proposed]
    revisit = [
        one for one in now.decisions if one.is_in_force and one.revisit_on is not None and one.revisit_on <= today
    ]
    return DecisionsPart(
        made=listing([decision_line(one, end_ms) for one in made]),
        waiting=listing(sorted(waiting, key=lambda one: (-(one.age_d or 0.0), one.id))),
        revisit_due=listing(
            [decision_line(one, end_ms) for one in sorted(revisit, key=lambda one: (one.revisit_on or "", one.id))]
        ),
    )


def _follow_ups(facts: DigestFacts) -> FollowUpsPart:
    day = facts.window.day
    today, soon = day.isoformat(), (day + timedelta(days=DUE_SOON_DAYS)).isoformat()
    left = [one for one in facts.snapshots[0].follow_ups if one.outstanding and one.due_on is not None]
    left.sort(key=lambda one: (one.due_on or "", one.id))
    lines = [(one.due_on or "", follow_up_line(one, day)) for one in left]
    return FollowUpsPart(
        overdue=listing([line for due, line in lines if due < today]),
        due_soon=listing([line for due, line in lines if today <= due <= soon]),
    )


def _updates(facts: DigestFacts, written: Sequence[UpdateFact], attended: Attendance) -> UpdatesPart:
    now = facts.snapshots[0]
    names = facts.names
    ordered = sorted(written, key=lambda one: (names.get(one.author, "").casefold(), one.author, one.for_date, one.id))
    open_numbers = [
        *(one.number for one in now.incidents if one.is_open),
        *(one.number for one in now.blockers if one.stands),
        *(one.number for one in now.decisions if one.is_proposed),
    ]
    lines = [
        UpdateLine(
            id=one.id,
            person=one.author,
            for_date=one.for_date,
            health=one.health,
            done=list(one.done[:POINTS_MAX]),
            next=list(one.next[:POINTS_MAX]),
            notes=one.notes[:NOTES_CHARACTERS_MAX],
            path=f"{STATUS.path}/{one.id}",
        )
        for one in ordered
    ]
    return UpdatesPart(
        expected=attended.expected,
        by_person=listing(lines),
        missing=listing(attended.missing),
        readers_excluded=attended.readers_excluded,
        highlights=highlights(written, changes.blockers_new(now), facts.updates, open_numbers),
    )


def _queues(facts: DigestFacts) -> QueuesPart:
    failures = facts.snapshots[0].failures
    failing = None
    if failures is not None:
        lines = [FailureLine(task_type=one.task_type, lost=one.lost, retried=one.retried) for one in failures]
        failing = listing(sorted(lines, key=lambda one: (-one.lost, -one.retried, one.task_type)))
    if facts.queues_seen is not None:
        return msgspec.structs.replace(facts.queues_seen, failures=failing)
    if facts.queues is None:
        return QueuesPart(worst=None, failures=failing, dead_letters=None, waiting=None)
    before = facts.dead_letters_before
    lines = [
        QueueLine(
            queue=one.queue,
            waiting=one.waiting,
            oldest_s=None if one.oldest_s is None else round(one.oldest_s),
            dead_letters=one.dead_letters,
            dead_letters_delta=None if before is None else one.dead_letters - before.get(one.queue, 0),
            paused=one.paused,
        )
        for one in facts.queues
    ]
    troubled = [one for one in lines if one.dead_letters or one.paused or (one.oldest_s or 0.0) >= WAITED_LONG_S]
    troubled.sort(
        key=lambda one: (-(one.dead_letters_delta or 0), -one.dead_letters, -(one.oldest_s or 0.0), one.queue)
    )
    return QueuesPart(
        worst=listing(troubled),
        failures=failing,
        dead_letters={one.queue: one.dead_letters for one in sorted(lines, key=lambda one: one.queue)},
        waiting=sum(one.waiting for one in lines),
    )


def _health(written: Iterable[UpdateFact]) -> dict[str, int]:
    """The last word of each person counts."""
    last = {one.author: one.health for one in sorted(written, key=lambda one: one.id)}
    return {name: sum(health == name for health in last.values()) for name in HEALTHS}


_SECTIONS = 5


def _quiet(
    incidents: IncidentsPart,
    blockers: BlockersPart,
    decisions: DecisionsPart,
    follow_ups: FollowUpsPart,
    queues: QueuesPart,
) -> list[str]:
    """Sections of which there is nothing to say. What is not known is not quiet."""
    lost = None if queues.failures is None else sum(one.lost for one in queues.failures.items)
    parts = {
        "incidents": incidents.open.total + incidents.opened.total + incidents.resolved.total,
        "blockers": blockers.open.total + blockers.new.total + blockers.resolved.total,
        "decisions": decisions.made.total + decisions.waiting.total + decisions.revisit_due.total,
        "follow_ups": follow_ups.overdue.total + follow_ups.due_soon.total,
        "queues": None if queues.worst is None or lost is None else queues.worst.total + lost,
    }
    return [name for name, count in parts.items() if count == 0]


def _named(digest: Digest, facts: DigestFacts) -> dict[str, str]:
    """The names of whom the digest names."""
    text = msgspec.json.encode(digest).decode()
    return {one: name for one, name in sorted(facts.names.items()) if f'"{one}"' in text}
