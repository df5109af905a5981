"""A clock that stands still until the test moves it."""

from __future__ import annotations

import asyncio
import heapq
import threading
from typing import Any

_NS_PER_S = 1_000_000_000
_TURNS = 10

DEFAULT_START_S = 1_759_586_400.0
"""2025-10-04T14:00:00Z: a real date, so that stamps in failed tests read naturally."""


class FakeClock:
    """A `kernel.clock.Clock` whose time moves only by `advance` and `jump`.

    Whole nanoseconds inside, so a thousand steps of 0.1 s are exactly 100 s. `now`, `now_ms` and `monotonic` may be read
    from any thread; `advance`, `sleep` and `wait` belong to event loops.
    """

    def __init__(self, start_s: float = DEFAULT_START_S, *, settle_s: float = 0.001) -> None:
        """`start_s`: seconds since the epoch at which time stands. `settle_s`: real seconds that `settle` grants to
        threads (a database writer) to answer before time goes on."""
        self._lock = threading.Lock()
        self._start_ns = round(start_s * _NS_PER_S)
        self._now_ns = self._start_ns
        self._settle_s = settle_s
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = 0

    def now(self) -> float:
        return self._now_ns / _NS_PER_S

    def now_ms(self) -> int:
        return self._now_ns // 1_000_000

    def monotonic(self) -> float:
        return (self._now_ns - self._start_ns) / _NS_PER_S

    async def sleep(self, seconds: float) -> None:
        """Return once the test moved time by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        # A cancelled sleeper needs no cleaning: its future is done, so waking passes it over.
        await self._sleeper(seconds)

    async def wait(self, future: asyncio.Future[Any], timeout_s: float) -> bool:
        """Wait until `future` is done or the test moved time by `timeout_s`; True when done."""
        if future.done():
            return True
        if timeout_s <= 0:
            await asyncio.sleep(0)
            return future.done()
        sleeper = self._sleeper(timeout_s)
        try:
            await asyncio.wait((future, sleeper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
        return future.done()

    @property
    def sleepers(self) -> int:
        """How many coroutines wait for time to move; lets a test wait until its subject has gone to sleep."""
        with self._lock:
            return sum(1 for _, _, future in self._sleepers if not future.done())

    async def advance(self, seconds: float) -> None:
        """Move time by `seconds`, stopping at each sleeper whose time has come, in order, and letting the loop settle
        there: what a sleeper does next, sleeping again included, happens at its own time."""
        target_ns = self._checked_target_ns(seconds)
        await self.settle()
        while self._wake_next(target_ns):
            await self.settle()
        self._now_ns = max(self._now_ns, target_ns)
        await self.settle()

    def jump(self, seconds: float) -> None:
        """Move time by `seconds` at once, for code without an event loop. Sleepers that are due wake together."""
        self._now_ns = self._checked_target_ns(seconds)
        while self._wake_next(self._now_ns):
            pass

    async def settle(self) -> None:
        """Let everything that can run without time moving run: the loop's ready callbacks and, briefly, threads."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if self._settle_s > 0:
            await asyncio.sleep(self._settle_s)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def _checked_target_ns(self, seconds: float) -> int:
        if seconds < 0:
            raise ValueError(f"time only moves forward; {seconds} s is negative.")
        return self._now_ns + round(seconds * _NS_PER_S)

    def _sleeper(self, seconds: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._order += 1
            heapq.heappush(self._sleepers, (self._now_ns + _nanoseconds(seconds), self._order, future))
        return future

    def _wake_next(self, target_ns: int) -> bool:
        """Move to the first sleeper due until `target_ns` and wake it and its contemporaries; False when there is none."""
        due: list[asyncio.Future[None]] = []
        with self._lock:
            while self._sleepers and (self._sleepers[0][2].done() or self._sleepers[0][0] <= target_ns):
                at_ns, _, future = self._sleepers[0]
                if due and at_ns > self._now_ns and not future.done():
                    break
                heapq.heappop(self._sleepers)
                if not future.done():
                    self._now_ns = max(self._now_ns, int(at_ns))
                    due.append(future)
        for future in due:
            _wake(future)
        return bool(due)


def _nanoseconds(seconds: float) -> float:
    return float("inf") if seconds == float("inf") else round(seconds * _NS_PER_S)


def _wake(future: asyncio.Future[None]) -> None:
    def set_result() -> None:
        if not future.done():
            future.set_result(None)

    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    loop = future.get_loop()
    if loop is running:
        set_result()
    elif not loop.is_closed():
        loop.call_soon_threadsafe(set_result)
