"""One time for all machines that share a store: that of the store.

Clocks of machines differ by seconds; a lease that ends by one clock and not by the other is two deliveries at once. So a
backend learns how far its own clock is from the server's and writes the server's time everywhere.
"""

from __future__ import annotations

from wipsie.kernel.clock import Clock


class ServerTime:
    """The server's time, told by our clock and the difference measured last."""

    def __init__(self, clock: Clock, *, follow_server: bool = True) -> None:
        """Without `follow_server` the clock itself is the truth, as in tests that move time by hand."""
        self._clock = clock
        self._follow_server = follow_server
        self._ahead_ms = 0
        self._round_trip_ms: int | None = None

    def now_ms(self) -> int:
        """Milliseconds since the epoch, by the server."""
        return self._clock.now_ms() + self._ahead_ms

    @property
    def ahead_ms(self) -> int:
        """How far the server's clock is before ours; negative when it is behind."""
        return self._ahead_ms

    def observe(self, server_ms: int, *, asked_at_ms: int, answered_at_ms: int) -> None:
        """Learn from one question for the time: what the server said, and our clock's times before and after. The answer
        with the shorter round trip is the better one, unless the clocks have drifted apart since."""
        if not self._follow_server:
            return
        round_trip_ms = max(0, answered_at_ms - asked_at_ms)
        ahead_ms = server_ms - (asked_at_ms + answered_at_ms) // 2
        known = self._round_trip_ms
        if known is None or round_trip_ms <= known or abs(ahead_ms - self._ahead_ms) > round_trip_ms:
            self._ahead_ms = ahead_ms
            self._round_trip_ms = round_trip_ms
