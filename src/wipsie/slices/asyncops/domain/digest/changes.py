"""What happened within a window, told by what was known at both of its ends: nothing is found twice or missed, whatever times
people wrote to it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from wipsie.slices.asyncops.domain.digest.facts import BlockerFact, DecisionFact, IncidentFact, Snapshot, UpdateFact


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


FactT = TypeVar("FactT", bound=_HasId)


def by_id(facts: Iterable[FactT]) -> dict[str, FactT]:
    """Facts by their ids."""
    return {one.id: one for one in facts}


def incidents_opened(now: Snapshot) -> list[IncidentFact]:
    """Those that came up in the window of a snapshot."""
    return [one for one in now.incidents if now.window.holds(one.created_at_ms)]


def incidents_resolved(now: Snapshot, before: Snapshot) -> list[IncidentFact]:
    """Those that are resolved now and were not a window before."""
    earlier = by_id(before.incidents)
    return [
        one
        for one in now.incidents
        if one.resolved_at_ms is not None
        and (one.id not in earlier or earlier[one.id].resolved_at_ms is None)
        and (one.id in earlier or now.window.holds(one.created_at_ms))
    ]


def blockers_new(now: Snapshot) -> list[BlockerFact]:
    """Those that were written in the window of a snapshot."""
    return [one for one in now.blockers if now.window.holds(one.created_at_ms)]


def blockers_resolved(now: Snapshot, before: Snapshot) -> list[BlockerFact]:
    """Those that are resolved now and were not a window before."""
    earlier = by_id(before.blockers)
    return [
        one
        for one in now.blockers
        if one.resolved
        and (one.id not in earlier or not earlier[one.id].resolved)
        and (one.id in earlier or now.window.holds(one.created_at_ms))
    ]


def decisions_made(now: Snapshot, before: Snapshot) -> list[DecisionFact]:
    """Those that are decided now and were not a window before. What was decided long ago and only written down now, such as
    an imported record, is none of them."""
    earlier = by_id(before.decisions)
    since = now.window.start_day.isoformat()
    return [
        one
        for one in now.decisions
        if one.is_decided
        and (one.id not in earlier or not earlier[one.id].is_decided)
        and (one.decided_on is None or one.decided_on >= since)
    ]


def updates_in(updates: Sequence[UpdateFact], now: Snapshot) -> list[UpdateFact]:
    """Those that were written in the window of a snapshot."""
    return [one for one in updates if now.window.holds(one.created_at_ms)]
