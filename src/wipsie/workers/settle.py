"""Settles what handlers did: first the run log, then the queue; both in batches, both busy at the same time.

    slots ── add ──► to record ──► RunLog.record ──► to act ──► delete | give back | dead-letter ──► let go

A message is acknowledged only after its run is on disk, so a task without a trace cannot happen; a worker killed between
the two leaves a message whose run log says "succeeded", and the next worker acknowledges it without running it again.
While batch n is being acknowledged, batch n + 1 is being recorded. Batches form by themselves: each takes what came while
the one before it was written. If a store does not answer, settling waits and tries again, the lease keeper keeps the
leases, and slots wait once `OUTSTANDING_MAX` messages are unsettled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from wipsie.kernel import limits
from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, InvalidReceipt, NotFound, ReceiptExpired, WipsieError
from wipsie.queue.contract import AttemptRecord, DeadLetterCause, DeadLetterOrder, VisibilityChange
from wipsie.queue.engine import QueueEngine
from wipsie.telemetry.logging import get_logger
from wipsie.workers.held import Held
from wipsie.workers.lease_keeper import LeaseKeeper
from wipsie.workers.outage import Outage
from wipsie.workers.run_log import RunLog, TaskRun
from wipsie.workers.run_record import attempts_of
from wipsie.workers.settlement import Settlement
from wipsie.workers.task_metrics import TaskMetrics
from wipsie.workers.verdict import Bury, GiveBack

OUTSTANDING_MAX = 4_000
_BATCH_MAX = limits.BATCH_MESSAGES_MAX
_PAUSE_S_MIN = 0.1
_PAUSE_S_MAX = 5.0
_NO_DEAD_LETTER_QUEUE_PAUSE_S = 300.0
"""A message that failed for good, in a queue without dead-letter queue, comes back this often."""

ResultT = TypeVar("ResultT")

_log = get_logger(__name__)


class Settler:
    """One per worker."""

    def __init__(
        self,
        engine: QueueEngine,
        run_log: RunLog,
        keeper: LeaseKeeper,
        clock: Clock,
        metrics: TaskMetrics,
        worker_id: str,
    ) -> None:
        self._engine = engine
        self._run_log = run_log
        self._keeper = keeper
        self._clock = clock
        self._metrics = metrics
        self._worker_id = worker_id
        self._to_record: list[Settlement] = []
        self._to_act: list[Settlement] = []
        self._record_wanted = asyncio.Event()
        self._act_wanted = asyncio.Event()
        self._room: asyncio.Future[None] | None = None
        self._empty: asyncio.Future[None] | None = None
        self._outages: dict[str, Outage] = {}
        self.outstanding = 0
        """Added and not yet settled."""

    @property
    def is_full(self) -> bool:
        return self.outstanding >= OUTSTANDING_MAX

    @property
    def trouble(self) -> str | None:
        """Why nothing can be settled now; None when all is well."""
        return next((f"{event}: {one.reason}" for event, one in self._outages.items() if one.reason is not None), None)

    def add(self, settlement: Settlement) -> None:
        """Hand over one result. Returns at once; the promise is kept by `run_recording` and `run_acting`."""
        self.outstanding += 1
        if settlement[1] is None:
            self._to_act.append(settlement)
            self._act_wanted.set()
        else:
            self._to_record.append(settlement)
            if not self._record_wanted.is_set():
                self._record_wanted.set()

    async def wait_for_room(self) -> None:
        """Wait while too much is unsettled."""
        while self.is_full:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    async def wait_until_empty(self) -> None:
        """Wait until everything handed over is settled."""
        while self.outstanding:
            if self._empty is None:
                self._empty = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._empty)

    async def run_recording(self) -> None:
        """Record runs, again and again."""
        while True:
            await self._record_wanted.wait()
            batch = self._to_record[:_BATCH_MAX]
            runs = [run for _, run, _, _ in batch if run is not None]
            await self._until_done(lambda runs=runs: self._run_log.record(runs), "runs_not_recorded", len(runs))
            del self._to_record[: len(batch)]
            if not self._to_record:
                self._record_wanted.clear()
            self._to_act.extend(batch)
            self._act_wanted.set()
            self._metrics.observe(batch)

    async def run_acting(self) -> None:
        """Delete, give back and dead-letter, again and again."""
        while True:
            await self._act_wanted.wait()
            batch = self._to_act[:_BATCH_MAX]
            await self._act(batch)
            del self._to_act[: len(batch)]
            if not self._to_act:
                self._act_wanted.clear()
            self._keeper.let_go([settlement[0] for settlement in batch])
            self.outstanding -= len(batch)
            if self._room is not None and not self.is_full:
                self._room.set_result(None)
                self._room = None
            if self._empty is not None and not self.outstanding:
                self._empty.set_result(None)
                self._empty = None

    async def _act(self, batch: Sequence[Settlement]) -> None:
        deletes: list[Held] = []
        returns: list[tuple[Held, GiveBack]] = []
        burials: list[tuple[Held, TaskRun | None, Bury]] = []
        for held, run, action, _ in batch:
            if held.lost:
                continue
            if action is None:
                deletes.append(held)
            elif isinstance(action, GiveBack):
                returns.append((held, action))
            else:
                burials.append((held, run, action))
        if deletes and not returns and not burials:
            await self._delete(deletes)
            return
        async with asyncio.TaskGroup() as group:
            if deletes:
                group.create_task(self._delete(deletes))
            if returns:
                group.create_task(self._give_back(returns))
            if burials:
                group.create_task(self._bury(burials))

    async def _delete(self, batch: list[Held]) -> None:
        receipts = [(held.delivery.queue, held.delivery.receipt) for held in batch]
        outcomes = await self._until_done(
            lambda: self._engine.delete(receipts), "messages_not_acknowledged", len(batch)
        )
        for held, outcome in zip(batch, outcomes, strict=True):
            if outcome is not None:
                self._refused("delete", held, outcome)

    async def _give_back(self, batch: list[tuple[Held, GiveBack]]) -> None:
        # A queue that counts every receive gets the message back all the same.
        may_undo = self._engine.capabilities.undo_receive
        changes = [
            VisibilityChange(
                held.delivery.queue,
                held.delivery.receipt,
                action.delay_s,
                release=True,
                undo_receive=may_undo and not action.counted,
            )
            for held, action in batch
        ]
        outcomes = await self._until_done(
            lambda: self._engine.change_visibility(changes), "messages_not_given_back", len(batch)
        )
        for (held, _), outcome in zip(batch, outcomes, strict=True):
            if outcome is not None:
                self._refused("give_back", held, outcome)

    async def _bury(self, batch: list[tuple[Held, TaskRun | None, Bury]]) -> None:
        attempts = await self._attempts_of(batch)
        orders = [
            DeadLetterOrder(
                held.delivery.queue,
                held.delivery.receipt,
                DeadLetterCause(
                    code=action.code,
                    reason=action.reason,
                    traceback=action.traceback,
                    worker=self._worker_id,
                    attempts=attempts[index],
                ),
            )
            for index, (held, _, action) in enumerate(batch)
        ]
        outcomes = await self._until_done(
            lambda: self._engine.dead_letter(orders), "messages_not_dead_lettered", len(batch)
        )
        homeless: list[tuple[Held, GiveBack]] = []
        for (held, run, action), outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                self._metrics.dead_lettered(run.queue if run is not None else held.delivery.queue, action.code)
            elif isinstance(outcome, Conflict) and not isinstance(outcome, ReceiptExpired):
                # Without a dead-letter queue the message stays; what it must not do is come back at once, for ever.
                _log.error("no_dead_letter_queue", message_id=held.delivery.message_id, error=outcome.message)
                homeless.append((held, GiveBack(_NO_DEAD_LETTER_QUEUE_PAUSE_S)))
            else:
                self._refused("dead_letter", held, outcome)
        if homeless:
            await self._give_back(homeless)

    async def _attempts_of(self, batch: list[tuple[Held, TaskRun | None, Bury]]) -> list[tuple[AttemptRecord, ...]]:
        """The failed tries of each message: from the run log where there were earlier ones."""
        earlier = [held.delivery.message_id for held, _, _ in batch if held.delivery.receive_count > 1]
        runs_of = (
            await self._until_done(lambda: self._run_log.runs_of_many(earlier), "attempts_not_read", len(earlier))
            if earlier
            else {}
        )
        return [
            attempts_of(runs_of.get(held.delivery.message_id) or ([run] if run is not None else []))
            for held, run, _ in batch
        ]

    def _refused(self, verb: str, held: Held, outcome: WipsieError) -> None:
        expected = isinstance(outcome, (ReceiptExpired, InvalidReceipt, NotFound))
        log = _log.warning if expected else _log.error
        # The message was delivered again or purged: another delivery settles it, nothing is left to do for this one.
        log(
            "message_not_settled",
            verb=verb,
            message_id=held.delivery.message_id,
            queue=held.delivery.queue,
            code=outcome.code,
            error=outcome.message,
        )

    async def _until_done(self, call: Callable[[], Awaitable[ResultT]], event: str, count: int) -> ResultT:
        """Call until it does not raise, with growing pauses."""
        backoff = Backoff(_PAUSE_S_MIN, _PAUSE_S_MAX)
        while True:
            try:
                result = await call()
            except Exception as error:
                outage = self._outages.get(event)
                if outage is None:
                    outage = self._outages[event] = Outage(_log, event, self._clock)
                outage.failed(error, count=count)
                await self._clock.sleep(backoff.next_s())
            else:
                if event in self._outages:
                    self._outages[event].over()
                return result
