"""Runs one message through its handler, from decoding to the outcome.

Tens of thousands of messages a second take this path: it makes no task, and most of them wait for nothing but their handler.
"""

from __future__ import annotations

import asyncio

from wipsie.kernel.clock import Clock
from wipsie.telemetry.correlation import reset, set_ids
from wipsie.telemetry.logging import get_logger
from wipsie.workers.admission import Admission
from wipsie.workers.buffer import Buffer
from wipsie.workers.handler import TaskContext, TaskServices
from wipsie.workers.held import CancelReason, Held
from wipsie.workers.outcomes import Outcomes
from wipsie.workers.prefetch import Prefetch
from wipsie.workers.results import result_text
from wipsie.workers.route import Route
from wipsie.workers.slot import Slot
from wipsie.workers.task_decoder import TaskDecoder, Undeliverable

_log = get_logger(__name__)


class Runner:
    """One per queue of a worker."""

    def __init__(
        self,
        *,
        queue: str,
        worker_id: str,
        decoder: TaskDecoder,
        admission: Admission,
        outcomes: Outcomes,
        prefetch: Prefetch,
        buffer: Buffer,
        services: TaskServices,
        clock: Clock,
    ) -> None:
        """`queue`: short name. `prefetch` is told of every end, `buffer` says whether the worker is being stopped."""
        self._queue = queue
        self._worker_id = worker_id
        self._decode = decoder.decode
        self._admission = admission
        self._outcomes = outcomes
        self._prefetch = prefetch
        self._buffer = buffer
        self._services = services
        self._clock = clock
        self._all_ended: asyncio.Future[None] | None = None
        self.running = 0
        """Handlers running now."""

    async def run(self, slot: Slot, held: Held) -> None:
        """Run the handler of a message in a slot. Raises only the cancellation of the slot itself."""
        if held.lost:
            self._admission.lost(held)
            return
        delivery = held.delivery
        clock = self._clock
        try:
            route, message = self._decode(delivery)
        except Undeliverable as refusal:
            self._outcomes.refused(held, refusal)
            return
        if route.guarded:
            # A drain waits for the answer, or the message would be neither running nor given back.
            self.running += 1
            try:
                if not await self._admission.may_start(held, route, message):
                    return
            finally:
                self._one_less()
        correlation_id = message.correlation_id or delivery.message_id
        context = TaskContext(
            delivery=delivery,
            queue=self._queue,
            attempt=held.attempt,
            worker=self._worker_id,
            correlation_id=correlation_id,
            services=self._services,
        )
        ids = set_ids(message.request_id, correlation_id)
        started_at_ms = clock.now_ms()
        started = clock.monotonic()
        slot.begin(held, route, correlation_id, started_at_ms, started + route.timeout_s)
        self.running += 1
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
            self._end(held, route)
            if failure is None and reason is not CancelReason.LEASE_LOST and not held.lost:
                run_s = clock.monotonic() - started
                self._outcomes.succeeded(held, route, message.task_type, correlation_id, started_at_ms, run_s, result)
                return
            stopped = reason is None and self._buffer.is_closed
            if stopped:
                reason = CancelReason.DRAINED
            self._outcomes.failed(held, route, message.task_type, correlation_id, started_at_ms, failure, reason)
            if stopped and isinstance(failure, asyncio.CancelledError):
                raise failure
        finally:
            # After the outcome: what is logged of a failure carries the ids too.
            reset(ids)

    def abandon(self, slot: Slot) -> None:
        """The handler swallowed its cancellation: the outcome is decided without it, whatever it still does."""
        held, route, reason = slot.held, slot.route, slot.reason
        if held is None or route is None:
            return
        slot.abandoned = True
        held.slot = None
        _log.error(
            "handler_does_not_stop",
            queue=self._queue,
            task_type=route.spec.task_type,
            message_id=held.delivery.message_id,
            correlation_id=slot.correlation_id,
            advice="let asyncio.CancelledError pass, and run blocking work with context.run_cpu",
        )
        self._end(held, route)
        failure = asyncio.CancelledError() if reason is not CancelReason.TIMED_OUT else None
        if reason is None and self._buffer.is_closed:
            reason = CancelReason.DRAINED
        self._outcomes.failed(
            held, route, route.spec.task_type, slot.correlation_id, slot.started_at_ms, failure, reason
        )

    async def wait_until_idle(self) -> None:
        """Wait until no handler runs; only once nothing starts any more."""
        while self.running:
            if self._all_ended is None:
                self._all_ended = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._all_ended)

    def _end(self, held: Held, route: Route) -> None:
        self._prefetch.finished()
        if route.guarded:
            self._admission.leave(held)
        self._one_less()

    def _one_less(self) -> None:
        self.running -= 1
        if self._all_ended is not None and not self.running:
            self._all_ended.set_result(None)
            self._all_ended = None
