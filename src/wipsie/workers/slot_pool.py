"""The slots of one queue: so many handlers at once, each in a loop over the buffer, with time-outs kept from outside.

No task per message: a handler that never waits runs through in its slot, so a message costs microseconds; one that waits
leaves the event loop to the other slots.
"""

from __future__ import annotations

import asyncio

from wipsie.kernel.clock import Clock
from wipsie.workers.buffer import Buffer
from wipsie.workers.held import CancelReason
from wipsie.workers.prefetch import Prefetch
from wipsie.workers.runner import Runner
from wipsie.workers.settle import Settler
from wipsie.workers.slot import Slot

_MESSAGES_PER_TURN = 64
"""So often a slot of handlers that never wait lets the rest of the process have a turn."""


class SlotPool:
    """One per queue of a worker."""

    def __init__(
        self,
        *,
        queue: str,
        concurrency: int,
        cancel_grace_s: float,
        buffer: Buffer,
        runner: Runner,
        prefetch: Prefetch,
        settler: Settler,
        clock: Clock,
    ) -> None:
        """`queue`: short name. `concurrency` slots; a handler that does not end `cancel_grace_s` after its cancellation
        loses its slot. `settler` says when enough is unsettled, `prefetch` is told when nothing is left to do."""
        self.concurrency = concurrency
        self._queue = queue
        self._cancel_grace_s = cancel_grace_s
        self._buffer = buffer
        self._runner = runner
        self._prefetch = prefetch
        self._settler = settler
        self._clock = clock
        self._slots: list[Slot] = []

    def start(self) -> None:
        """Open the slots."""
        while len(self._slots) < self.concurrency:
            self._open_slot()

    def free(self) -> int:
        """How many slots run no handler."""
        return self.concurrency - self._runner.running

    def check_times(self, now: float) -> None:
        """Cancel handlers past their time, and give up on those that swallow it. `now`: monotonic seconds."""
        for slot in list(self._slots):
            if slot.held is None:
                continue
            if slot.reason is None:
                if now >= slot.deadline:
                    slot.cancel(CancelReason.TIMED_OUT, now)
            elif now >= slot.cancelled_at + self._cancel_grace_s:
                self._abandon(slot)

    def cancel_running(self) -> None:
        """Cancel every running handler; its message is given back."""
        now = self._clock.monotonic()
        for slot in self._slots:
            slot.cancel(CancelReason.DRAINED, now)

    def abandon_running(self) -> None:
        """Give up on every handler that still runs; its message is given back."""
        for slot in [slot for slot in self._slots if slot.held is not None]:
            self._abandon(slot)

    async def stop(self) -> None:
        """End the slots."""
        tasks = [slot.task for slot in self._slots if slot.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._cancel_grace_s)

    def _open_slot(self) -> None:
        slot = Slot()
        self._slots.append(slot)
        slot.task = asyncio.create_task(self._work(slot), name=f"slot:{self._queue}")

    def _abandon(self, slot: Slot) -> None:
        """Let another slot take the place of one whose handler does not stop."""
        self._slots.remove(slot)
        self._runner.abandon(slot)
        if not self._buffer.is_closed:
            self._open_slot()
            self._buffer.call_fetcher()

    async def _work(self, slot: Slot) -> None:
        """The life of a slot."""
        buffer = self._buffer
        waiting = buffer.messages
        settler = self._settler
        run = self._runner.run
        turn = 0
        while not slot.abandoned:
            if not waiting:
                await self._wait_for_work()
                turn = 0
                continue
            if turn >= _MESSAGES_PER_TURN:
                turn = 0
                # No pause: a turn for everybody else, which handlers that never wait would not give.
                await asyncio.sleep(0)
                continue
            if settler.is_full:
                await settler.wait_for_room()
                continue
            turn += 1
            await run(slot, buffer.take())
            buffer.call_fetcher_if_low()

    async def _wait_for_work(self) -> None:
        if not self._runner.running:
            self._prefetch.idle(self._clock.monotonic())
        await self._buffer.message_put()
