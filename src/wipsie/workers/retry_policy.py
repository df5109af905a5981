"""When to try again: a ladder of delays, then the dead-letter queue."""

from __future__ import annotations

import random

import msgspec


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`delays_s[i]` is the wait after failed attempt i + 1; a failure after the last delay is final."""

    delays_s: tuple[float, ...] = (30.0, 60.0, 120.0)
    jitter: float = 0.0
    """0.2 spreads each delay evenly over ±20 %."""

    def delay_after(self, attempt: int, *, uniform: float | None = None) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (1 is the first), or None when it was the last.
        `uniform` in [0, 1) replaces the random draw for tests."""
        if attempt > len(self.delays_s):
            return None
        delay = self.delays_s[max(attempt, 1) - 1]
        if self.jitter:
            draw = random.random() if uniform is None else uniform
            delay *= 1 + self.jitter * (2 * draw - 1)
        return delay
