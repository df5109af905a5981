"""Redrive as a piece of work: many bounded steps, at a chosen rate, that can be watched and cancelled."""

from __future__ import annotations

import math

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueBackend, RedriveFilter

STEP_MESSAGES_MAX = 100


class RedriveReport(msgspec.Struct, frozen=True):
    """What a redrive did."""

    moved: int
    skipped: int
    cancelled: bool


class Redrive:
    """One run over a dead-letter queue. What was moved stays moved, whatever happens to the rest."""

    def __init__(
        self,
        backend: QueueBackend,
        queue: QueueName,
        *,
        clock: Clock,
        destination: QueueName | None,
        matching: RedriveFilter | None,
        messages_max: int | None,
        rate_per_s: float | None,
        after_sequence_number: int = 0,
    ) -> None:
        """`after_sequence_number`: the `position` an earlier run came to. InvalidInput for a negative bound, a rate that is not above zero, or a destination that is the queue itself."""
        _check(queue, destination, messages_max, rate_per_s)
        self._backend = backend
        self._queue = queue
        self._clock = clock
        self._destination = destination
        self._matching = matching
        self._messages_max = messages_max
        self._rate_per_s = rate_per_s
        self._cancelled = False
        self.moved = 0
        self.skipped = 0
        self.position: int | None = after_sequence_number
        """Where the next step goes on; None when the queue was seen to its end. Another run may go on from here, also after a
        crash: what moved meanwhile is not there any more."""

    def cancel(self) -> None:
        """Stop after the step under way."""
        self._cancelled = True

    async def step(self) -> float:
        """Move one bounded number of messages; returns the seconds to wait before the next, to keep the rate. QueueNotFound."""
        limit = self._step_size()
        if limit == 0 or self.position is None:
            self.position = None
            return 0.0
        step = await self._backend.redrive(
            self._queue,
            destination=self._destination,
            matching=self._matching,
            limit=limit,
            after_sequence_number=self.position,
        )
        self.moved += step.moved
        self.skipped += step.skipped
        self.position = step.next_sequence_number
        if self._rate_per_s is None or self.position is None:
            return 0.0
        return step.moved / self._rate_per_s

    async def run(self) -> RedriveReport:
        """Move until the queue was seen to its end, `messages_max` were moved, or `cancel`. QueueNotFound."""
        while self.position is not None and not self._cancelled:
            pause_s = await self.step()
            if pause_s:
                await self._clock.sleep(pause_s)
        return RedriveReport(moved=self.moved, skipped=self.skipped, cancelled=self._cancelled)

    def _step_size(self) -> int:
        limit = STEP_MESSAGES_MAX
        if self._rate_per_s is not None:
            # Steps of about a tenth of a second keep the rate even and a cancel quick.
            limit = max(1, min(limit, int(self._rate_per_s / 10)))
        if self._messages_max is not None:
            limit = min(limit, self._messages_max - self.moved)
        return limit


def _check(queue: QueueName, destination: QueueName | None, messages_max: int | None, rate_per_s: float | None) -> None:
    if messages_max is not None and messages_max < 0:
        raise InvalidInput("messages_max must be 0 or more.", details={"field": "messages_max", "value": messages_max})
    if rate_per_s is not None and not (math.isfinite(rate_per_s) and rate_per_s > 0):
        raise InvalidInput("rate_per_s must be a number above 0.", details={"field": "rate_per_s"})
    if destination == queue:
        # Each message would go to the end of the queue and be found there again, for ever.
        raise InvalidInput(
            f"The messages of '{queue}' cannot be moved to '{queue}' itself; choose another destination.",
            details={"field": "destination", "queue_name": queue},
        )
