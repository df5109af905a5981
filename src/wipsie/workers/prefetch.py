"""How many messages a consumer should hold ahead of its slots, from the rate at which it finished the last ones."""

from __future__ import annotations

_AHEAD_S = 0.1
_RATE_WEIGHT = 0.5
_BUSY_S_MIN = 0.005
"""Less work than this says nothing about a rate."""


class Prefetch:
    """Measures while there is work, and derives `ahead` and `refill_at`. Times are monotonic seconds."""

    __slots__ = ("_busy_s", "_busy_since", "_concurrency", "_finished", "_rate", "ahead", "ahead_max", "refill_at")

    def __init__(self, concurrency: int, ahead_max: int) -> None:
        self._concurrency = concurrency
        self.ahead_max = ahead_max
        self._rate = 0.0
        self._finished = 0
        self._busy_s = 0.0
        self._busy_since: float | None = None
        self.ahead = 0
        """Messages to hold beyond those running."""
        self.refill_at = 0
        """Fetch again when so few are left."""

    def busy(self, now: float) -> None:
        """There is work."""
        if self._busy_since is None:
            self._busy_since = now

    def idle(self, now: float) -> None:
        """There is none."""
        if self._busy_since is not None:
            self._busy_s += now - self._busy_since
            self._busy_since = None

    def finished(self) -> None:
        """One more handler ended."""
        self._finished += 1

    def update(self, now: float) -> None:
        """Take what was measured since the last update into account."""
        busy_s = self._busy_s if self._busy_since is None else self._busy_s + now - self._busy_since
        if busy_s < _BUSY_S_MIN:
            return
        rate = self._finished / busy_s
        self._rate = rate if not self._rate else self._rate + _RATE_WEIGHT * (rate - self._rate)
        self._finished = 0
        self._busy_s = 0.0
        if self._busy_since is not None:
            self._busy_since = now
        ahead = int(self._rate * _AHEAD_S)
        # Fewer than the slots: the handlers are slow, and a free slot is soon enough to fetch.
        self.ahead = 0 if ahead < self._concurrency else min(ahead, self.ahead_max)
        self.refill_at = self.ahead // 2
