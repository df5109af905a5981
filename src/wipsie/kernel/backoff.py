"""How long to wait before the next try: twice as long each time it fails again, up to a bound."""

from __future__ import annotations


class Backoff:
    """One loop's pauses::

    first_s ── next_s ──► twice as long ── next_s ──► … longest_s
       ▲                                                  │
       └───────────────────── reset ──────────────────────┘
    """

    __slots__ = ("_first_s", "_longest_s", "_next_s")

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait now; the pause after it is longer."""
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """It worked: begin again with the first pause."""
        self._next_s = self._first_s
