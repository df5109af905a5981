"""A lane turns concurrent calls into batches: group commit for stores that are spoken to over a connection.

    callers ──► waiting ──► one batch at a time ──► run(items) ──► one result each

All calls of one turn of the event loop travel together, and so do all that arrive while a batch is under way. An idle
lane costs nothing: it has no task of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from wipsie.queue.backend_kit.refusals import not_running, too_many_calls

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

PENDING_MAX = 50_000
"""Most calls that may wait; more are refused, so that a stalled store cannot eat the memory."""


class Lane(Generic[ItemT, ResultT]):
    """Calls of one kind. Lives on one event loop."""

    def __init__(
        self,
        run: Callable[[list[ItemT]], Awaitable[Sequence[ResultT | BaseException]]],
        *,
        name: str,
        waits_for: str = "the store",
        calls_max: int = 1000,
        weigh: Callable[[ItemT], int] | None = None,
        weight_max: int = 0,
        parallel: int = 1,
        abandoned: Callable[[ItemT, ResultT], None] | None = None,
    ) -> None:
        """`run` does a batch and answers in order; an exception as result goes to that caller, one that is raised to all.
        A batch holds up to `calls_max` calls, and with `weigh` as many as weigh `weight_max` together (one at least).
        `parallel`: how many batches may be under way. `abandoned` hears of results whose caller was cancelled."""
        self._run = run
        self._name = name
        self._waits_for = waits_for
        self._calls_max = calls_max
        self._weigh = weigh
        self._weight_max = weight_max
        self._parallel = parallel
        self._abandoned = abandoned
        self._pending: deque[tuple[ItemT, asyncio.Future[ResultT]]] = deque()
        self._servers: set[asyncio.Task[None]] = set()
        self._is_due = False
        self._accepting = False
        self.batches = 0
        """Batches done, for tests and metrics of group commit."""

    def start(self) -> None:
        """Accept calls."""
        self._accepting = True

    async def stop(self) -> None:
        """Accept no more calls and return when those accepted were answered."""
        self._accepting = False
        while self._pending or self._servers:
            self._begin()
            await asyncio.wait(self._servers)

    async def call(self, item: ItemT) -> ResultT:
        """Do one call in the next batch. ShuttingDown, TooManyRequests, or what `run` gives for it."""
        future = self.submit(item)
        try:
            return await future
        except asyncio.CancelledError:
            # Cancelled between the answer and our turn: the lane believes that we got it.
            if future.done() and not future.cancelled() and future.exception() is None:
                self._give_up(item, future.result())
            raise

    def submit(self, item: ItemT) -> asyncio.Future[ResultT]:
        """Put one call into the next batch. ShuttingDown, TooManyRequests."""
        if not self._accepting:
            raise not_running()
        if len(self._pending) >= PENDING_MAX:
            raise too_many_calls(len(self._pending), self._waits_for)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ResultT] = loop.create_future()
        self._pending.append((item, future))
        if not self._is_due and len(self._servers) < self._parallel:
            self._is_due = True
            loop.call_soon(self._begin)
        return future

    def _begin(self) -> None:
        self._is_due = False
        if self._pending and len(self._servers) < self._parallel:
            server = asyncio.create_task(self._serve(), name=f"wipsie-lane-{self._name}")
            self._servers.add(server)

    async def _serve(self) -> None:
        try:
            while batch := self._take():
                # More waits than one batch holds: another may go beside this one.
                self._begin()
                await self._do(batch)
        finally:
            # At once and not by a callback: who was answered just now may call again before that runs.
            if (server := asyncio.current_task()) is not None:
                self._servers.discard(server)

    async def _do(self, batch: list[tuple[ItemT, asyncio.Future[ResultT]]]) -> None:
        try:
            results = await self._run([item for item, _ in batch])
        except asyncio.CancelledError:
            # The event loop ends without stop(): nobody will answer these.
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:
            results = [error] * len(batch)
        self.batches += 1
        for (item, future), result in zip(batch, results, strict=True):
            self._answer(item, future, result)

    def _take(self) -> list[tuple[ItemT, asyncio.Future[ResultT]]]:
        batch: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        weight = 0
        while self._pending and len(batch) < self._calls_max:
            item, future = self._pending[0]
            if self._weigh is not None and not future.done():
                weight += self._weigh(item)
                if batch and weight > self._weight_max:
                    break
            self._pending.popleft()
            # Who was cancelled while waiting wants nothing done.
            if not future.done():
                batch.append((item, future))
        return batch

    def _answer(self, item: ItemT, future: asyncio.Future[ResultT], result: ResultT | BaseException) -> None:
        if future.cancelled():
            if not isinstance(result, BaseException):
                self._give_up(item, result)
        elif isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)

    def _give_up(self, item: ItemT, result: ResultT) -> None:
        if self._abandoned is not None:
            self._abandoned(item, result)
