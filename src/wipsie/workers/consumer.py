"""Takes the messages of one queue and runs their handlers in a fixed number of slots.

One task fetches into a buffer, `concurrency` slots loop over it: no task per message. A handler that never waits runs
through in its slot, so a message costs microseconds; one that waits leaves the loop to the other slots.

How much to fetch follows from what was measured (`prefetch.py`): a queue of slow handlers takes just what it has free slots
for, so that other workers get the rest; a queue of quick ones takes hundreds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Any

from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel import limits
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import QueueNotFound
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.contract import Delivery
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import StandardMessage
from wipsie.telemetry.correlation import reset, set_ids
from wipsie.telemetry.logging import get_logger
from wipsie.workers import run_log as runs
from wipsie.workers.gates import Entry, Gates
from wipsie.workers.handler import TaskContext, TaskServices
from wipsie.workers.held import CancelReason, Held
from wipsie.workers.lease_keeper import LeaseKeeper
from wipsie.workers.outage import Outage
from wipsie.workers.prefetch import Prefetch
from wipsie.workers.results import result_text
from wipsie.workers.route import Route
from wipsie.workers.run_log import RunLog, TaskRun
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.settle import Settler
from wipsie.workers.shared_rates import SharedRates
from wipsie.workers.slot import Slot
from wipsie.workers.task_decoder import TaskDecoder, Undeliverable
from wipsie.workers.verdict import Action, Bury, GiveBack, HandlerTimedOut, clean, judge

_WAIT_S = 20.0
_MESSAGES_PER_TURN = 64
"""So often a slot of handlers that never wait lets the rest of the process have a turn."""
_ASIDE_FULL_PAUSE_S = 1.0
_RUN_LOG_PAUSE_S = 5.0
_FETCH_PAUSE_S_MIN = 0.2
_FETCH_PAUSE_S_MAX = 10.0
_UNKNOWN = "unknown"
_RESERVED_MS = 1

_log = get_logger(__name__)


class Consumer:
    """One queue of one worker."""

    def __init__(
        self,
        *,
        queue: str,
        stored: QueueName,
        engine: QueueEngine,
        decoder: TaskDecoder,
        settler: Settler,
        keeper: LeaseKeeper,
        run_log: RunLog,
        services: TaskServices,
        clock: Clock,
        settings: WorkerSettings,
        worker_id: str,
        shared: SharedStore | None = None,
    ) -> None:
        """`queue` is the short name, `stored` the name the engine knows. With a `shared` store rate limits hold over all
        processes, else in this one."""
        self.queue = queue
        self.concurrency = settings.concurrency_of(queue)
        self._stored = stored
        self._engine = engine
        self._decode = decoder.decode
        self._settler = settler
        self._keeper = keeper
        self._run_log = run_log
        self._services = services
        self._clock = clock
        self._settings = settings
        self._worker_id = worker_id
        self._retry = settings.retry_of(queue)
        self._gates = Gates(settings.aside_max)
        self._shared_rates = SharedRates(shared, queue=queue, clock=clock) if shared is not None else None
        self._counts_receives = engine.capabilities.undo_receive
        self._buffer: deque[Held] = deque()
        self._slots: list[Slot] = []
        self._idle_slots: list[asyncio.Future[None]] = []
        self._running = 0
        self._stopping = False
        self._paused = False
        self._fetcher: asyncio.Future[None] | None = None
        self._receiving: asyncio.Task[list[Delivery]] | None = None
        self._all_ended: asyncio.Future[None] | None = None
        self._prefetch = Prefetch(self.concurrency, settings.prefetch_max)
        self._queue_away = Outage(_log, "messages_not_received", clock)
        self._runs_away = Outage(_log, "earlier_runs_not_read", clock)

    # ------------------------------------------------------------------------------------------------------- steering

    def start(self) -> None:
        """Open the slots. Messages come once `fetch_forever` runs."""
        while len(self._slots) < self.concurrency:
            self._open_slot()

    def pause(self) -> None:
        """Fetch nothing more until `resume`; what was fetched is still run."""
        self._paused = True
        if self._receiving is not None:
            self._receiving.cancel()

    def resume(self) -> None:
        """Fetch again."""
        self._paused = False
        self._wake_fetcher()

    def give_back_unstarted(self) -> int:
        """Return everything not yet running at once, uncounted, and start nothing more; returns how many."""
        self._stopping = True
        unstarted = [*self._buffer, *self._gates.take_all()]
        self._buffer.clear()
        for held in unstarted:
            # Keys held by those aside need no freeing: nothing starts here any more.
            self._give_back(held, 0.0)
        return len(unstarted)

    async def wait_until_idle(self) -> None:
        """Wait until no handler runs; only after `give_back_unstarted`."""
        while self._running:
            if self._all_ended is None:
                self._all_ended = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._all_ended)

    def cancel_running(self) -> None:
        """Cancel every running handler; its message is returned at once, uncounted."""
        now = self._clock.monotonic()
        for slot in self._slots:
            slot.cancel(CancelReason.DRAINED, now)

    def abandon_running(self) -> None:
        """Give up on handlers that swallow their cancellation; their messages are returned."""
        for slot in [slot for slot in self._slots if slot.held is not None]:
            self._abandon(slot)

    async def stop(self) -> None:
        """End the slots."""
        self._stopping = True
        tasks = [slot.task for slot in self._slots if slot.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.cancel_grace_s)

    def check_slots(self, now: float) -> None:
        """Cancel handlers past their time, and give up on those that swallow it. `now`: monotonic seconds."""
        for slot in list(self._slots):
            if slot.held is None:
                continue
            if slot.reason is None:
                if now >= slot.deadline:
                    slot.cancel(CancelReason.TIMED_OUT, now)
            elif now >= slot.cancelled_at + self._settings.cancel_grace_s:
                self._abandon(slot)

    @property
    def running(self) -> int:
        """Handlers running now."""
        return self._running

    @property
    def trouble(self) -> str | None:
        """Why nothing can be fetched now; None when all is well."""
        reason = self._queue_away.reason
        return None if reason is None else f"messages_not_received: {reason}"

    def status(self) -> dict[str, int | bool]:
        """Numbers for health pages."""
        return {
            "slots": self.concurrency,
            "running": self._running,
            "buffered": len(self._buffer),
            "aside": self._gates.aside,
            "prefetch": self._prefetch.ahead,
            "paused": self._paused,
        }

    # ------------------------------------------------------------------------------------------------------- fetching

    async def fetch_forever(self) -> None:
        """Keep the buffer as full as it should be."""
        pause_s = _FETCH_PAUSE_S_MIN
        while not self._stopping:
            room = self._room()
            if room <= 0:
                await self._room_wanted()
                continue
            try:
                deliveries = await self._receive(room)
            except Exception as error:
                self._queue_away.failed(error, queue=self.queue)
                if isinstance(error, QueueNotFound):
                    await self._make_queue_again()
                await self._clock.sleep(pause_s)
                pause_s = min(pause_s * 2, _FETCH_PAUSE_S_MAX)
                continue
            pause_s = _FETCH_PAUSE_S_MIN
            self._queue_away.over()
            if deliveries:
                await self._admit(deliveries)

    async def _make_queue_again(self) -> None:
        """A store that keeps nothing over a restart lost its queues with its messages: both can come in again."""
        try:
            if await self._engine.declare_again(self._stored):
                _log.warning("queue_was_lost_and_made_again", queue=self.queue)
        except Exception as error:
            self._queue_away.failed(error, queue=self.queue)

    async def _receive(self, room: int) -> list[Delivery]:
        """Up to `room` messages; none after a long wait, or when the consumer was paused meanwhile."""
        self._receiving = asyncio.create_task(
            self._engine.receive(self._stored, max_messages=room, wait_s=_WAIT_S), name=f"receive:{self.queue}"
        )
        try:
            return await self._receiving
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._paused and task is not None and not task.cancelling():
                return []
            raise
        finally:
            self._receiving = None

    def _room(self) -> int:
        """How many messages to fetch now; 0 when it is not worth it yet."""
        if self._paused or self._settler.is_full:
            return 0
        self._prefetch.update(self._clock.monotonic())
        buffered = len(self._buffer)
        if buffered > self._prefetch.refill_at:
            return 0
        return min(self.concurrency - self._running + self._prefetch.ahead - buffered, limits.BATCH_MESSAGES_MAX)

    async def _room_wanted(self) -> None:
        if self._settler.is_full:
            await self._settler.wait_for_room()
            return
        self._fetcher = asyncio.get_running_loop().create_future()
        await self._fetcher

    def _wake_fetcher(self) -> None:
        fetcher = self._fetcher
        if fetcher is not None:
            self._fetcher = None
            if not fetcher.done():
                fetcher.set_result(None)

    async def _admit(self, deliveries: list[Delivery]) -> None:
        # The messages of one receive were leased together, for the same time.
        lease_s = max(0.001, (deliveries[0].lease_until_ms - deliveries[0].received_at_ms) / 1000)
        batch = [Held(delivery, lease_s) for delivery in deliveries]
        self._keeper.hold(batch)
        again = [held for held in batch if held.delivery.receive_count > 1]
        if again:
            batch = await self._without_done(batch, again)
        if self._stopping:
            for held in batch:
                self._give_back(held, 0.0)
            return
        self._buffer.extend(batch)
        self._prefetch.busy(self._clock.monotonic())
        self._wake_slots(len(batch))

    async def _without_done(self, batch: list[Held], again: list[Held]) -> list[Held]:
        """Acknowledge those whose run log says that they succeeded before; the others, with their attempt number."""
        ids = [held.delivery.message_id for held in again]
        try:
            done = await self._run_log.succeeded(ids)
            tries = {} if self._counts_receives else await self._run_log.tries_of(ids)
        except Exception as error:
            self._runs_away.failed(error, queue=self.queue, count=len(again))
            for held in again:
                self._give_back(held, _RUN_LOG_PAUSE_S)
            unknown = set(again)
            return [held for held in batch if held not in unknown]
        self._runs_away.over()
        if not self._counts_receives:
            for held in again:
                # This queue counts also what was given back untried; the run log has the tries only.
                held.attempt = tries.get(held.delivery.message_id, 0) + 1
        if not done:
            return batch
        left: list[Held] = []
        for held in batch:
            if held.delivery.message_id in done and held.delivery.receive_count > 1:
                self._settler.add((held, None, None, _UNKNOWN))
            else:
                left.append(held)
        return left

    # ---------------------------------------------------------------------------------------------------------- slots

    def _open_slot(self) -> None:
        slot = Slot()
        self._slots.append(slot)
        slot.task = asyncio.create_task(self._work(slot), name=f"slot:{self.queue}")

    def _wake_slots(self, count: int) -> None:
        idle = self._idle_slots
        while count and idle:
            waiter = idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    async def _work(self, slot: Slot) -> None:
        """The life of a slot."""
        buffer = self._buffer
        settler = self._settler
        prefetch = self._prefetch
        turn = 0
        while not slot.abandoned:
            if not buffer:
                await self._wait_for_work()
                turn = 0
                continue
            if turn >= _MESSAGES_PER_TURN:
                turn = 0
                await asyncio.sleep(0)
                continue
            if settler.is_full:
                await settler.wait_for_room()
                continue
            turn += 1
            held = buffer.popleft()
            # Before the handler starts, or a slow one would keep the free slots waiting for messages.
            if self._fetcher is not None and len(buffer) <= prefetch.refill_at:
                self._wake_fetcher()
            if held.lost:
                self._drop(held)
            else:
                await self._handle(slot, held)
            if self._fetcher is not None and len(buffer) <= prefetch.refill_at:
                self._wake_fetcher()

    async def _wait_for_work(self) -> None:
        if not self._running:
            self._prefetch.idle(self._clock.monotonic())
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle_slots.append(waiter)
        await waiter

    async def _handle(self, slot: Slot, held: Held) -> None:
        delivery = held.delivery
        clock = self._clock
        try:
            route, message = self._decode(delivery)
        except Undeliverable as refusal:
            self._refuse(held, refusal)
            return
        if route.guarded and not self._may_run(held, route, message):
            return
        if route.limiter is not None and self._shared_rates is not None:
            task_type, limit = route.spec.task_type, route.limiter.limit
            if not await self._turn_comes(held, self._shared_rates.ask(task_type, limit)):
                return
        correlation_id = message.correlation_id or delivery.message_id
        context = TaskContext(
            delivery=delivery,
            queue=self.queue,
            attempt=held.attempt,
            worker=self._worker_id,
            correlation_id=correlation_id,
            services=self._services,
        )
        ids = set_ids(message.request_id, correlation_id)
        started_at_ms = clock.now_ms()
        started = clock.monotonic()
        slot.begin(held, route, started_at_ms, started + route.timeout_s)
        self._running += 1
        failure: BaseException | None = None
        result: str | None = None
        try:
            returned = await route.function(message, context)
            if returned is not None:
                result = result_text(returned)
        except GeneratorExit:
            raise
        except BaseException as error:  # a handler that calls sys.exit() fails its message, not the worker
            failure = error
        try:
            if slot.abandoned:
                return
            reason = slot.reason
            slot.end()
            self._end_run(held, route)
            if failure is None and reason is not CancelReason.LEASE_LOST and not held.lost:
                run_s = clock.monotonic() - started
                wait_ms = started_at_ms - delivery.waiting_since_ms
                run = TaskRun(
                    delivery.message_id,
                    self.queue,
                    message.task_type,
                    held.attempt,
                    runs.SUCCEEDED,
                    self._worker_id,
                    wait_ms if wait_ms > 0 else 0,
                    started_at_ms,
                    started_at_ms + int(run_s * 1000),
                    round(run_s * 1000, 3),
                    result,
                    None,
                    None,
                    correlation_id,
                )
                self._settler.add((held, run, None, route.spec.task_type))
                return
            self._failed(held, route, message.task_type, correlation_id, failure, reason, started_at_ms)
            if isinstance(failure, asyncio.CancelledError) and reason is None and self._stopping:
                raise failure
        finally:
            # After the outcome: what is logged of a failure carries the ids too.
            reset(ids)

    def _end_run(self, held: Held, route: Route) -> None:
        self._running -= 1
        self._prefetch.finished()
        if route.guarded:
            freed = self._gates.leave(held)
            if freed:
                self._buffer.extendleft(reversed(freed))
                self._wake_slots(len(freed))
        self._tell_when_idle()

    def _tell_when_idle(self) -> None:
        if self._all_ended is not None and not self._running:
            self._all_ended.set_result(None)
            self._all_ended = None

    def _may_run(self, held: Held, route: Route, message: StandardMessage[Any]) -> bool:
        """Ask the gates and the rate limit; what may not run now is aside or given back."""
        try:
            entry = self._gates.enter(held, route, message)
        except Exception as error:
            self._leave(held)
            self._failed(held, route, message.task_type, message.correlation_id, error, None, self._clock.now_ms())
            return False
        if entry is Entry.ASIDE:
            return False
        if entry is Entry.FULL:
            self._leave(held)
            self._give_back(held, _ASIDE_FULL_PAUSE_S)
            return False
        if route.limiter is not None and self._shared_rates is None:
            pause_s = route.limiter.try_start(self._clock.monotonic())
            if pause_s > 0:
                self._send_away(held, pause_s)
                return False
        return True

    async def _turn_comes(self, held: Held, pause: Awaitable[float]) -> bool:
        """Wait for the answer of those who share the rate limit; what may not run now is given back."""
        # A drain waits for the answer, or the message would be neither running nor given back.
        self._running += 1
        try:
            pause_s = await pause
            if held.lost:
                self._drop(held)
                return False
            if self._stopping or pause_s > 0:
                self._send_away(held, 0.0 if self._stopping else pause_s)
                return False
            return True
        finally:
            self._running -= 1
            self._tell_when_idle()

    def _send_away(self, held: Held, pause_s: float) -> None:
        self._leave(held)
        # Rounded up: a message that comes back a moment too early is sent away a second time.
        self._give_back(held, pause_s + _RESERVED_MS / 1000)

    def _leave(self, held: Held) -> None:
        freed = self._gates.leave(held)
        if freed:
            self._buffer.extendleft(reversed(freed))
            self._wake_slots(len(freed))

    # ------------------------------------------------------------------------------------------------------- outcomes

    def _drop(self, held: Held) -> None:
        """Its lease is lost: somebody else has the message."""
        self._leave(held)
        self._keeper.let_go((held,))

    def _give_back(self, held: Held, delay_s: float) -> None:
        self._settler.add((held, None, GiveBack(delay_s, counted=False), _UNKNOWN))

    def _refuse(self, held: Held, refusal: Undeliverable) -> None:
        """No handler can take it."""
        now_ms = self._clock.now_ms()
        _log.warning(
            "task_refused",
            queue=self.queue,
            message_id=held.delivery.message_id,
            correlation_id=refusal.correlation_id,
            code=refusal.code,
            reason=clean(refusal.reason),
        )
        error = f"{refusal.code}: {refusal.reason}"
        run = self._run(held, refusal.task_type, refusal.correlation_id, now_ms, runs.REJECTED, error, None)
        self._settler.add((held, run, Bury(refusal.code, clean(refusal.reason)), _UNKNOWN))

    def _failed(
        self,
        held: Held,
        route: Route,
        task_type: str,
        correlation_id: str | None,
        failure: BaseException | None,
        reason: CancelReason | None,
        started_at_ms: int,
    ) -> None:
        delivery = held.delivery
        if reason is CancelReason.LEASE_LOST or held.lost:
            _log.warning("task_dropped", queue=self.queue, task_type=task_type, message_id=delivery.message_id)
            self._keeper.let_go((held,))
            return
        cancelled = isinstance(failure, asyncio.CancelledError)
        if cancelled and (reason is CancelReason.DRAINED or (reason is None and self._stopping)):
            self._give_back(held, 0.0)
            return
        if failure is None or reason is CancelReason.TIMED_OUT:
            timed_out = HandlerTimedOut(f"the handler ran longer than {route.timeout_s:g} s and was cancelled")
            failure = timed_out.with_traceback(failure.__traceback__ if failure is not None else None)
        verdict = judge(failure, held.attempt, route.retry)
        if verdict.status is None:
            self._settler.add((held, None, verdict.action, route.spec.task_type))
            return
        action: Action = verdict.action
        _log.warning(
            "task_failed",
            queue=self.queue,
            task_type=task_type,
            message_id=delivery.message_id,
            correlation_id=correlation_id,
            attempt=held.attempt,
            status=verdict.status,
            error=verdict.error,
            retry_in_s=action.delay_s if isinstance(action, GiveBack) else None,
        )
        run = self._run(
            held, task_type, correlation_id, started_at_ms, verdict.status, verdict.error, verdict.traceback
        )
        self._settler.add((held, run, action, route.spec.task_type))

    def _run(
        self,
        held: Held,
        task_type: str,
        correlation_id: str | None,
        started_at_ms: int,
        status: str,
        error: str,
        traceback: str | None,
    ) -> TaskRun:
        finished_at_ms = max(started_at_ms, self._clock.now_ms())
        return TaskRun(
            message_id=MessageId(held.delivery.message_id),
            queue=self.queue,
            task_type=clean(task_type),
            attempt=held.attempt,
            status=status,
            worker=self._worker_id,
            wait_ms=max(0, started_at_ms - held.delivery.waiting_since_ms),
            started_at_ms=started_at_ms,
            finished_at_ms=finished_at_ms,
            run_ms=float(finished_at_ms - started_at_ms),
            error=clean(error),
            traceback=traceback,
            correlation_id=clean(correlation_id) if correlation_id is not None else held.delivery.message_id,
        )

    def _abandon(self, slot: Slot) -> None:
        """The handler swallowed its cancellation: settle without it and let another slot take the place."""
        held, route, reason = slot.held, slot.route, slot.reason
        if held is None or route is None:
            return
        slot.abandoned = True
        held.slot = None
        self._slots.remove(slot)
        _log.error(
            "handler_does_not_stop",
            queue=self.queue,
            task_type=route.spec.task_type,
            message_id=held.delivery.message_id,
            advice="let asyncio.CancelledError pass, and run blocking work with context.run_cpu",
        )
        self._end_run(held, route)
        failure = asyncio.CancelledError() if reason is not CancelReason.TIMED_OUT else None
        self._failed(held, route, route.spec.task_type, None, failure, reason, slot.started_at_ms)
        if not self._stopping:
            self._open_slot()
            self._wake_fetcher()
