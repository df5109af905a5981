"""The rate limits of one queue's handlers, where all processes share a store."""

from __future__ import annotations

from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.telemetry.logging import get_logger
from wipsie.workers.handler import RateLimit
from wipsie.workers.outage import Outage
from wipsie.workers.rate_limiter import SharedRateLimiter

_STORE_AWAY_PAUSE_S = 1.0

_log = get_logger(__name__)


class SharedRates:
    """One limiter for each task type, made when it is first asked."""

    def __init__(self, store: SharedStore, *, queue: str, clock: Clock) -> None:
        """`queue`: short name."""
        self._store = store
        self._queue = queue
        self._clock = clock
        self._limiters: dict[str, SharedRateLimiter] = {}
        self._away = Outage(_log, "rate_limits_not_read", clock)

    async def ask(self, task_type: str, limit: RateLimit) -> float:
        """0.0 when a handler of `task_type` may start now, and the start is then taken. Else seconds to stay away.

        While the store is away nothing starts: a limit protects somebody.
        """
        limiter = self._limiters.get(task_type)
        if limiter is None:
            limiter = SharedRateLimiter(limit, self._store, queue=self._queue, task_type=task_type, clock=self._clock)
            self._limiters[task_type] = limiter
        try:
            pause_s = await limiter.try_start()
        except Exception as error:
            self._away.failed(error, queue=self._queue, task_type=task_type)
            return (error.retry_after_s if isinstance(error, WipsieError) else None) or _STORE_AWAY_PAUSE_S
        self._away.over()
        return pause_s
