"""Counts what happened within this hour of the clock, by name."""

from __future__ import annotations

from collections import Counter

from wipsie.kernel.clock import Clock

_HOUR_MS = 3_600_000


class HourlyCounts:
    """Of one process; what earlier hours had is forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hour = 0
        self._counts: Counter[str] = Counter()

    def of(self, name: str) -> int:
        """How often it happened since the hour began."""
        self._turn()
        return self._counts[name]

    def add(self, names: Counter[str]) -> None:
        """It happened, so often."""
        self._turn()
        self._counts.update(names)

    def _turn(self) -> None:
        hour = self._clock.now_ms() // _HOUR_MS
        if hour != self._hour:
            self._hour = hour
            self._counts.clear()
