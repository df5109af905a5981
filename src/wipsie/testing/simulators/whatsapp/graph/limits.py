"""How fast a number may send: all together, and to one user. Counted on the simulator's clock."""

from __future__ import annotations

from collections import deque

from wipsie.testing.simulators.whatsapp.graph.errors import GraphError
from wipsie.testing.simulators.whatsapp.settings import Behaviour

_PAIRS_MAX = 10_000
_LAST_SECOND_MAX = 20_000


class Limits:
    """A refused message counts towards neither limit."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._per_second = behaviour.throughput_per_s
        self._burst = behaviour.pair_burst
        self._interval_ms = behaviour.pair_interval_s * 1000
        self._last_second: deque[int] = deque(maxlen=_LAST_SECOND_MAX)
        self._pairs: dict[str, tuple[float, int]] = {}
        """Per user: what is left of the burst, and when that was."""

    def received(self, now_ms: int) -> None:
        """A message of a user: it takes part of the throughput."""
        self._forget(now_ms)
        self._last_second.append(now_ms)

    def send(self, user: str, now_ms: int) -> None:
        """130429 when the number is too fast, 131056 when it is too fast for this user."""
        self._forget(now_ms)
        if self._per_second is not None and len(self._last_second) >= self._per_second:
            raise GraphError(130429)
        if self._burst is not None:
            left = self._left(user, now_ms)
            if left < 1:
                raise GraphError(131056)
            if user not in self._pairs and len(self._pairs) >= _PAIRS_MAX:
                # The one that waited longest has long paid back.
                del self._pairs[next(iter(self._pairs))]
            self._pairs[user] = (left - 1, now_ms)
        self._last_second.append(now_ms)

    def used_percent(self, now_ms: int) -> int:
        """Of the throughput, in the last second."""
        self._forget(now_ms)
        return min(100, round(100 * len(self._last_second) / self._per_second)) if self._per_second else 0

    def _left(self, user: str, now_ms: int) -> float:
        assert self._burst is not None
        left, since_ms = self._pairs.get(user, (float(self._burst), now_ms))
        return min(float(self._burst), left + (now_ms - since_ms) / self._interval_ms)

    def _forget(self, now_ms: int) -> None:
        while self._last_second and self._last_second[0] <= now_ms - 1000:
            self._last_second.popleft()
