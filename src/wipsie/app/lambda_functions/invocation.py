"""One invocation of a function: who asked, and how long there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from wipsie.kernel.clock import Clock

RESERVE_S_MAX = 2.0
"""Kept for giving messages back and for the answer."""
_RESERVE_SHARE = 0.2
_UNBOUNDED_S = 900.0
"""Lambda's own limit, where nobody tells."""


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """Times are seconds of the monotonic clock."""

    request_id: str | None
    deadline: float
    """Work ends here; what is left then is for giving messages back, and for the answer."""
    give_back_until: float

    @classmethod
    def of(cls, context: Any, clock: Clock) -> Invocation:
        """Read Lambda's context; one that tells nothing (a call by hand: None) is taken for the longest there is."""
        remaining: Callable[[], int] | None = getattr(context, "get_remaining_time_in_millis", None)
        remaining_s = remaining() / 1000 if remaining is not None else _UNBOUNDED_S
        reserve_s = min(RESERVE_S_MAX, remaining_s * _RESERVE_SHARE)
        request_id = getattr(context, "aws_request_id", None)
        now = clock.monotonic()
        return cls(
            request_id=None if request_id is None else str(request_id),
            deadline=now + max(0.0, remaining_s - reserve_s),
            give_back_until=now + max(0.0, remaining_s - reserve_s / 4),
        )

    def remaining_s(self, clock: Clock) -> float:
        """What is left for work; not below 0."""
        return max(0.0, self.deadline - clock.monotonic())
