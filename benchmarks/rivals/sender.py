"""What a rival's module offers to `enqueue`: a sender, and an event loop that lives as long as it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

import uvloop

T = TypeVar("T")

CONCURRENT_SENDERS = 200
IN_BATCHES = "enqueued in batches of 1000"
BY_CONCURRENT_SENDERS = f"enqueued by {CONCURRENT_SENDERS} concurrent senders"
BATCH = 1000


class Sender(Protocol):
    """Enqueues no-op tasks. `MANY` names what `send_many` does, None where the system has only single sends."""

    MANY: str | None

    def send(self, numbers: Iterable[int]) -> None:
        """One task after the other, each accepted before the next is sent."""
        ...

    def send_many(self, numbers: Sequence[int]) -> None:
        """Its quickest way."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


class SingleSender:
    """Base for systems with a blocking client and nothing but single sends."""

    MANY: str | None = None

    def close(self) -> None:
        """The process ends after the last send; that closes the connection."""


class AsyncSender:
    """Base for systems with an async client: their coroutines run on one uvloop, with connections that stay open."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run to its end on this sender's loop."""
        return self._runner.run(coroutine)

    def close(self) -> None:
        """End what still runs on the loop, and the loop."""
        self._runner.close()


async def by_concurrent_senders(send: Callable[[int], Coroutine[Any, Any, Any]], numbers: Iterable[int]) -> None:
    """200 callers that each send one task after the other."""
    waiting = iter(numbers)

    async def caller() -> None:
        for number in waiting:
            await send(number)

    await asyncio.gather(*(caller() for _ in range(CONCURRENT_SENDERS)))


def batches(numbers: Iterable[int]) -> Iterable[list[int]]:
    """Lists of up to `BATCH`."""
    waiting = iter(numbers)
    while batch := list(islice(waiting, BATCH)):
        yield batch
