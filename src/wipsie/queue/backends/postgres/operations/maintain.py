"""Housekeeping now and then: messages past their retention, forgotten deduplication ids, dead rows, the server's time."""

from __future__ import annotations

import asyncio

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.queue.backend_kit.server_time import ServerTime
from wipsie.queue.backends.postgres.driver import Session, is_driver_error
from wipsie.queue.backends.postgres.store import Store

STEP = 5000
_STEPS_MAX = 20
VACUUM_AFTER_DELETES = 100_000
"""Each deleted message leaves two dead rows: the one that was ready and the one that was leased."""


class Maintainer:
    """One process's share; several may do the same at one moment."""

    def __init__(self, store: Store, time: ServerTime, clock: Clock) -> None:
        self._store = store
        self._time = time
        self._clock = clock
        self._deleted = 0
        self._vacuum: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Give up what is under way."""
        vacuum, self._vacuum = self._vacuum, None
        if vacuum is not None:
            vacuum.cancel()
            await asyncio.gather(vacuum, return_exceptions=True)

    def deleted(self, messages: int) -> None:
        """Note deletions: after many of them their dead rows are removed at once, since the server itself looks only
        once a minute, and a fast queue fills a hundred thousand pages by then."""
        self._deleted += messages
        # Behind a pooler a statement has a transaction around it, and a vacuum may have none.
        if self._deleted >= VACUUM_AFTER_DELETES and not self._store.connections.is_behind_pooler:
            self._deleted = 0
            if self._vacuum is None or self._vacuum.done():
                self._vacuum = asyncio.create_task(self._remove_dead_rows(), name="wipsie-queue-vacuum")

    async def _remove_dead_rows(self) -> None:
        # On a session of its own, so that it keeps no call waiting. It is skipped where another process is at it, and
        # given up after the time-out of every statement: the server's own vacuum does the rest.
        try:
            session = await self._store.connections.open()
        except WipsieError:
            return
        try:
            await session.execute(
                f"VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE OFF, PARALLEL 0) {self._store.schema}.messages"
            )
        except Exception as error:
            if not is_driver_error(error):
                raise
        finally:
            session.terminate()

    async def learn_time(self) -> None:
        """Ask the server for its time. StorageUnavailable."""

        async def ask(session: Session) -> None:
            asked_at_ms = self._clock.now_ms()
            server_ms = await session.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
            self._time.observe(server_ms, asked_at_ms=asked_at_ms, answered_at_ms=self._clock.now_ms())

        await self._store.connections.run(ask)

    async def run(self) -> None:
        """One round. StorageUnavailable."""
        await self.learn_time()
        for _ in range(_STEPS_MAX):
            more, ids, ready, due = await self._store.row("tidy", self._store.now_ms(), STEP)
            self._store.tell_rows(ids, ready, due)
            if not more:
                return
