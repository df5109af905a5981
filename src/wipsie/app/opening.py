"""Opening a store at the start of a process: once, or again and again until it can be reached.

closed ── reached ──────────────────► open
   │                                   ▲
   └─ away, and somebody is patient ───┘  tried again after 0.5, 1, 2 … 10 s
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outage import Outage

PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 10.0
_FINISH_S_MAX = 5.0

_log = get_logger(__name__)


class Opening:
    """One store of one process."""

    def __init__(self, store: str, url: str, *, clock: Clock, held_up: asyncio.Event) -> None:
        """`store`: its name in logs and health checks. `url`: a file is never waited for. `held_up` is set when the store
        has to be waited for."""
        self._is_file = url.partition(":")[0].partition("+")[0] == "sqlite"
        self._clock = clock
        self._held_up = held_up
        self._away = Outage(_log, f"{store}_cannot_be_reached", clock)
        self._is_open = False

    @property
    def reason(self) -> str | None:
        """Why the store is not open; None when it is."""
        return None if self._is_open else self._away.reason or "not opened yet"

    async def run(self, open_store: Callable[[], Coroutine[Any, Any, None]], *, patient: bool) -> None:
        """Open the store. Unavailable when it cannot be reached, unless `patient` for one that is no file; what nobody
        mends by waiting (ConfigurationError: a wrong password) is raised in any case."""
        backoff = Backoff(PAUSE_S_MIN, PAUSE_S_MAX)
        while True:
            try:
                await self._try(open_store)
            except Unavailable as error:
                if not patient or self._is_file:
                    raise
                self._away.failed(error)
                self._held_up.set()
                await self._clock.sleep(backoff.next_s())
            else:
                self._away.over()
                return

    async def _try(self, open_store: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One try, which is not cut in the middle when the start is called off: what is half open cannot be closed."""
        attempt = asyncio.create_task(open_store())
        try:
            await asyncio.shield(attempt)
        except asyncio.CancelledError:
            if not await self._clock.wait(attempt, _FINISH_S_MAX):
                attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            raise
        finally:
            self._is_open = attempt.done() and not attempt.cancelled() and attempt.exception() is None

    async def undo(self, close_store: Callable[[], Awaitable[object]]) -> None:
        """Close the store if it was opened."""
        if self._is_open:
            self._is_open = False
            await close_store()
