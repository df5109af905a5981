"""Which message may start now: places per key and handler, then rate limits, of this process or of all.

buffer ──► gates (key, handler) ──► rate limit ──► start
   ▲          │ busy                   │ too early
   │          ▼                        ▼
   └─────── aside ─ no room ─► back into the queue, uncounted
"""

from __future__ import annotations

from typing import Any

from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.queue.message import StandardMessage
from wipsie.workers.buffer import Buffer
from wipsie.workers.gates import Entry, Gates
from wipsie.workers.held import Held
from wipsie.workers.outcomes import Outcomes
from wipsie.workers.route import Route
from wipsie.workers.shared_rates import SharedRates

_ASIDE_FULL_PAUSE_S = 1.0
_RESERVE_S = 0.001
"""Added to what a rate limit says: a message that comes back a moment too early is sent away a second time."""


class Admission:
    """One per queue of a worker."""

    def __init__(
        self,
        *,
        queue: str,
        aside_max: int,
        shared: SharedStore | None,
        buffer: Buffer,
        outcomes: Outcomes,
        clock: Clock,
    ) -> None:
        """`queue`: short name. With a `shared` store rate limits hold over all processes. `buffer` gets those that waited
        aside and may ask again."""
        self._gates = Gates(aside_max)
        self._shared_rates = SharedRates(shared, queue=queue, clock=clock) if shared is not None else None
        self._buffer = buffer
        self._outcomes = outcomes
        self._clock = clock

    @property
    def aside(self) -> int:
        """How many messages wait for a busy key or handler."""
        return self._gates.aside

    async def may_start(self, held: Held, route: Route, message: StandardMessage[Any]) -> bool:
        """Whether its handler may start now, and the place is then taken until `leave`. What may not is seen to: it waits
        aside, is given back, or has failed because of its handler's key function."""
        try:
            entry = self._gates.enter(held, route, message)
        except Exception as error:
            self.leave(held)
            now_ms = self._clock.now_ms()
            self._outcomes.failed(held, route, message.task_type, message.correlation_id, now_ms, error, None)
            return False
        if entry is Entry.ASIDE:
            return False
        if entry is Entry.FULL:
            self._send_away(held, _ASIDE_FULL_PAUSE_S)
            return False
        if route.limiter is None:
            return True
        if self._shared_rates is None:
            pause_s = route.limiter.try_start(self._clock.monotonic())
        else:
            pause_s = await self._shared_rates.ask(route.spec.task_type, route.limiter.limit)
            # While it waited for the answer, more may have happened.
            if held.lost:
                self.lost(held)
                return False
            if self._buffer.is_closed:
                self._send_away(held, _RESERVE_S)
                return False
        if pause_s > 0:
            self._send_away(held, pause_s + _RESERVE_S)
            return False
        return True

    def leave(self, held: Held) -> None:
        """It runs no longer, or never will: its places are free for those that wait for them."""
        freed = self._gates.leave(held)
        if freed:
            self._buffer.put_first(freed)

    def lost(self, held: Held) -> None:
        """It will not run: its lease is lost."""
        self.leave(held)
        self._outcomes.lost(held)

    def take_all(self) -> list[Held]:
        """Empty the place aside, once nothing starts any more. The keys they hold need no freeing then."""
        return self._gates.take_all()

    def _send_away(self, held: Held, pause_s: float) -> None:
        self.leave(held)
        self._outcomes.give_back(held, pause_s)
