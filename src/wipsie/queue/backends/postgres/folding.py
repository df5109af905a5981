"""When the counters of a queue are folded: after a number of changes, beside the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from wipsie.kernel.errors import WipsieError

FOLD_AFTER_CHANGES = 500
"""A change walks over the dead rows of those since the last time, where no vacuum takes them: so many cost little."""


class CounterFolding:
    """One process's share; several may do the same at one moment."""

    def __init__(self, fold: Callable[[list[int]], Awaitable[object]]) -> None:
        """`fold` folds the counters of some queues; it may be refused."""
        self._fold = fold
        self._changes: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def changed(self, queue_ids: Sequence[int]) -> None:
        """Note a transaction that changed the counters of these queues."""
        is_time = False
        for queue_id in queue_ids:
            changes = self._changes[queue_id] = self._changes.get(queue_id, 0) + 1
            is_time |= changes >= FOLD_AFTER_CHANGES
        if is_time and (self._task is None or self._task.done()):
            aged = sorted(one for one, changes in self._changes.items() if changes >= FOLD_AFTER_CHANGES)
            for queue_id in aged:
                del self._changes[queue_id]
            self._task = asyncio.create_task(self._run(aged), name="wipsie-queue-counters")

    async def stop(self) -> None:
        """Wait for what is under way: it is short, and bounded as every statement is."""
        task, self._task = self._task, None
        if task is not None:
            await task

    async def _run(self, queue_ids: list[int]) -> None:
        try:
            await self._fold(queue_ids)
        except WipsieError:
            # The counts are right either way; so many changes later it is tried again.
            return
