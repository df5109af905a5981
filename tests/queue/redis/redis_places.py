"""What the tests of the Redis backend share: servers of their own, messages, clocks that are wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.backends.redis.connection import RedisAddress, RedisLink
from wipsie.queue.contract import Delivery, NewMessage, QueueSettings, SendResult
from wipsie.testing.servers.redis import RedisServer

QUEUE = QueueName("wipsie-default")


class WrongClock(SystemClock):
    """A machine whose clock is wrong by so many seconds."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s

    def now(self) -> float:
        return super().now() + self._ahead_s

    def now_ms(self) -> int:  # type: ignore[override]
        return SystemClock.now_ms() + int(self._ahead_s * 1000)


class StandingClock(SystemClock):
    """Tells the time a test sets, to the millisecond, and waits in real time: housekeeping does not notice that time passed."""

    def __init__(self) -> None:
        self.time_ms = SystemClock.now_ms()

    def now(self) -> float:
        return self.time_ms / 1000

    def now_ms(self) -> int:  # type: ignore[override]
        return self.time_ms


def message(body: str = "hello", **fields: Any) -> NewMessage:
    return NewMessage(queue=QUEUE, body=body, message_id=new_message_id(), **fields)


def sent(outcomes: list[Any]) -> list[SendResult]:
    """The outcomes, after checking that all were accepted."""
    assert all(isinstance(outcome, SendResult) for outcome in outcomes), outcomes
    return outcomes


@asynccontextmanager
async def opened(
    server: RedisServer,
    *,
    clock: Clock | None = None,
    namespace: str | None = None,
    options: str = "",
    follow_server_time: bool = True,
    **settings: Any,
) -> AsyncGenerator[RedisQueueBackend]:
    """A started backend with QUEUE in it, in a namespace of its own unless one is named."""
    backend = RedisQueueBackend(
        server.url() + options,
        clock=clock or SystemClock(),
        namespace=namespace or f"test-{os.urandom(6).hex()}",
        follow_server_time=follow_server_time,
    )
    await backend.start()
    try:
        await backend.create_queue(QueueSettings(name=QUEUE, **settings))
        yield backend
    finally:
        await backend.stop()


@asynccontextmanager
async def running(folder: Path, **options: Any) -> AsyncGenerator[RedisServer]:
    """A Redis of this test alone."""
    server = RedisServer(folder / "redis", **options)
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def frozen(server: RedisServer) -> AsyncGenerator[None]:
    """The server process stands still meanwhile, as on a machine that hangs."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def plain(server: RedisServer, *words: str) -> Any:
    """The answer to a plain command."""
    link = RedisLink(RedisAddress(server.url(), SystemClock()), "")
    await link.open()
    try:
        return await link.command(*words)
    finally:
        await link.close()


async def acknowledge(backend: RedisQueueBackend, deliveries: list[Delivery]) -> None:
    assert await backend.delete([(one.queue, one.receipt) for one in deliveries]) == [None] * len(deliveries)
