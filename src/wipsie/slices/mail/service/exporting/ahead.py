"""Reads a few mails ahead of the one that is written: a store far away answers slowly, but many at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import TypeVar

from wipsie.kernel.limits import MIB
from wipsie.slices.mail.store.selection import SelectedMail

Answer = TypeVar("Answer")
AHEAD = 8
SMALL_BYTES_MAX = MIB
"""What may lie in memory for each of them; a larger one is read when its turn comes."""


async def read_ahead(
    rows: AsyncIterable[SelectedMail],
    load: Callable[[SelectedMail], Awaitable[Answer]],
    size_of: Callable[[SelectedMail], int],
) -> AsyncGenerator[tuple[SelectedMail, Answer]]:
    """Each row with what `load` gives for it, in order. Close it when it is left early."""
    waiting: deque[tuple[SelectedMail, asyncio.Future[Answer] | None]] = deque()

    async def first() -> tuple[SelectedMail, Answer]:
        row, future = waiting.popleft()
        return row, await (load(row) if future is None else future)

    try:
        async for row in rows:
            small = size_of(row) <= SMALL_BYTES_MAX
            waiting.append((row, asyncio.ensure_future(load(row)) if small else None))
            if len(waiting) > AHEAD:
                yield await first()
        while waiting:
            yield await first()
    finally:
        left = [future for _, future in waiting if future is not None]
        for future in left:
            future.cancel()
        await asyncio.gather(*left, return_exceptions=True)
