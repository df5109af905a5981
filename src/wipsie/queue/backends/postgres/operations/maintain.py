"""Housekeeping now and then: messages past their retention, forgotten deduplication ids, dead rows, the server's time."""

from __future__ import annotations

from wipsie.kernel.clock import Clock
from wipsie.queue.backend_kit.server_time import ServerTime
from wipsie.queue.backends.postgres.driver import Session
from wipsie.queue.backends.postgres.store import Store

STEP = 5000
_STEPS_MAX = 20


class Maintainer:
    """One process's share; several may do the same at one moment."""

    def __init__(self, store: Store, time: ServerTime, clock: Clock) -> None:
        self._store = store
        self._time = time
        self._clock = clock

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
