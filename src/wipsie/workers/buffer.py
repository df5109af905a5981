"""Messages that were fetched and have not started: slots take them here, and are waked when some come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from wipsie.workers.held import Held


class Buffer:
    """Between one fetcher and many slots::

        fetcher ── put ──► messages ── take ──► slots
           ▲                                     │
           └───────────── few are left ◄─────────┘

    Once it is closed, nothing starts any more.
    """

    def __init__(self) -> None:
        self.refill_at = 0
        """Call the fetcher when so few are left."""
        self.is_closed = False
        self.messages: deque[Held] = deque()
        """To look at, not to change: asked for every message, so it is not behind a call."""
        self._idle_slots: list[asyncio.Future[None]] = []
        self._fetcher: asyncio.Future[None] | None = None

    def put(self, batch: Sequence[Held]) -> None:
        """Messages that were just received."""
        self.messages.extend(batch)
        self._wake_slots(len(batch))

    def put_first(self, batch: Sequence[Held]) -> None:
        """Messages that waited longer than any here."""
        self.messages.extendleft(reversed(batch))
        self._wake_slots(len(batch))

    def take(self) -> Held:
        """The next message, of which there must be one."""
        held = self.messages.popleft()
        # Before the handler starts, or a slow one would keep the free slots waiting for messages.
        if self._fetcher is not None:
            self.call_fetcher_if_low()
        return held

    def call_fetcher_if_low(self) -> None:
        """Have the fetcher look again, unless there are enough."""
        if self._fetcher is not None and len(self.messages) <= self.refill_at:
            self.call_fetcher()

    def call_fetcher(self) -> None:
        """Have the fetcher look again how many there should be."""
        fetcher = self._fetcher
        if fetcher is not None:
            self._fetcher = None
            if not fetcher.done():
                fetcher.set_result(None)

    async def fetcher_called(self) -> None:
        """Wait until the fetcher is called."""
        self._fetcher = asyncio.get_running_loop().create_future()
        await self._fetcher

    async def message_put(self) -> None:
        """Wait until a message is put here. Another slot may be the first to take it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle_slots.append(waiter)
        await waiter

    def close(self) -> list[Held]:
        """Let nothing start any more; gives what was left."""
        self.is_closed = True
        left = list(self.messages)
        self.messages.clear()
        return left

    def _wake_slots(self, count: int) -> None:
        idle = self._idle_slots
        while count and idle:
            waiter = idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1
