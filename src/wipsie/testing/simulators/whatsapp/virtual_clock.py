"""The simulator's time: a clock of this machine plus an offset that tests and people move, or a FakeClock as it is."""

from __future__ import annotations

import asyncio
from typing import Any

from wipsie.kernel.clock import Clock, SystemClock
from wipsie.testing.clock import FakeClock


class VirtualClock:
    """A `kernel.clock.Clock` that `move` takes forward. Whoever shares it, moves with it.

    On a `FakeClock` it has no offset of its own: moving it moves the FakeClock, so that the application under test and the
    simulator stay at the same moment.
    """

    def __init__(self, base: Clock | None = None) -> None:
        self._base: Clock = base if base is not None else SystemClock()
        self._fake = self._base if isinstance(self._base, FakeClock) else None
        self._offset_ms = 0
        self._moved: asyncio.Future[None] | None = None

    @property
    def offset_s(self) -> float:
        """How far it is ahead of its base."""
        return self._offset_ms / 1000

    def now(self) -> float:
        return self._base.now() + self._offset_ms / 1000

    def now_ms(self) -> int:
        return self._base.now_ms() + self._offset_ms

    def monotonic(self) -> float:
        return self._base.monotonic() + self._offset_ms / 1000

    async def sleep(self, seconds: float) -> None:
        if self._fake is not None:
            await self._fake.sleep(seconds)
            return
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self.wait(never, seconds)

    async def wait(self, future: asyncio.Future[Any], timeout_s: float) -> bool:
        if self._fake is not None:
            return await self._fake.wait(future, timeout_s)
        end = self.monotonic() + timeout_s
        while not future.done():
            left_s = end - self.monotonic()
            if left_s <= 0:
                break
            if self._moved is None or self._moved.done():
                self._moved = asyncio.get_running_loop().create_future()
            await asyncio.wait((future, self._moved), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        return future.done()

    async def move_to(self, at_ms: int) -> None:
        """Go forward to a moment; nothing happens when it has passed."""
        ahead_ms = at_ms - self.now_ms()
        if ahead_ms <= 0:
            return
        if self._fake is not None:
            await self._fake.advance(ahead_ms / 1000)
            return
        self._offset_ms += ahead_ms
        if self._moved is not None and not self._moved.done():
            self._moved.set_result(None)
