"""Wake-ups between processes: each listens on one channel of its namespace.

They are hints, never the truth: what is missed costs a waiting receiver at most `waiters.RECHECK_S`.
"""

from __future__ import annotations

import asyncio

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.redis.connection import disconnect, read, send
from wipsie.queue.backends.redis.store import RedisStore

_QUIET_S = 15.0
"""After this long without a word the connection is asked whether it lives."""
_RETRY_S = 1.0


class Wakeups:
    """Listens to the other processes and wakes the receivers of this one."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen, as soon as Redis can be reached."""
        self._task = asyncio.create_task(self._listen(), name="wipsie-redis-wakeups")

    async def stop(self) -> None:
        """Listen no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await self._store.address.connect()
            except WipsieError:
                await self._store.clock.sleep(_RETRY_S)
                continue
            try:
                await send(connection, "SUBSCRIBE", f"{self._store.prefix}wake")
                await self._read(connection)
            except (RedisError, OSError):
                # Lost. What was said meanwhile is not repeated.
                self._store.waiters.wake_all()
                await self._store.clock.sleep(_RETRY_S / 10)
            finally:
                self._store.is_listening = False
                await disconnect(connection)

    async def _read(self, connection: AbstractConnection) -> None:
        is_asked = False
        while True:
            answer = await read(connection, timeout_s=_QUIET_S)
            if answer is not None:
                is_asked = False
                if answer[0] == b"message":
                    self._wake(answer[2])
                elif answer[0] == b"subscribe":
                    self._store.is_listening = True
                    # From now on we hear everything; before, something may have been said.
                    self._store.waiters.wake_all()
            elif is_asked:
                return
            else:
                is_asked = True
                await send(connection, "PING")

    def _wake(self, message: bytes) -> None:
        process, count, name = message.decode().split(" ", 2)
        if process != self._store.process:
            self._store.waiters.wake(QueueName(name), int(count))
