"""Every kind of store that can be moved whole, as the tests open them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from wipsie.kernel.clock import Clock
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueBackend
from wipsie.testing.servers import PostgresServer, RedisServer

KINDS = ("sqlite", "postgresql", "redis")
OpenStore = Callable[[Clock], QueueBackend]


def new_store(kind: str, folder: Path, postgres: PostgresServer | None, redis: RedisServer | None) -> OpenStore:
    """A store of that kind with nothing in it; each call of the result opens it once more."""
    token = os.urandom(6).hex()
    if kind == "postgresql" and postgres is not None:
        url = postgres.url()
        return lambda clock: PostgresQueueBackend(url, clock=clock, schema=f"move_{token}", follow_server_time=False)
    if kind == "redis" and redis is not None:
        address = redis.url()
        return lambda clock: RedisQueueBackend(
            address, clock=clock, namespace=f"move-{token}", follow_server_time=False
        )
    return lambda clock: SqliteQueueBackend(folder / f"{token}.db", clock=clock, synchronous="NORMAL")


@asynccontextmanager
async def opened(open_store: OpenStore, clock: Clock) -> AsyncGenerator[QueueBackend]:
    """The store, for the length of a block."""
    backend = open_store(clock)
    await backend.start()
    try:
        yield backend
    finally:
        await backend.stop()
