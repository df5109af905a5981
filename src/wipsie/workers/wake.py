"""Waiting for "something happened here" or for time to pass, whichever is first."""

from __future__ import annotations

import asyncio

from wipsie.kernel.clock import Clock


class Wake:
    """A bell one task sleeps beside. A ring while nobody sleeps is remembered, so none is missed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = False
        self._sleeper: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake the sleeper, or keep it from falling asleep. For the event loop's own thread."""
        self._rung = True
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    async def wait(self, timeout_s: float) -> bool:
        """Sleep until the bell rings or `timeout_s` passed; True when it rang."""
        if not self._rung:
            self._sleeper = asyncio.get_running_loop().create_future()
            try:
                await self._clock.wait(self._sleeper, timeout_s)
            finally:
                self._sleeper = None
        rang, self._rung = self._rung, False
        return rang
