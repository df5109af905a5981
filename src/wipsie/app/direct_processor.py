"""Runs single messages by hand: the real handler, the real run log and the worker's own rules, one message at a time."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass
from typing import Any

from wipsie.app.parts import Parts
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import AttemptRecord, DeadLetterCause, DeadLetterOrder, Delivery, VisibilityChange
from wipsie.telemetry.correlation import reset, set_ids
from wipsie.workers import run_log as runs
from wipsie.workers.handler import TaskContext, TaskServices
from wipsie.workers.results import result_text
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.route import Route
from wipsie.workers.run_log import TaskRun
from wipsie.workers.task_decoder import TaskDecoder, Undeliverable
from wipsie.workers.verdict import Bury, GiveBack, HandlerTimedOut, judge

_LEASE_BEYOND_S = 60.0
"""The lease outlasts the handler's time-out by this much, since nobody renews it."""
_LEASE_S_MAX = 12 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Processed:
    """What became of one message."""

    message_id: str
    task_type: str
    status: str
    """succeeded, retried, failed, rejected, timed_out, or returned when it was not even a try."""
    attempt: int
    run_ms: float
    result: str | None = None
    """JSON text."""
    error: str | None = None
    retry_in_s: float | None = None
    dead_lettered: bool = False


class DirectProcessor:
    """One queue, one message at a time. Parts are started and stopped by the caller."""

    def __init__(self, parts: Parts, queue: QueueName) -> None:
        self._parts = parts
        self._stored = queue
        self._short = parts.engine.names.short(queue)
        self._decoder = TaskDecoder(self._short, parts.registry, RetryPolicy())
        self._worker = f"direct-{socket.gethostname()}-{os.getpid()}"
        self._services = TaskServices(run_cpu=parts.cpu_pool.run, unit_of_work=parts.database.unit_of_work)

    async def next(self, *, lease_s: float) -> Delivery | None:
        """Lease the next message for `lease_s` seconds, or None when none is ready."""
        found = await self._parts.engine.receive(self._stored, max_messages=1, visibility_timeout_s=lease_s)
        return found[0] if found else None

    async def skip(self, delivery: Delivery) -> None:
        """Give a message back as if it had not been touched."""
        may_undo = self._parts.engine.capabilities.undo_receive
        change = VisibilityChange(self._stored, delivery.receipt, 0.0, release=True, undo_receive=may_undo)
        _raise_first(await self._parts.engine.change_visibility([change]))

    async def delete(self, delivery: Delivery) -> None:
        """Remove a message. ReceiptExpired when somebody else has it by now."""
        _raise_first(await self._parts.engine.delete([(self._stored, delivery.receipt)]))

    async def process(self, delivery: Delivery) -> Processed:
        """Run the handler and do with the message what a worker would: acknowledge, retry later or dead-letter."""
        started_at_ms = self._parts.clock.now_ms()
        started = self._parts.clock.monotonic()
        if delivery.receive_count > 1 and await self._parts.run_log.succeeded([delivery.message_id]):
            await self.delete(delivery)
            return Processed(
                message_id=delivery.message_id,
                task_type="",
                status=runs.SUCCEEDED,
                attempt=delivery.receive_count,
                run_ms=0.0,
                error="It had succeeded before; only the acknowledgement was missing.",
            )
        try:
            route, message = self._decoder.decode(delivery)
        except Undeliverable as refusal:
            await self._bury(delivery, Bury(refusal.code, str(refusal)), started_at_ms)
            await self._record(delivery, refusal.task_type, runs.REJECTED, started_at_ms, 0.0, error=str(refusal))
            return Processed(
                message_id=delivery.message_id,
                task_type=refusal.task_type,
                status=runs.REJECTED,
                attempt=delivery.receive_count,
                run_ms=0.0,
                error=str(refusal),
                dead_lettered=True,
            )
        result: str | None = None
        failure: BaseException | None = None
        await self._extend(delivery, route)
        token = set_ids(None, message.correlation_id)
        try:
            result = result_text(await self._call(route, message, delivery))
        except Exception as error:
            failure = error
        finally:
            reset(token)
        run_ms = (self._parts.clock.monotonic() - started) * 1000
        task_type = message.task_type
        if failure is None:
            # First what was done, then the acknowledgement: a crash between the two does not repeat the work.
            await self._record(delivery, task_type, runs.SUCCEEDED, started_at_ms, run_ms, result=result)
            await self.delete(delivery)
            return self._processed(delivery, task_type, runs.SUCCEEDED, run_ms, result=result)
        verdict = judge(failure, delivery.receive_count, route.retry)
        if verdict.status is not None:
            await self._record(
                delivery, task_type, verdict.status, started_at_ms, run_ms, error=verdict.error, trace=verdict.traceback
            )
        status = verdict.status or "returned"
        if isinstance(verdict.action, GiveBack):
            await self._give_back(delivery, verdict.action)
            delay_s = verdict.action.delay_s
            return self._processed(delivery, task_type, status, run_ms, error=verdict.error, retry_in_s=delay_s)
        await self._bury(delivery, verdict.action, started_at_ms)
        return self._processed(delivery, task_type, status, run_ms, error=verdict.error, dead_lettered=True)

    async def _call(self, route: Route, message: Any, delivery: Delivery) -> Any:
        context = TaskContext(
            delivery=delivery,
            queue=self._short,
            attempt=delivery.receive_count,
            worker=self._worker,
            correlation_id=message.correlation_id,
            services=self._services,
        )
        deadline = asyncio.timeout(route.timeout_s)
        try:
            async with deadline:
                return await route.function(message, context)
        except TimeoutError as error:
            if deadline.expired():
                raise HandlerTimedOut(f"The handler ran longer than {route.timeout_s:g} s.") from error
            raise

    async def _extend(self, delivery: Delivery, route: Route) -> None:
        lease_s = min(route.timeout_s + _LEASE_BEYOND_S, _LEASE_S_MAX)
        _raise_first(
            await self._parts.engine.change_visibility([VisibilityChange(self._stored, delivery.receipt, lease_s)])
        )

    async def _give_back(self, delivery: Delivery, action: GiveBack) -> None:
        undo_receive = self._parts.engine.capabilities.undo_receive and not action.counted
        change = VisibilityChange(
            self._stored, delivery.receipt, action.delay_s, release=True, undo_receive=undo_receive
        )
        _raise_first(await self._parts.engine.change_visibility([change]))

    async def _bury(self, delivery: Delivery, action: Bury, started_at_ms: int) -> None:
        attempt = AttemptRecord(
            delivery.receive_count, started_at_ms, self._parts.clock.now_ms(), self._worker, action.reason
        )
        cause = DeadLetterCause(action.code, action.reason, action.traceback, self._worker, (attempt,))
        _raise_first(await self._parts.engine.dead_letter([DeadLetterOrder(self._stored, delivery.receipt, cause)]))

    async def _record(
        self,
        delivery: Delivery,
        task_type: str,
        status: str,
        started_at_ms: int,
        run_ms: float,
        *,
        result: str | None = None,
        error: str | None = None,
        trace: str | None = None,
    ) -> None:
        run = TaskRun(
            message_id=delivery.message_id,
            queue=self._short,
            task_type=task_type,
            attempt=delivery.receive_count,
            status=status,
            worker=self._worker,
            wait_ms=max(0, delivery.received_at_ms - delivery.waiting_since_ms),
            started_at_ms=started_at_ms,
            finished_at_ms=self._parts.clock.now_ms(),
            run_ms=run_ms,
            result=result,
            error=error,
            traceback=trace,
        )
        await self._parts.run_log.record([run])

    def _processed(
        self,
        delivery: Delivery,
        task_type: str,
        status: str,
        run_ms: float,
        *,
        result: str | None = None,
        error: str | None = None,
        retry_in_s: float | None = None,
        dead_lettered: bool = False,
    ) -> Processed:
        return Processed(
            message_id=delivery.message_id,
            task_type=task_type,
            status=status,
            attempt=delivery.receive_count,
            run_ms=round(run_ms, 3),
            result=result,
            error=error,
            retry_in_s=retry_in_s,
            dead_lettered=dead_lettered,
        )


def _raise_first(outcomes: list[WipsieError | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
