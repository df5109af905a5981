"""Small work that goes on after its request was answered: how long the answer takes must not tell whether there was any."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from wipsie.kernel.errors import Unavailable, WipsieError
from wipsie.telemetry.logging import get_logger

AT_ONCE_MAX = 20

_log = get_logger(__name__)


class Errands:
    """One per process."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def send(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin `work`; what becomes of it nobody is told but the log. Unavailable when too many are on their way."""
        if len(self._running) >= AT_ONCE_MAX:
            raise Unavailable("Too much is being done at this moment; try again in some seconds.", retry_after_s=5)
        errand = asyncio.create_task(_run(work), name="errand")
        self._running.add(errand)
        errand.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Wait for all."""
        await asyncio.gather(*self._running)


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except WipsieError as error:
        _log.warning("errand_failed", code=error.code, reason=error.message)
    except Exception as error:
        _log.error("errand_failed", exc_info=error)
