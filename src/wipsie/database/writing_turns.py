"""Whose turn it is to write, where one writes at a time: in order of arrival, and who cannot wait before the others."""

from __future__ import annotations

import asyncio
from collections import deque

URGENT_IN_A_ROW_MAX = 8
"""After so many urgent ones, somebody else who waits has a turn: nobody waits for ever."""


class WritingTurns:
    """For tasks of one event loop."""

    def __init__(self) -> None:
        self._is_taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._usual: deque[asyncio.Future[None]] = deque()
        self._urgent_in_a_row = 0

    @property
    def is_urgent(self) -> bool:
        """Whether somebody urgent waits."""
        return bool(self._urgent)

    async def take(self, *, urgent: bool = False) -> None:
        """Return when it is our turn; it is until `leave`."""
        if not self._is_taken:
            self._is_taken = True
            return
        line = self._urgent if urgent else self._usual
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                if turn in line:
                    line.remove(turn)
            else:
                # It came in the very moment in which we were told to stop waiting.
                self.leave()
            raise

    def leave(self) -> None:
        """Let the next one have a turn."""
        while (turn := self._next()) is not None:
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False

    def _next(self) -> asyncio.Future[None] | None:
        if self._urgent and (self._urgent_in_a_row < URGENT_IN_A_ROW_MAX or not self._usual):
            self._urgent_in_a_row += 1
            return self._urgent.popleft()
        self._urgent_in_a_row = 0
        return self._usual.popleft() if self._usual else None
