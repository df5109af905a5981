"""The times of an incident: which may be set when, in which order, and how long each part took.

People put them right afterwards, because the time somebody pressed a button is rarely the time a thing happened.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.incidents import (
    CLOSED,
    COURSE,
    DECLARED,
    IDENTIFIED,
    INVESTIGATING,
    MITIGATED,
    PROPOSED,
    RESOLVED,
)

FUTURE_MS_MAX = 60_000
"""Clocks differ; a time later than this is a mistake."""

_REACHED_IN = {
    "impact_started_at": PROPOSED,
    "detected_at": PROPOSED,
    "declared_at": DECLARED,
    "acknowledged_at": INVESTIGATING,
    "identified_at": IDENTIFIED,
    "mitigated_at": MITIGATED,
    "resolved_at": RESOLVED,
    "closed_at": CLOSED,
}
MILESTONES = tuple(_REACHED_IN)
"""In the order in which they happen."""
MILESTONE_OF = {state: name for name, state in _REACHED_IN.items() if state != PROPOSED}
"""The milestone that entering a state sets."""

Times = Mapping[str, int | None]
"""Milliseconds since the epoch, by milestone."""


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """How long the parts of an incident took, in milliseconds; None for what has not happened or is not known."""

    time_to_detect_ms: int | None
    """From the start of the impact until it was detected, or else declared."""
    time_to_acknowledge_ms: int | None
    """From the declaration until somebody worked on it."""
    time_to_mitigate_ms: int | None
    """From the start of the impact (else from detection, else from declaration) until it hurt nobody any more."""
    time_to_resolve_ms: int | None
    """Likewise, until it was over."""


def check_times(times: Times, status: str, now_ms: int) -> None:
    """InvalidInput unless all times may stand in this state, in this order; its details name the field."""
    before: tuple[str, int] | None = None
    for name in MILESTONES:
        at_ms = times[name]
        if at_ms is None:
            if name in _kept_in(status):
                raise _refused(name, f"cannot be taken away while the incident is {status}")
            continue
        if not is_reached(name, status):
            raise _refused(name, f"is not reached while the incident is {status}; move it there first")
        if at_ms > now_ms + FUTURE_MS_MAX:
            raise _refused(name, "is in the future")
        if before is not None and at_ms < before[1]:
            raise _refused(name, f"must not be before {before[0]}", other=before[0])
        before = (name, at_ms)


def is_reached(milestone: str, status: str) -> bool:
    """Whether an incident in this state has come to this milestone, or past it."""
    # One that ended off the course keeps what it had.
    return status not in COURSE or COURSE.index(_REACHED_IN[milestone]) <= COURSE.index(status)


def entered(times: Times, state: str, to: str, at_ms: int) -> dict[str, int | None]:
    """The times that change when an incident moves from `state` to `to` at `at_ms`. Going back takes the later ones away: they
    did not happen, or will happen again."""
    changes: dict[str, int | None] = {}
    if to not in COURSE:
        return {"closed_at": at_ms}
    for name in MILESTONES:
        if not is_reached(name, to):
            changes[name] = None
    if COURSE.index(to) > COURSE.index(state):
        changes[MILESTONE_OF[to]] = at_ms
    # Whatever follows the declaration, somebody took it up.
    if to not in (PROPOSED, DECLARED) and times["acknowledged_at"] is None:
        changes["acknowledged_at"] = at_ms
    own = MILESTONE_OF.get(to)
    if own is not None and changes.get(own, times[own]) is None:
        changes[own] = at_ms
    return {name: value for name, value in changes.items() if times[name] != value}


def durations(times: Times) -> Durations:
    """How long each part took."""
    impact, detected, declared = times["impact_started_at"], times["detected_at"], times["declared_at"]
    begin = _first(impact, detected, declared)
    return Durations(
        time_to_detect_ms=_between(impact, _first(detected, declared)),
        time_to_acknowledge_ms=_between(declared, times["acknowledged_at"]),
        time_to_mitigate_ms=_between(begin, _first(times["mitigated_at"], times["resolved_at"])),
        time_to_resolve_ms=_between(begin, times["resolved_at"]),
    )


def latest(times: Times) -> int:
    """The last time there is; 0 without any."""
    return max((at_ms for at_ms in times.values() if at_ms is not None), default=0)


def _kept_in(status: str) -> set[str]:
    """Milestones that an incident in this state must have."""
    if status not in COURSE or status == PROPOSED:
        return set()
    kept = {"declared_at", MILESTONE_OF[status]}
    return {*kept, "resolved_at"} if status == CLOSED else kept


def _first(*times: int | None) -> int | None:
    return next((one for one in times if one is not None), None)


def _between(begin: int | None, end: int | None) -> int | None:
    return None if begin is None or end is None else end - begin


def _refused(field: str, problem: str, other: str | None = None) -> InvalidInput:
    details = {"field": field, "problem": problem, "errors": [{"location": f"body.{field}", "message": problem}]}
    if other is not None:
        details["other"] = other
    return InvalidInput(f"Field '{field}' {problem}.", details=details)
