"""What comes of each message in a worker's hands: the record of its run, what becomes of the message, and what is logged.

How a handler ended goes in, a settlement for the `Settler` comes out; a message whose lease was lost is just let go.
"""

from __future__ import annotations

import asyncio

from wipsie.kernel.clock import Clock
from wipsie.telemetry.logging import get_logger
from wipsie.workers import run_log as runs
from wipsie.workers.held import CancelReason, Held
from wipsie.workers.lease_keeper import LeaseKeeper
from wipsie.workers.route import Route
from wipsie.workers.run_log import TaskRun, storable
from wipsie.workers.run_record import unsuccessful_run
from wipsie.workers.settle import Settler
from wipsie.workers.task_decoder import Undeliverable
from wipsie.workers.verdict import Action, GiveBack, HandlerTimedOut, Verdict, judge, judge_refusal

_UNKNOWN = "unknown"

_log = get_logger(__name__)


class Outcomes:
    """One per queue of a worker."""

    def __init__(self, *, queue: str, worker_id: str, settler: Settler, keeper: LeaseKeeper, clock: Clock) -> None:
        """`queue`: short name."""
        self._queue = queue
        self._worker_id = worker_id
        self._settler = settler
        self._keeper = keeper
        self._clock = clock

    # ------------------------------------------------------------------------------------------------ it never started

    def give_back(self, held: Held, delay_s: float) -> None:
        """It was not tried: back into the queue, uncounted, for `delay_s`."""
        self._settler.add((held, None, GiveBack(delay_s, counted=False), _UNKNOWN))

    def lost(self, held: Held) -> None:
        """Its lease is lost: somebody else has the message."""
        self._keeper.let_go((held,))

    def done_before(self, held: Held) -> None:
        """It succeeded in an earlier delivery: acknowledge it."""
        self._settler.add((held, None, None, _UNKNOWN))

    def refused(self, held: Held, refusal: Undeliverable) -> None:
        """No handler can take it."""
        verdict = judge_refusal(refusal)
        _log.warning(
            "task_refused",
            queue=self._queue,
            message_id=held.delivery.message_id,
            correlation_id=refusal.correlation_id,
            code=refusal.code,
            reason=storable(refusal.reason),
        )
        now_ms = self._clock.now_ms()
        run = self._run(held, refusal.task_type, refusal.correlation_id, now_ms, runs.REJECTED, verdict)
        self._settler.add((held, run, verdict.action, _UNKNOWN))

    # --------------------------------------------------------------------------------------------------------- it ran

    def succeeded(
        self,
        held: Held,
        route: Route,
        task_type: str,
        correlation_id: str,
        started_at_ms: int,
        run_s: float,
        result: str | None,
    ) -> None:
        """Its handler returned; `result` is JSON text."""
        delivery = held.delivery
        wait_ms = started_at_ms - delivery.waiting_since_ms
        run = TaskRun(
            delivery.message_id,
            self._queue,
            task_type,
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

    def failed(
        self,
        held: Held,
        route: Route,
        task_type: str,
        correlation_id: str | None,
        started_at_ms: int,
        failure: BaseException | None,
        reason: CancelReason | None,
    ) -> None:
        """Its handler raised `failure`, or was told to stop for `reason`, or both."""
        delivery = held.delivery
        if reason is CancelReason.LEASE_LOST or held.lost:
            _log.warning("task_dropped", queue=self._queue, task_type=task_type, message_id=delivery.message_id)
            self.lost(held)
            return
        if isinstance(failure, asyncio.CancelledError) and reason is CancelReason.DRAINED:
            self.give_back(held, 0.0)
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
            queue=self._queue,
            task_type=task_type,
            message_id=delivery.message_id,
            correlation_id=correlation_id,
            attempt=held.attempt,
            status=verdict.status,
            error=verdict.error,
            retry_in_s=action.delay_s if isinstance(action, GiveBack) else None,
        )
        run = self._run(held, task_type, correlation_id, started_at_ms, verdict.status, verdict)
        self._settler.add((held, run, action, route.spec.task_type))

    def _run(
        self,
        held: Held,
        task_type: str,
        correlation_id: str | None,
        started_at_ms: int,
        status: str,
        verdict: Verdict,
    ) -> TaskRun:
        return unsuccessful_run(
            held.delivery,
            queue=self._queue,
            task_type=task_type,
            attempt=held.attempt,
            status=status,
            worker=self._worker_id,
            started_at_ms=started_at_ms,
            finished_at_ms=self._clock.now_ms(),
            error=verdict.error,
            traceback=verdict.traceback,
            correlation_id=correlation_id,
        )
