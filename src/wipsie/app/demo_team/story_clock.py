"""A clock that stands in the past: what is written by it happened then."""

from __future__ import annotations

from wipsie.kernel.clock import SystemClock


class StoryClock(SystemClock):
    """Tells the time of the story. Waiting, and how long things take, stay real."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def move_to(self, now_s: float) -> None:
        """Stand at another time."""
        self._now_s = now_s

    def now(self) -> float:
        return self._now_s

    def now_ms(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]  the system's needs no self
        return round(self._now_s * 1000)
