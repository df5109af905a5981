"""Wake-ups between processes on one database: LISTEN and NOTIFY, as hints.

NOTIFY takes a lock of the whole server at its commit, so it is sent after the commit it tells of, in a transaction of its
own, and what happens meanwhile travels together. A lost hint costs a waiting receiver at most `waiters.RECHECK_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.postgres.connections import Connections
from wipsie.queue.backends.postgres.driver import Session

PAUSE_S = 0.02
"""Between two notifications of one process."""
_LISTEN_AGAIN_S = 2.0
_CLOSE_TIMEOUT_S = 3.0
_QUEUES_MAX = 60
"""More names might not fit into the 8000 bytes of a notification."""


class Hint(msgspec.Struct, frozen=True):
    """What a notification says."""

    ready: dict[QueueName, int]
    sender: str = ""


_decoder = msgspec.json.Decoder(Hint)
_encoder = msgspec.json.Encoder()


def hint_text(ready: dict[QueueName, int], sender: str = "") -> str:
    """Payload of a notification."""
    return _encoder.encode(Hint(ready, sender)).decode()


class Announcer:
    """Tells the other processes, and hears them. Lives on one event loop."""

    def __init__(
        self, connections: Connections, channel: str, *, clock: Clock, on_ready: Callable[[QueueName, int], None]
    ) -> None:
        self._connections = connections
        self.channel = channel
        self._clock = clock
        self._on_ready = on_ready
        self._sender = os.urandom(6).hex()
        self._pending: dict[QueueName, int] = {}
        self._has_pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._session: Session | None = None

    async def start(self) -> None:
        """Listen, where that can be done, and be ready to tell."""
        self._pending = {}
        self._tasks = [asyncio.create_task(self._tell_all(), name="wipsie-queue-announcer")]
        if not self._connections.is_behind_pooler:
            with contextlib.suppress(WipsieError):
                await self._listen()
            self._tasks.append(asyncio.create_task(self._keep_listening(), name="wipsie-queue-listener"))

    async def stop(self) -> None:
        """Tell and hear no more."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        session, self._session = self._session, None
        if session is not None:
            try:
                await session.close(timeout=_CLOSE_TIMEOUT_S)
            except Exception:
                session.terminate()

    def tell(self, ready: dict[QueueName, int]) -> None:
        """Tell the others soon that these queues have so many new ready messages."""
        for queue, count in ready.items():
            self._pending[queue] = self._pending.get(queue, 0) + count
        self._has_pending.set()

    async def _tell_all(self) -> None:
        while True:
            await self._has_pending.wait()
            self._has_pending.clear()
            pending, self._pending = self._pending, {}
            # A failure loses a hint: receivers elsewhere look again by themselves.
            with contextlib.suppress(WipsieError):
                await self._connections.run(lambda session, told=pending: self._notify(session, told))
            await self._clock.sleep(PAUSE_S)

    async def _notify(self, session: Session, ready: dict[QueueName, int]) -> None:
        names = list(ready)
        for start in range(0, len(names), _QUEUES_MAX):
            some = {name: ready[name] for name in names[start : start + _QUEUES_MAX]}
            # A hint need not survive a crash: no commit waits for the disk because of it.
            await session.fetchval(
                "SELECT pg_notify($1, $2) FROM set_config('synchronous_commit', 'off', true)",
                self.channel,
                hint_text(some, self._sender),
            )

    async def _keep_listening(self) -> None:
        while True:
            await self._clock.sleep(_LISTEN_AGAIN_S)
            if self._session is None or self._session.is_closed():
                with contextlib.suppress(WipsieError):
                    await self._listen()

    async def _listen(self) -> None:
        session = await self._connections.open()
        try:
            await session.add_listener(self.channel, self._hear)
        except Exception:
            session.terminate()
            return
        self._session = session

    def _hear(self, _session: object, _pid: int, _channel: str, payload: str) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            hint = _decoder.decode(payload)
            if hint.sender != self._sender:
                for queue, count in hint.ready.items():
                    self._on_ready(queue, count)
