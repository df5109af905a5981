"""Promises of the state machines: only the moves that are drawn, and a refusal that names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.kernel.errors import IllegalTransition
from wipsie.slices.asyncops.domain.blockers import BLOCKERS, STANDING
from wipsie.slices.asyncops.domain.decisions import DECISIONS
from wipsie.slices.asyncops.domain.incidents import INCIDENTS
from wipsie.slices.asyncops.domain.machine import Machine
from wipsie.slices.asyncops.domain.postmortem import POSTMORTEMS

MACHINES = {"blockers": BLOCKERS, "decisions": DECISIONS, "incidents": INCIDENTS, "postmortems": POSTMORTEMS}
machines = st.sampled_from(sorted(MACHINES)).map(MACHINES.__getitem__)


@given(machines, st.data())
def test_a_walk_over_legal_moves_never_leaves_the_machine(machine: Machine, data: st.DataObject) -> None:
    state = machine.states[0]
    for _ in range(20):
        legal = machine.legal(state)
        assert set(legal) <= set(machine.states)
        assert state not in legal
        if not legal:
            return
        to = data.draw(st.sampled_from(legal))
        machine.check(state, to)
        state = to


@given(machines, st.data())
def test_any_other_move_is_refused_with_the_legal_ones(machine: Machine, data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(machine.states))
    others = [one for one in (*machine.states, "nowhere") if one not in machine.legal(state)]
    to = data.draw(st.sampled_from(others))
    with pytest.raises(IllegalTransition) as refusal:
        machine.check(state, to)
    assert refusal.value.details == {"from": state, "to": to, "legal": list(machine.legal(state))}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached = {machine.states[0]}
    for _ in machine.states:
        reached |= {to for state in reached for to in machine.legal(state)}
    # Merging is no move by itself: it says into what.
    assert reached == set(machine.states) - {"merged"}


def test_a_blocker_that_is_over_can_only_be_reopened() -> None:
    for state in BLOCKERS.states:
        if state not in STANDING:
            assert BLOCKERS.legal(state) == ("open",)
