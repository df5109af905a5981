"""Promises of an incident's times: in their order, never ahead, and following its moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain import incidents as states
from wipsie.slices.asyncops.domain.milestones import (
    FUTURE_MS_MAX,
    MILESTONES,
    check_times,
    durations,
    entered,
    is_reached,
    latest,
)

NOW_MS = 1_759_586_400_000
NONE: dict[str, int | None] = dict.fromkeys(MILESTONES)


def times(**known: int) -> dict[str, int | None]:
    return {**NONE, **known}


@given(st.data())
def test_times_that_follow_the_moves_are_always_in_order(data: st.DataObject) -> None:
    state, known, now_ms = states.PROPOSED, dict(NONE), NOW_MS
    for _ in range(15):
        legal = states.INCIDENTS.legal(state)
        if not legal:
            return
        to = data.draw(st.sampled_from(legal))
        now_ms += data.draw(st.integers(0, 10_000_000))
        known |= entered(known, state, to, max(now_ms, latest(known)))
        state = to
        check_times(known, state, now_ms)
        taken = durations(known)
        assert all(took is None or took >= 0 for took in (getattr(taken, name) for name in taken.__struct_fields__))
        if state in states.COURSE:
            assert all(known[name] is None for name in MILESTONES if not is_reached(name, state))
            assert (known["acknowledged_at"] is None) == (state in (states.PROPOSED, states.DECLARED))


@given(st.lists(st.integers(NOW_MS - 10_000_000, NOW_MS), min_size=8, max_size=8))
def test_whatever_is_accepted_is_sorted(chosen: list[int]) -> None:
    known = dict(zip(MILESTONES, chosen, strict=True))
    if chosen == sorted(chosen):
        check_times(known, states.CLOSED, NOW_MS)
    else:
        with pytest.raises(InvalidInput) as refusal:
            check_times(known, states.CLOSED, NOW_MS)
        assert known[refusal.value.details["field"]] < known[refusal.value.details["other"]]


def test_a_minute_ahead_is_a_matter_of_clocks_and_more_is_not() -> None:
    known = times(declared_at=NOW_MS + FUTURE_MS_MAX)
    check_times(known, states.DECLARED, NOW_MS)
    with pytest.raises(InvalidInput, match="declared_at"):
        check_times(known, states.DECLARED, NOW_MS - 1)


def test_what_was_not_reached_cannot_be_set() -> None:
    with pytest.raises(InvalidInput, match="identified_at"):
        check_times(
            times(declared_at=NOW_MS, acknowledged_at=NOW_MS, identified_at=NOW_MS), states.INVESTIGATING, NOW_MS
        )


@pytest.mark.parametrize(
    ("state", "gone"),
    [
        (states.DECLARED, "declared_at"),
        (states.MITIGATED, "declared_at"),
        (states.MITIGATED, "mitigated_at"),
        (states.CLOSED, "resolved_at"),
        (states.CLOSED, "closed_at"),
    ],
)
def test_what_makes_the_state_cannot_be_taken_away(state: str, gone: str) -> None:
    known = times(**{name: NOW_MS for name in MILESTONES if is_reached(name, state)})
    check_times(known, state, NOW_MS)
    with pytest.raises(InvalidInput, match=gone):
        check_times({**known, gone: None}, state, NOW_MS)


def test_what_was_skipped_can_be_told_later() -> None:
    known = dict(times(declared_at=NOW_MS))
    known |= entered(known, states.DECLARED, states.RESOLVED, NOW_MS + 10)
    assert known == times(declared_at=NOW_MS, acknowledged_at=NOW_MS + 10, resolved_at=NOW_MS + 10)
    check_times({**known, "mitigated_at": NOW_MS + 5, "acknowledged_at": NOW_MS + 2}, states.RESOLVED, NOW_MS + 10)


def test_reopening_forgets_what_did_not_last() -> None:
    known = times(**{name: NOW_MS + index for index, name in enumerate(MILESTONES)})
    changed = entered(known, states.CLOSED, states.INVESTIGATING, NOW_MS + 100)
    assert changed == dict.fromkeys(("identified_at", "mitigated_at", "resolved_at", "closed_at"))


def test_durations_run_from_the_first_sign() -> None:
    known = times(
        impact_started_at=0, detected_at=10, declared_at=30, acknowledged_at=35, mitigated_at=100, resolved_at=200
    )
    taken = durations(known)
    assert (taken.time_to_detect_ms, taken.time_to_acknowledge_ms) == (10, 5)
    assert (taken.time_to_mitigate_ms, taken.time_to_resolve_ms) == (100, 200)
    unknown = durations(times(declared_at=30, resolved_at=200))
    assert (unknown.time_to_detect_ms, unknown.time_to_acknowledge_ms) == (None, None)
    # Resolved at once: it hurt nobody any more then.
    assert (unknown.time_to_mitigate_ms, unknown.time_to_resolve_ms) == (170, 170)
