"""Even spacing of starts: at most `count` per period, in any window, inside one process or over all of them."""

from __future__ import annotations

import hashlib

from wipsie.database.shared_store.contract import KEY_CHARACTERS_MAX, SharedStore
from wipsie.kernel.clock import Clock
from wipsie.workers.handler import RateLimit


class RateLimiter:
    """The generic cell rate algorithm without burst: starts lie at least `period_s / count` apart.

    Without burst the limit holds in every window, not only in windows that begin at a full second.
    """

    __slots__ = ("_interval_s", "_next_at", "_promised_at", "limit")

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._interval_s = limit.period_s / limit.count
        self._next_at = 0.0
        self._promised_at = 0.0

    def try_start(self, now_s: float) -> float:
        """0.0 when a start is allowed at `now_s` (any steady clock), and it is then taken. Else seconds to stay away."""
        if not self.is_free(now_s):
            return self.turn(now_s)
        self.not_before(now_s + self._interval_s)
        return 0.0

    def is_free(self, now_s: float) -> bool:
        """Whether a start would be allowed."""
        return now_s >= self._next_at

    def not_before(self, moment_s: float) -> None:
        """No start is free before `moment_s`."""
        self._next_at = max(self._next_at, moment_s)
        self._promised_at = max(self._promised_at, self._next_at)

    def turn(self, now_s: float) -> float:
        """How many seconds to stay away, for one who may not start.

        Everybody sent away is given a turn of his own, one interval behind the one before, so that a backlog comes back
        spread out instead of all at once. The turn is a hint: whoever asks first when a start is free gets it.
        """
        turn_at = max(self._promised_at, self._next_at)
        self._promised_at = turn_at + self._interval_s
        return turn_at - now_s


class SharedRateLimiter:
    """The same over all processes: the starts themselves are taken from a bucket in a shared store.

    What it learned of the bucket it keeps to itself, so only who may well start asks the store, and those sent away get
    turns of their own here too. Two processes may give the same turn; one of them is sent away once more.
    """

    def __init__(self, limit: RateLimit, store: SharedStore, *, queue: str, task_type: str, clock: Clock) -> None:
        """`queue` (short name) and `task_type` name the bucket."""
        self._limit = limit
        self._store = store
        self._clock = clock
        self._here = RateLimiter(limit)
        name = f"rate:{queue}:{task_type}"
        if len(name) > KEY_CHARACTERS_MAX or not name.isprintable():
            name = f"rate:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}"
        self._key = name

    async def try_start(self) -> float:
        """0.0 when a start is allowed now, and it is then taken. Else seconds to stay away. StorageUnavailable."""
        now_s = self._clock.monotonic()
        if not self._here.is_free(now_s):
            return self._here.turn(now_s)
        rate_per_s = self._limit.count / self._limit.period_s
        wait_s = await self._store.take(self._key, rate_per_s=rate_per_s, burst=1)
        now_s = self._clock.monotonic()
        if wait_s == 0:
            self._here.not_before(now_s + 1 / rate_per_s)
            return 0.0
        self._here.not_before(now_s + wait_s)
        return self._here.turn(now_s)
