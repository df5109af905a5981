"""Even spacing of starts: at most `count` per period, in any window, inside one process."""

from __future__ import annotations

from wipsie.workers.handler import RateLimit


class RateLimiter:
    """The generic cell rate algorithm without burst: starts lie at least `period_s / count` apart.

    Without burst the limit holds in every window, not only in windows that begin at a full second.
    """

    __slots__ = ("_interval_s", "_next_at", "_promised_at")

    def __init__(self, limit: RateLimit) -> None:
        self._interval_s = limit.period_s / limit.count
        self._next_at = 0.0
        self._promised_at = 0.0

    def try_start(self, now_s: float) -> float:
        """0.0 when a start is allowed at `now_s` (any steady clock), and it is then taken. Else seconds to stay away.

        Everybody sent away is given a turn of his own, one interval behind the one before, so that a backlog comes back
        spread out instead of all at once. The turn is a hint: whoever asks first when a start is free gets it.
        """
        if now_s >= self._next_at:
            self._next_at = now_s + self._interval_s
            self._promised_at = max(self._promised_at, self._next_at)
            return 0.0
        turn_at = max(self._promised_at, self._next_at)
        self._promised_at = turn_at + self._interval_s
        return turn_at - now_s
