"""State machines of records: which moves are legal, and what is told of one that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wipsie.kernel.errors import IllegalTransition


class Machine:
    """The states of one kind of record and the moves between them."""

    def __init__(self, moves: Mapping[str, Sequence[str]]) -> None:
        """`moves`: for each state, those it can move to."""
        self._moves = {state: tuple(targets) for state, targets in moves.items()}
        self.states = tuple(self._moves)

    def legal(self, state: str) -> tuple[str, ...]:
        """Where one can go from `state`."""
        return self._moves[state]

    def check(self, state: str, to: str) -> None:
        """IllegalTransition unless `state` can move to `to`; its details name the legal ones."""
        legal = self._moves[state]
        if to in legal:
            return
        ways = f"it can become {', '.join(legal)}" if legal else "nothing follows"
        raise IllegalTransition(
            f"What is {state} cannot become {to}: from {state}, {ways}.",
            details={"from": state, "to": to, "legal": list(legal)},
        )
