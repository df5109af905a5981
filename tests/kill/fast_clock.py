"""A clock that runs faster than the machine's, the same in all processes: leases, claims and pauses end while a test can wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any


class FastClock:
    """A `kernel.clock.Clock`: since `origin_s`, seconds since the epoch, `factor` seconds pass in each."""

    def __init__(self, origin_s: float, factor: float) -> None:
        self._origin_s = origin_s
        self._factor = factor

    def now(self) -> float:
        return self._origin_s + (time.time() - self._origin_s) * self._factor

    def now_ms(self) -> int:
        return round(self.now() * 1000)

    def monotonic(self) -> float:
        return time.monotonic() * self._factor

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._factor)

    async def wait(self, future: asyncio.Future[Any], timeout_s: float) -> bool:
        if not future.done():
            await asyncio.wait((future,), timeout=max(0.0, timeout_s) / self._factor)
        return future.done()
