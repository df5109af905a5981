"""Receivers that wait: who is woken, how many, and when they look again by themselves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName

RECHECK_S = 1.0
"""How long a waiting receiver trusts its knowledge: another process may have died with leases or without a wake-up."""


class Waiters:
    """Waiting receivers by queue. Lives on the event loop."""

    def __init__(self, clock: Clock, now_ms: Callable[[], int] | None = None) -> None:
        """`clock` waits. `now_ms` is the time that alarms are told in, by default that of the clock."""
        self._clock = clock
        self._now_ms = now_ms or clock.now_ms
        self._waiting: dict[QueueName, deque[asyncio.Future[None]]] = {}
        self._signals: dict[QueueName, int] = {}

    def signal(self, queue: QueueName) -> int:
        """A number that changes with each wake-up: read it before looking, so that no wake-up in between is missed."""
        return self._signals.get(queue, 0)

    def wake(self, queue: QueueName, count: int) -> None:
        """Wake up to `count` receivers of a queue, those that waited longest first."""
        self._signals[queue] = self._signals.get(queue, 0) + 1
        waiting = self._waiting.get(queue)
        while waiting and count > 0:
            future = waiting.popleft()
            if not future.done():
                future.set_result(None)
                count -= 1

    def alarm(self, queue: QueueName, due_ms: int) -> None:
        """A delay or lease ends at `due_ms`: who would look later than that must look now and set a new alarm."""
        if due_ms < self._now_ms() + RECHECK_S * 1000:
            waiting = self._waiting.get(queue)
            self.wake(queue, len(waiting) if waiting else 0)

    def wake_all(self) -> None:
        """Wake everybody, for a stop or a sign from another process."""
        for queue in list(self._waiting):
            self.wake(queue, len(self._waiting[queue]))

    async def wait(self, queue: QueueName, signal: int, timeout_s: float) -> None:
        """Return when woken, when `signal` is old already, or after `timeout_s`."""
        if self._signals.get(queue, 0) != signal or timeout_s <= 0:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(queue, deque())
        waiting.append(future)
        try:
            await self._clock.wait(future, timeout_s)
        except asyncio.CancelledError:
            if future.done():
                # The wake-up was meant for a message: somebody else must go and get it.
                self.wake(queue, 1)
            raise
        finally:
            if not future.done():
                future.cancel()
                waiting.remove(future)
