"""Runs single messages by hand: the real handler, the real run log and the worker's own rules, one message at a time."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from wipsie.app.parts import Parts
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import DeadLetterCause, DeadLetterOrder, Delivery, VisibilityChange
from wipsie.telemetry.correlation import reset, set_ids
from wipsie.workers import run_log as runs
from wipsie.workers.handler import TaskContext, TaskServices
from wipsie.workers.results import result_text
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.route import Route
from wipsie.workers.run_log import TaskRun
from wipsie.workers.run_record import attempts_of, unsuccessful_run
from wipsie.workers.task_decoder import TaskDecoder, Undeliverable
from wipsie.workers.verdict import Bury, GiveBack, HandlerTimedOut, Verdict, judge, judge_refusal

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


@dataclass(frozen=True)
class _Try:
    """One delivery in hand."""

    delivery: Delivery
    attempt: int
    task_type: str
    correlation_id: str | None
    started_at_ms: int


class DirectProcessor:
    """One queue, one message at a time. Parts are started and stopped by the caller."""

    def __init__(self, parts: Parts, queue: QueueName, *, run_cpu: Callable[..., Awaitable[Any]] | None = None) -> None:
        """`queue`: stored name. `run_cpu` takes the place of the pool of processes."""
        self._parts = parts
        self._stored = queue
        self._short = parts.engine.names.short(queue)
        self._decoder = TaskDecoder(self._short, parts.registry, RetryPolicy())
        self._worker = f"direct-{socket.gethostname()}-{os.getpid()}"
        self._services = TaskServices(run_cpu=run_cpu or parts.cpu_pool.run, unit_of_work=parts.database.unit_of_work)

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
        clock = self._parts.clock
        attempt = 1
        if delivery.receive_count > 1:
            if await self._parts.run_log.succeeded([delivery.message_id]):
                await self.delete(delivery)
                return Processed(
                    message_id=delivery.message_id,
                    task_type="",
                    status=runs.SUCCEEDED,
                    attempt=delivery.receive_count,
                    run_ms=0.0,
                    error="It had succeeded before; only the acknowledgement was missing.",
                )
            attempt = await self._attempt_of(delivery)
        started_at_ms = clock.now_ms()
        started = clock.monotonic()
        try:
            route, message = self._decoder.decode(delivery)
        except Undeliverable as refusal:
            refused = _Try(delivery, attempt, refusal.task_type, refusal.correlation_id, started_at_ms)
            return await self._did_not_succeed(refused, judge_refusal(refusal))
        one = _Try(delivery, attempt, message.task_type, message.correlation_id or delivery.message_id, started_at_ms)
        await self._extend(delivery, route)
        token = set_ids(message.request_id, one.correlation_id)
        try:
            result = result_text(await self._call(route, message, one))
        except Exception as error:
            return await self._did_not_succeed(one, judge(error, attempt, route.retry))
        finally:
            reset(token)
        run_ms = round((clock.monotonic() - started) * 1000, 3)
        # First what was done, then the acknowledgement: a crash between the two does not repeat the work.
        await self._parts.run_log.record([self._success(one, run_ms, result)])
        await self.delete(delivery)
        return Processed(
            message_id=delivery.message_id,
            task_type=one.task_type,
            status=runs.SUCCEEDED,
            attempt=attempt,
            run_ms=run_ms,
            result=result,
        )

    async def _attempt_of(self, delivery: Delivery) -> int:
        if self._parts.engine.capabilities.undo_receive:
            return delivery.receive_count
        # This queue counts also what was given back untried; the run log has the tries only.
        tries = await self._parts.run_log.tries_of([delivery.message_id])
        return tries.get(delivery.message_id, 0) + 1

    async def _did_not_succeed(self, one: _Try, verdict: Verdict) -> Processed:
        """Record the try, then do with the message what the verdict says."""
        finished_at_ms = max(one.started_at_ms, self._parts.clock.now_ms())
        if verdict.status is not None:
            run = unsuccessful_run(
                one.delivery,
                queue=self._short,
                task_type=one.task_type,
                attempt=one.attempt,
                status=verdict.status,
                worker=self._worker,
                started_at_ms=one.started_at_ms,
                finished_at_ms=finished_at_ms,
                error=verdict.error,
                traceback=verdict.traceback,
                correlation_id=one.correlation_id,
            )
            await self._parts.run_log.record([run])
        action = verdict.action
        if isinstance(action, GiveBack):
            await self._give_back(one.delivery, action)
        else:
            await self._bury(one.delivery, action)
        return Processed(
            message_id=one.delivery.message_id,
            task_type=one.task_type,
            status=verdict.status or "returned",
            attempt=one.attempt,
            run_ms=float(finished_at_ms - one.started_at_ms),
            error=verdict.error,
            retry_in_s=action.delay_s if isinstance(action, GiveBack) else None,
            dead_lettered=isinstance(action, Bury),
        )

    def _success(self, one: _Try, run_ms: float, result: str | None) -> TaskRun:
        return TaskRun(
            message_id=one.delivery.message_id,
            queue=self._short,
            task_type=one.task_type,
            attempt=one.attempt,
            status=runs.SUCCEEDED,
            worker=self._worker,
            wait_ms=max(0, one.started_at_ms - one.delivery.waiting_since_ms),
            started_at_ms=one.started_at_ms,
            finished_at_ms=self._parts.clock.now_ms(),
            run_ms=run_ms,
            result=result,
            correlation_id=one.correlation_id,
        )

    async def _call(self, route: Route, message: Any, one: _Try) -> Any:
        context = TaskContext(
            delivery=one.delivery,
            queue=self._short,
            attempt=one.attempt,
            worker=self._worker,
            correlation_id=one.correlation_id,
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

    async def _bury(self, delivery: Delivery, action: Bury) -> None:
        attempts = attempts_of(await self._parts.run_log.runs_of(delivery.message_id))
        cause = DeadLetterCause(action.code, action.reason, action.traceback, self._worker, attempts)
        _raise_first(await self._parts.engine.dead_letter([DeadLetterOrder(self._stored, delivery.receipt, cause)]))


def _raise_first(outcomes: list[WipsieError | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
