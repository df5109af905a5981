"""From when on to look: how claims keep their pace while dead rows pile up in the indexes.

A claim takes the oldest ready messages. Where they were, dead entries stay in the index until a vacuum removes them, and
while some transaction anywhere in the database is open, none does: each claim would walk over all messages that were ever
claimed since. So a process remembers where the ready messages began and looks from there on. What is older and became
ready later (a lease that ended, a message committed late) is found by a look from the beginning, as often as it costs
little: a look that took long is repeated after several times its length.
"""

from __future__ import annotations

from wipsie.kernel.clock import Clock

EVERYWHERE = -1
_PAUSE_FACTOR = 4.0
"""A look from the beginning may take a fifth of the time."""
_DUE_MARGIN_MS = 2_000
"""Clocks of processes differ by less, and transactions with delayed messages are shorter."""
_DUE_EVERYTHING_S = 5.0
_FAR_MS = 400 * 24 * 3600 * 1000
_NEAR_MS = 1_500
"""A receiver looks again each second, so nothing further ahead need be known."""
_SLOW_S = 0.05
_FAR_PAUSE_FACTOR = 20.0


class ReadyMarks:
    """Where the ready messages of each queue and priority begin, as far as this process saw."""

    def __init__(self, clock: Clock, *, is_real: bool) -> None:
        """`is_real`: the clock moves by itself. On one that is moved by hand durations mean nothing: then every look is
        from the beginning."""
        self._clock = clock
        self._is_real = is_real
        self._begins: dict[int, list[int]] = {}
        self._next_full_s: dict[int, float] = {}

    def begins(self, queue_id: int) -> list[int]:
        """From when on to look, by priority; `EVERYWHERE` when a look from the beginning may be made."""
        if self.full_in_s(queue_id) <= 0:
            return [EVERYWHERE] * 3
        return self._begins.get(queue_id, [EVERYWHERE] * 3)

    def full_in_s(self, queue_id: int) -> float:
        """After how long a look from the beginning may be made again."""
        return self._next_full_s.get(queue_id, 0.0) - self._clock.monotonic()

    def forget(self, queue_id: int) -> None:
        """Look from the beginning next."""
        self._next_full_s.pop(queue_id, None)

    def looked(self, queue_id: int, *, everywhere: bool, took_s: float, oldest: dict[int, int]) -> None:
        """Remember a look: how long it took, and the oldest message it found by priority."""
        if not self._is_real:
            return
        if everywhere:
            self._next_full_s[queue_id] = self._clock.monotonic() + took_s * _PAUSE_FACTOR
            self._begins[queue_id] = [EVERYWHERE] * 3
        begins = self._begins.setdefault(queue_id, [EVERYWHERE] * 3)
        for priority, since in oldest.items():
            begins[priority] = max(begins[priority], since)


class DueMark:
    """Until when all delays and leases that ended were seen to, and how far ahead it is worth looking for the next."""

    def __init__(self, clock: Clock, *, is_real: bool) -> None:
        """`is_real`: as for `ReadyMarks`."""
        self._clock = clock
        self._is_real = is_real
        self._seen_ms = EVERYWHERE
        self._next_full_s = 0.0
        self._next_far_s = 0.0

    def after(self) -> int:
        """From when on to look."""
        return EVERYWHERE if self._clock.monotonic() >= self._next_full_s else self._seen_ms

    def until(self, now_ms: int) -> int:
        """Until when to look for the next end: entries of leases that were acknowledged lie before the true ones."""
        return now_ms + (_FAR_MS if self._clock.monotonic() >= self._next_far_s else _NEAR_MS)

    def looked(self, after: int, now_ms: int, *, complete: bool, took_s: float) -> None:
        """Remember a look from `after` until `now_ms`; not `complete` when it had to stop before the end."""
        if not self._is_real:
            return
        if took_s > _SLOW_S:
            self._next_far_s = self._clock.monotonic() + took_s * _FAR_PAUSE_FACTOR
        if not complete:
            self._next_full_s = 0.0
            return
        if after == EVERYWHERE:
            self._next_full_s = self._clock.monotonic() + _DUE_EVERYTHING_S
        self._seen_ms = max(self._seen_ms, now_ms - _DUE_MARGIN_MS)
