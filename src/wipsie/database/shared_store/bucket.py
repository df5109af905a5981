"""The arithmetic of a token bucket, as the generic cell rate algorithm has it: one number for each bucket.

That number is the moment at which the bucket is full again, in microseconds since the epoch. Taking `count` tokens moves it
forward by the time they need to flow in; it may not lie further ahead of now than a whole bucket takes to fill (one that
does was written under another rate, or by a clock that was ahead, and counts as empty). The statement of the database and
the script of Redis compute the same, in the same order, in the same double precision.
"""

from __future__ import annotations

import math

import msgspec

from wipsie.database.shared_store.contract import Bucket

ROUNDING_US = 2.0
"""So much too early is in time: a wait in seconds cannot name a moment of this century more exactly."""


class Draw(msgspec.Struct, frozen=True):
    """Taking some tokens from some bucket, in times."""

    cost_us: float
    """What the tokens taken need to flow in."""
    capacity_us: float
    """What an empty bucket needs to be full."""

    @property
    def capacity_ms(self) -> int:
        """The same in whole milliseconds, rather more than less."""
        return math.ceil(self.capacity_us / 1000) + 1


def draw(bucket: Bucket) -> Draw:
    """The times behind the numbers."""
    return Draw(cost_us=bucket.count * 1e6 / bucket.rate_per_s, capacity_us=bucket.burst * 1e6 / bucket.rate_per_s)


def seconds(wait_us: float) -> float:
    """A wait as `SharedStore.take` tells it."""
    return 0.0 if wait_us <= ROUNDING_US else wait_us / 1e6
