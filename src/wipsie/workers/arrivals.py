"""Takes received messages into a worker's hands: their leases are kept from here on, and what is done already is not run.

A message that comes again may have succeeded before, in a worker that died between recording that and acknowledging it.
The run log knows.
"""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel.clock import Clock
from wipsie.queue.contract import Delivery
from wipsie.telemetry.logging import get_logger
from wipsie.workers.held import Held
from wipsie.workers.lease_keeper import LeaseKeeper
from wipsie.workers.outage import Outage
from wipsie.workers.outcomes import Outcomes
from wipsie.workers.run_log import RunLog

_RUN_LOG_PAUSE_S = 5.0
_LEASE_S_MIN = 0.001

_log = get_logger(__name__)


class Arrivals:
    """One per queue of a worker."""

    def __init__(
        self,
        *,
        queue: str,
        keeper: LeaseKeeper,
        run_log: RunLog,
        outcomes: Outcomes,
        counts_tries_only: bool,
        clock: Clock,
    ) -> None:
        """`queue`: short name. `counts_tries_only`: the queue takes back its count of a receive that was no try."""
        self._queue = queue
        self._keeper = keeper
        self._run_log = run_log
        self._outcomes = outcomes
        self._counts_tries_only = counts_tries_only
        self._runs_away = Outage(_log, "earlier_runs_not_read", clock)

    async def take_in(self, deliveries: Sequence[Delivery]) -> list[Held]:
        """Hold the messages of one receive; gives those to be run, each with the number of its try."""
        # They were leased together, for the same time.
        lease_s = max(_LEASE_S_MIN, (deliveries[0].lease_until_ms - deliveries[0].received_at_ms) / 1000)
        batch = [Held(delivery, lease_s) for delivery in deliveries]
        self._keeper.hold(batch)
        again = [held for held in batch if held.delivery.receive_count > 1]
        return await self._without_done(batch, again) if again else batch

    async def _without_done(self, batch: list[Held], again: list[Held]) -> list[Held]:
        """Acknowledge those whose run log says that they succeeded before; the others, with their attempt number."""
        ids = [held.delivery.message_id for held in again]
        try:
            done = await self._run_log.succeeded(ids)
            tries = {} if self._counts_tries_only else await self._run_log.tries_of(ids)
        except Exception as error:
            self._runs_away.failed(error, queue=self._queue, count=len(again))
            for held in again:
                self._outcomes.give_back(held, _RUN_LOG_PAUSE_S)
            unknown = set(again)
            return [held for held in batch if held not in unknown]
        self._runs_away.over()
        if not self._counts_tries_only:
            for held in again:
                # This queue counts also what was given back untried; the run log has the tries only.
                held.attempt = tries.get(held.delivery.message_id, 0) + 1
        if not done:
            return batch
        left: list[Held] = []
        for held in batch:
            if held.delivery.message_id in done and held.delivery.receive_count > 1:
                self._outcomes.done_before(held)
            else:
                left.append(held)
        return left
