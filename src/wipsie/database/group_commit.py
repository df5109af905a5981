"""Many small writes in one commit: what arrives while one is under way is written together by the next.

A commit costs about the same for one as for fifty. So the more there is to write, the less each costs, and whoever comes waits for
two commits at most: the one under way, and its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from wipsie.database.database import Database
from wipsie.database.unit_of_work import UnitOfWork
from wipsie.kernel.errors import Unavailable

ItemT = TypeVar("ItemT")

WAITING_MAX = 2_000
_AGAIN_S = 1.0


class GroupCommit(Generic[ItemT]):
    """Writes items of one kind. Made once; needs no stop: it works only while somebody waits in `add`."""

    def __init__(
        self,
        database: Database,
        write: Callable[[UnitOfWork, Sequence[ItemT]], Awaitable[None]],
        *,
        weight_max: int,
        urgent: bool = False,
    ) -> None:
        """`write` puts items, in order of arrival, into a unit of work; it may be called again with a part of them. A group weighs
        `weight_max` at most, unless its first item alone weighs more."""
        self._database = database
        self._write = write
        self._weight_max = weight_max
        self._urgent = urgent
        self._waiting: deque[tuple[ItemT, int, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: ItemT, *, weight: int = 1) -> None:
        """Return when `item` is committed. Raises what writing it raised, whatever became of others; Unavailable when too many wait.
        Whoever is cancelled here does not know whether it is."""
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("Too much waits to be written; try again.", retry_after_s=_AGAIN_S)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, weight, written))
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="group-commit")
        await written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                error = await self._try([item for item, _ in group])
                if error is None or len(group) == 1 or isinstance(error, Unavailable):
                    for _, written in group:
                        _settle(written, error)
                    continue
                # One of them cannot be written, and the others can.
                for item, written in group:
                    _settle(written, await self._try([item]))
        finally:
            self._task = None

    def _next_group(self) -> list[tuple[ItemT, asyncio.Future[None]]]:
        group: list[tuple[ItemT, asyncio.Future[None]]] = []
        total = 0
        while self._waiting and (not group or total + self._waiting[0][1] <= self._weight_max):
            item, weight, written = self._waiting.popleft()
            total += weight
            group.append((item, written))
        return group

    async def _try(self, items: Sequence[ItemT]) -> Exception | None:
        try:
            async with self._database.unit_of_work(urgent=self._urgent) as unit:
                await self._write(unit, items)
        except Exception as error:
            return error
        return None


def _settle(written: asyncio.Future[None], error: Exception | None) -> None:
    if written.done():
        # Whoever waited for it was cancelled.
        return
    if error is None:
        written.set_result(None)
    else:
        written.set_exception(error)
