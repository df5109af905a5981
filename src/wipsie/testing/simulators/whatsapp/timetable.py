"""What happens later: retries, statuses, the end of waiting. Each at its moment of the simulator's clock, in order."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock

_WAIT_S_MAX = 30 * 24 * 3600.0


class Timetable:
    """Plain functions with a moment. `run` carries them out while it runs; `run_due` does those whose moment has come."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._entries: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self._changed: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def at(self, at_ms: int, action: Callable[[], None]) -> None:
        """Do it then; what lies in the past is done with the next `run_due`."""
        self._order += 1
        heapq.heappush(self._entries, (at_ms, self._order, action))
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do it `seconds` from now; at once, before this returns, when that is nothing."""
        if seconds <= 0:
            action()
        else:
            self.at(self._clock.now_ms() + round(seconds * 1000), action)

    def next_ms(self) -> int | None:
        """When the next entry is due."""
        return self._entries[0][0] if self._entries else None

    def run_due(self) -> bool:
        """Do what is due; whether anything was."""
        ran = False
        while self._entries and self._entries[0][0] <= self._clock.now_ms():
            _, _, action = heapq.heappop(self._entries)
            ran = True
            action()
        return ran

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.run_due()
            self._changed = asyncio.get_running_loop().create_future()
            next_ms = self.next_ms()
            wait_s = _WAIT_S_MAX if next_ms is None else (next_ms - self._clock.now_ms()) / 1000
            if wait_s > 0:
                await self._clock.wait(self._changed, min(wait_s, _WAIT_S_MAX))
