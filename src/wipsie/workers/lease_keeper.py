"""Keeps the leases of everything a worker holds, and notices when one is lost."""

from __future__ import annotations

from collections.abc import Iterable

from wipsie.kernel import limits
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidReceipt, NotFound, ReceiptExpired
from wipsie.queue.contract import VisibilityChange
from wipsie.queue.engine import QueueEngine
from wipsie.telemetry.logging import get_logger
from wipsie.workers.held import CancelReason, Held
from wipsie.workers.outage import Outage

_TICK_S_MIN = 0.05
_TICK_S_MAX = 1.0
_TICKS_PER_LEASE = 8

_log = get_logger(__name__)


class LeaseKeeper:
    """One per worker: extends each lease once half of it is gone, in batches."""

    def __init__(self, engine: QueueEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._held: set[Held] = set()
        self._shortest_lease_s = float("inf")
        self._trouble = Outage(_log, "leases_not_extended", clock)

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, held: Iterable[Held]) -> None:
        """Keep these leases from now on."""
        for one in held:
            self._held.add(one)
            self._shortest_lease_s = min(self._shortest_lease_s, one.lease_s)

    def let_go(self, held: Iterable[Held]) -> None:
        """These are settled, or lost."""
        self._held.difference_update(held)

    async def run_forever(self) -> None:
        """Extend what is due, again and again."""
        while True:
            await self._clock.sleep(max(_TICK_S_MIN, min(_TICK_S_MAX, self._shortest_lease_s / _TICKS_PER_LEASE)))
            await self.extend_due()

    async def extend_due(self) -> None:
        """Extend every lease of which half is gone. A store that cannot answer now is asked again at the next tick: a
        lease that ended still counts until somebody else receives the message."""
        now_ms = self._clock.now_ms()
        due = [held for held in self._held if held.lease_until_ms - now_ms <= held.lease_s * 500]
        for start in range(0, len(due), limits.BATCH_MESSAGES_MAX):
            batch = due[start : start + limits.BATCH_MESSAGES_MAX]
            try:
                await self._extend(batch)
            except Exception as error:
                self._trouble.failed(error, count=len(due))
                return
            self._trouble.over()

    async def _extend(self, batch: list[Held]) -> None:
        now_ms = self._clock.now_ms()
        outcomes = await self._engine.change_visibility(
            [VisibilityChange(held.delivery.queue, held.delivery.receipt, held.lease_s) for held in batch]
        )
        for held, outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                held.lease_until_ms = now_ms + int(held.lease_s * 1000)
            elif isinstance(outcome, (ReceiptExpired, InvalidReceipt, NotFound)):
                self._lost(held)
            else:
                _log.warning("lease_not_extended", message_id=held.delivery.message_id, error=outcome.message)

    def _lost(self, held: Held) -> None:
        # Settled while the extension was under way: then the receipt was used up by ourselves.
        if held not in self._held:
            return
        self._held.discard(held)
        held.lost = True
        _log.warning("lease_lost", message_id=held.delivery.message_id, queue=held.delivery.queue)
        if held.slot is not None:
            held.slot.cancel(CancelReason.LEASE_LOST, self._clock.monotonic())
