"""One queue on its way: batch by batch, with another try after every failure that may pass."""

from __future__ import annotations

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import TooManyRequests, Unavailable, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.transfer.destination import TransferDestination
from wipsie.queue.transfer.source import Item, TransferSource

BATCH_MESSAGES_MAX = 250
BATCH_BYTES = 8 * 1024 * 1024
"""Batches become smaller when messages are large."""
ARRIVALS_MAX = 100_000
"""Most messages moved beyond those that were there at the start: a sender faster than the move would never let it end."""
FAILURES_MAX = 10
"""So many failures in a row end the run; with the pauses between them about three quarters of a minute."""
_FIRST_BATCH = 50
_BACK_OFF_S_MAX = 5.0


class Drain:
    """Moves the messages of one queue. `moved` of `total` are done; both may be read while `run` runs."""

    def __init__(
        self,
        queue: QueueName,
        source: TransferSource,
        destination: TransferDestination,
        *,
        clock: Clock,
        transfer: str,
        total: int,
        batch_messages_max: int,
    ) -> None:
        self.queue = queue
        self.total = total
        self.moved = 0
        self.finished = False
        """The source had no more."""
        self._source = source
        self._destination = destination
        self._clock = clock
        self._transfer = transfer
        self._batch_messages_max = batch_messages_max
        self._size = min(_FIRST_BATCH, batch_messages_max)
        self._cancelled = False
        self._arrived: set[str] | None = None
        """Keys at the destination that may still be in the source; None: ask the destination."""

    def cancel(self) -> None:
        """End after the batch under way."""
        self._cancelled = True

    async def run(self) -> None:
        """Move until the source has no more, or `cancel`. Raises the destination's refusal of a message, Unavailable after
        `FAILURES_MAX` failures in a row, Conflict."""
        failures = 0
        while not self._cancelled and not self.finished and self.moved < self.total + ARRIVALS_MAX:
            try:
                await self._step()
                failures = 0
            except (Unavailable, TooManyRequests) as error:
                failures += 1
                if failures > FAILURES_MAX:
                    raise
                # What became of the last batch is not known: ask again.
                self._arrived = None
                wait_s = error.retry_after_s if error.retry_after_s is not None else 2.0 ** (failures - 4)
                await self._clock.sleep(min(wait_s, _BACK_OFF_S_MAX))

    async def _step(self) -> None:
        if self._arrived is None:
            arrived = await self._destination.open(self.queue, self._transfer)
            self._arrived = await self._source.resume(self.queue, arrived)
        items = await self._source.next_batch(self.queue, self._size)
        if not items:
            if not self._arrived:
                await self._destination.close(self.queue)
            self.finished = True
            return
        await self._move(items, self._arrived)
        self._adapt(items)

    async def _move(self, items: list[Item], arrived: set[str]) -> None:
        fresh = [item for item in items if item.key not in arrived]
        refusal: WipsieError | None = None
        if fresh:
            outcomes = await self._destination.deliver(self.queue, fresh, arrived)
            accepted = {item.key for item, outcome in zip(fresh, outcomes, strict=True) if outcome is None}
            refusals = ((item, outcome) for item, outcome in zip(fresh, outcomes, strict=True) if outcome is not None)
            refusal = next((_told(item, outcome) for item, outcome in refusals), None)
            arrived |= accepted
            self.moved += len(accepted)
        leaving = [item for item in items if item.key in arrived]
        if leaving:
            arrived -= await self._source.remove(self.queue, leaving)
        if refusal is not None:
            raise refusal

    def _adapt(self, items: list[Item]) -> None:
        """Choose the size of the next batch: bounded in messages and bytes, and growing step by step, for nobody knows how
        large the next messages are."""
        average = max(1, sum(len(item.message.body) for item in items) // len(items))
        self._size = max(1, min(self._batch_messages_max, BATCH_BYTES // average, self._size * 2))


def _told(item: Item, refusal: WipsieError) -> WipsieError:
    """The refusal with the message it is about."""
    message = item.message
    return type(refusal)(
        f"The message {message.message_id} of '{message.queue}' could not be moved: {refusal.message}",
        details={**refusal.details, "queue_name": message.queue, "message_id": message.message_id},
        retry_after_s=refusal.retry_after_s,
    )
