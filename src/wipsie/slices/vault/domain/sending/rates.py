"""How fast may be sent: two token buckets, of which `SharedStore.take` does the counting for all workers together.

Both are a little slower than allowed: calls arrive sooner or later after they left, and so closer together than they left.
"""

from __future__ import annotations

from typing import Final

import msgspec

MESSAGES_PER_S: Final = 80
"""Of a number. Source: Meta, "Throughput"; what people send counts too, which is why 130429 can come all the same."""
_AT_ONCE = 1 / 5
"""Part of the rate that may be taken at one moment."""
_USED = 0.95


class Rate(msgspec.Struct, frozen=True):
    """A bucket: in any t seconds at most ``burst + rate_per_s · t`` are sent."""

    rate_per_s: float
    burst: float


RECIPIENT_RATE: Final = Rate(1 / 6, 44)
"""Source: Meta, "Pair rate limits"; 45 at once are allowed."""


def number_rate(messages_per_s: int = MESSAGES_PER_S) -> Rate:
    """The bucket of a number, so that no second, wherever it begins, has more than `messages_per_s`. ValueError below 2."""
    if messages_per_s < 2:
        raise ValueError("A number sends at least 2 messages a second.")
    burst = max(1, int(messages_per_s * _AT_ONCE))
    return Rate(messages_per_s * _USED - burst, burst)
