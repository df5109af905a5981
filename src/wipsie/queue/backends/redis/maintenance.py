"""Housekeeping, now and then: the server's time, messages past their retention, forgotten deduplication ids."""

from __future__ import annotations

import asyncio

from wipsie.kernel.errors import WipsieError
from wipsie.queue.backends.redis.store import RedisStore

INTERVAL_S = 30.0
_STEPS_MAX = 50
"""Most steps for one queue in one round; what is left is done in the next."""


class Maintenance:
    """One round every half minute. Any number of processes may do it side by side."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round comes after one interval."""
        self._task = asyncio.create_task(self._repeat(), name="wipsie-queue-maintenance")

    async def stop(self) -> None:
        """End, in the middle of a round if need be."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _repeat(self) -> None:
        while True:
            await self._store.clock.sleep(INTERVAL_S)
            try:
                await self._round()
            except WipsieError:
                # Redis is away; those who send are told, and the next round tries again.
                continue

    async def _round(self) -> None:
        store = self._store
        await store.observe_time()
        for queue_id in await store.queue_ids():
            for _ in range(_STEPS_MAX):
                if not await store.change(store.scripts.maintain, queue_id):
                    break
