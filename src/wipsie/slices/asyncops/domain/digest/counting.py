"""Counts: how many there are, how many there were the day before, and how that went over seven days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wipsie.slices.asyncops.domain.digest import changes
from wipsie.slices.asyncops.domain.digest.content import Count, QueuesPart, Trend, TrendMark
from wipsie.slices.asyncops.domain.digest.facts import DigestFacts, Snapshot
from wipsie.slices.asyncops.domain.digest.window import TREND_DAYS

MARKED_FROM = 2
MARKED_SHARE = 0.2
"""A change is marked from both of these on: less is noise."""

Numbers = Mapping[str, int | None]


def counts_and_trends(facts: DigestFacts, queues: QueuesPart) -> tuple[dict[str, Count], dict[str, Trend]]:
    """Both, by name."""
    pairs = zip(facts.snapshots, facts.snapshots[1:], strict=False)
    days = [_numbers(facts, now, before) for now, before in list(pairs)[:TREND_DAYS]]
    counts = {name: _count(value, days[1].get(name)) for name, value in days[0].items()}
    trends = {name: _trend([day.get(name) for day in reversed(days)]) for name in days[0]}
    counts["dead_letters"], counts["waiting"] = _of_queues(facts, queues)
    return counts, trends


def overdue(snapshot: Snapshot) -> list[str]:
    """Ids of follow-ups that were overdue at the end of a window."""
    today = snapshot.window.day.isoformat()
    return [one.id for one in snapshot.follow_ups if one.outstanding and one.due_on is not None and one.due_on < today]


def _numbers(facts: DigestFacts, now: Snapshot, before: Snapshot) -> Numbers:
    updates = changes.updates_in(facts.updates, now)
    return {
        "incidents_open": sum(one.is_open for one in now.incidents),
        "incidents_opened": len(changes.incidents_opened(now)),
        "incidents_resolved": len(changes.incidents_resolved(now, before)),
        "blockers_open": sum(one.stands for one in now.blockers),
        "blockers_new": len(changes.blockers_new(now)),
        "blockers_resolved": len(changes.blockers_resolved(now, before)),
        "decisions_made": len(changes.decisions_made(now, before)),
        "decisions_waiting": sum(one.is_proposed for one in now.decisions),
        "follow_ups_overdue": len(overdue(now)),
        "updates": len({one.author for one in updates}),
        "failures": None if now.failures is None else sum(one.lost for one in now.failures),
    }


def _of_queues(facts: DigestFacts, queues: QueuesPart) -> tuple[Count, Count]:
    dead_letters = None if queues.dead_letters is None else sum(queues.dead_letters.values())
    before = None if facts.dead_letters_before is None else sum(facts.dead_letters_before.values())
    return _count(dead_letters, before), _count(queues.waiting, facts.waiting_before)


def _count(value: int | None, previous: int | None) -> Count:
    delta = None if value is None or previous is None else value - previous
    return Count(value=value, previous=previous, delta=delta)


def _trend(days: Sequence[int | None]) -> Trend:
    return Trend(days=list(days), mark=mark(days[-1], days[-2]))


def mark(value: int | None, previous: int | None) -> TrendMark | None:
    """Whether a change is worth a mark."""
    if value is None or previous is None:
        return None
    delta = abs(value - previous)
    if delta < MARKED_FROM or delta < MARKED_SHARE * previous:
        return None
    return "up" if value > previous else "down"
