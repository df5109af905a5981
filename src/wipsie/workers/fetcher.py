"""Fetches the messages of one queue into the buffer, as many ahead of the slots as is worth it.

How many follows from what was measured (`prefetch.py`): a queue of slow handlers takes just what it has free slots for, so
that other workers get the rest; a queue of quick ones takes hundreds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wipsie.kernel import limits
from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import QueueNotFound
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import Delivery
from wipsie.queue.engine import QueueEngine
from wipsie.telemetry.logging import get_logger
from wipsie.workers.arrivals import Arrivals
from wipsie.workers.buffer import Buffer
from wipsie.workers.outage import Outage
from wipsie.workers.outcomes import Outcomes
from wipsie.workers.prefetch import Prefetch
from wipsie.workers.settle import Settler

_WAIT_S = 20.0
_PAUSE_S_MIN = 0.2
_PAUSE_S_MAX = 10.0

_log = get_logger(__name__)


class Fetcher:
    """One per queue of a worker."""

    def __init__(
        self,
        *,
        queue: str,
        stored: QueueName,
        engine: QueueEngine,
        arrivals: Arrivals,
        buffer: Buffer,
        prefetch: Prefetch,
        outcomes: Outcomes,
        settler: Settler,
        free_slots: Callable[[], int],
        idle_pause_s: float,
        clock: Clock,
    ) -> None:
        """`queue` is the short name, `stored` the name the engine knows. `settler` says when enough is unsettled.
        `idle_pause_s`: rest after a wait that brought nothing."""
        self._queue = queue
        self._stored = stored
        self._engine = engine
        self._arrivals = arrivals
        self._buffer = buffer
        self._prefetch = prefetch
        self._outcomes = outcomes
        self._settler = settler
        self._free_slots = free_slots
        self._idle_pause_s = idle_pause_s
        self._clock = clock
        self._receiving: asyncio.Task[list[Delivery]] | None = None
        self._away = Outage(_log, "messages_not_received", clock)
        self.paused = False

    @property
    def trouble(self) -> str | None:
        """Why nothing can be fetched now; None when all is well."""
        reason = self._away.reason
        return None if reason is None else f"messages_not_received: {reason}"

    def pause(self) -> None:
        """Fetch nothing more until `resume`."""
        self.paused = True
        if self._receiving is not None:
            self._receiving.cancel()

    def resume(self) -> None:
        """Fetch again."""
        self.paused = False
        self._buffer.call_fetcher()

    async def run_forever(self) -> None:
        """Keep the buffer as full as it should be, until it is closed."""
        backoff = Backoff(_PAUSE_S_MIN, _PAUSE_S_MAX)
        while not self._buffer.is_closed:
            room = self._room()
            if room <= 0:
                await self._room_wanted()
                continue
            try:
                deliveries = await self._receive(room)
            except Exception as error:
                self._away.failed(error, queue=self._queue)
                if isinstance(error, QueueNotFound):
                    await self._make_queue_again()
                await self._clock.sleep(backoff.next_s())
                continue
            backoff.reset()
            self._away.over()
            if deliveries:
                await self._take_in(deliveries)
            elif self._idle_pause_s and not self.paused:
                await self._clock.sleep(self._idle_pause_s)

    def _room(self) -> int:
        """How many messages to fetch now; 0 when it is not worth it yet."""
        if self.paused or self._settler.is_full:
            return 0
        self._prefetch.update(self._clock.monotonic())
        self._buffer.refill_at = self._prefetch.refill_at
        buffered = len(self._buffer.messages)
        if buffered > self._prefetch.refill_at:
            return 0
        return min(self._free_slots() + self._prefetch.ahead - buffered, limits.BATCH_MESSAGES_MAX)

    async def _room_wanted(self) -> None:
        if self._settler.is_full:
            await self._settler.wait_for_room()
        else:
            await self._buffer.fetcher_called()

    async def _receive(self, room: int) -> list[Delivery]:
        """Up to `room` messages; none after a long wait, or when fetching was paused meanwhile."""
        self._receiving = asyncio.create_task(
            self._engine.receive(self._stored, max_messages=room, wait_s=_WAIT_S), name=f"receive:{self._queue}"
        )
        try:
            return await self._receiving
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.paused and task is not None and not task.cancelling():
                return []
            raise
        finally:
            self._receiving = None

    async def _make_queue_again(self) -> None:
        """A store that keeps nothing over a restart lost its queues with its messages: both can come in again."""
        try:
            if await self._engine.declare_again(self._stored):
                _log.warning("queue_was_lost_and_made_again", queue=self._queue)
        except Exception as error:
            self._away.failed(error, queue=self._queue)

    async def _take_in(self, deliveries: list[Delivery]) -> None:
        batch = await self._arrivals.take_in(deliveries)
        if self._buffer.is_closed:
            for held in batch:
                self._outcomes.give_back(held, 0.0)
            return
        self._prefetch.busy(self._clock.monotonic())
        self._buffer.put(batch)
