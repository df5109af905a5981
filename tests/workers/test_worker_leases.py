"""Leases are kept while a handler runs, and handlers end when their lease or their time is over."""

from __future__ import annotations

import asyncio
from typing import Any

from wipsie.queue.contract import MessageState, VisibilityChange
from wipsie.testing.eventually import eventually
from wipsie.workers.retry_policy import RetryPolicy


async def test_a_lease_is_extended_as_long_as_its_handler_runs(workshop: Any) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def handler(message: Any, context: Any) -> str:
        started.set()
        await finish.wait()
        return "done"

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    await started.wait()
    await workshop.clock.advance(100)
    (stored,) = await workshop.engine.peek(workshop.queue())
    assert (stored.state, stored.receive_count) == (MessageState.LEASED, 1)
    finish.set()
    (run,) = await workshop.runs(message_id)
    assert (run.status, run.attempt) == ("succeeded", 1)
    assert run.run_ms >= 100_000
    await workshop.until_empty()


async def test_a_lost_lease_cancels_the_handler_and_its_result_is_not_acknowledged(workshop: Any) -> None:
    deliveries: list[Any] = []
    cancelled = asyncio.Event()

    async def handler(message: Any, context: Any) -> None:
        deliveries.append(context.delivery)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    workshop.handler(handler)
    message_id = await workshop.send()
    worker = await workshop.start_worker()
    await eventually(lambda: deliveries)
    # Somebody else receives the message: from now on the worker's receipt is worth nothing.
    worker.pause("default")
    await workshop.clock.settle()
    change = VisibilityChange(workshop.queue(), deliveries[0].receipt, 0)
    assert await workshop.engine.change_visibility([change]) == [None]
    assert len(await workshop.engine.receive(workshop.queue(), visibility_timeout_s=300)) == 1
    assert not cancelled.is_set()
    await workshop.clock.advance(17)
    await eventually(cancelled.is_set, message="the handler was not cancelled")
    await eventually(lambda: worker.status()["held"] == 0)
    assert await workshop.run_log.runs_of(message_id) == []
    assert (await workshop.counts()).total == 1


async def test_a_hanging_handler_is_timed_out_and_tried_again(workshop: Any) -> None:
    attempts: list[int] = []

    async def handler(message: Any, context: Any) -> str:
        attempts.append(context.attempt)
        if context.attempt == 1:
            await asyncio.Event().wait()
        return "done"

    workshop.handler(handler, timeout_s=5)
    message_id = await workshop.send()
    await workshop.start_worker()
    await eventually(lambda: attempts == [1])
    await workshop.clock.advance(6)
    (run,) = await workshop.runs(message_id)
    assert run.status == "timed_out"
    assert run.error == "HandlerTimedOut: the handler ran longer than 5 s and was cancelled"
    assert "Event().wait()" in run.traceback
    await workshop.until_delayed()
    await workshop.clock.advance(31)
    first, second = await workshop.runs(message_id, 2)
    assert (first.attempt, second.attempt, second.status) == (1, 2, "succeeded")


async def test_a_handler_that_hangs_every_time_is_dead_lettered_as_timed_out(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None:
        await asyncio.Event().wait()

    workshop.handler(handler, timeout_s=1, retry=RetryPolicy(delays_s=()))
    await workshop.send()
    worker = await workshop.start_worker()
    await eventually(lambda: worker.status()["queues"]["default"]["running"] == 1)
    await workshop.clock.advance(2)
    assert (await workshop.dead_letter()).dead_letter.cause.code == "TIMED_OUT"


async def test_a_handler_that_swallows_its_cancellation_does_not_keep_its_slot(workshop: Any) -> None:
    release = asyncio.Event()

    async def handler(message: Any, context: Any) -> str:
        # Swallows three cancellations: more than it gets, few enough that a failed test ends.
        for _ in range(3 if message.data["stubborn"] else 0):
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "done"

    workshop.handler(handler, timeout_s=1, retry=RetryPolicy(delays_s=()))
    stubborn = await workshop.send({"stubborn": True}, correlation_id="order-4711")
    worker = await workshop.start_worker(concurrency=1, cancel_grace_s=3.0)
    await eventually(lambda: worker.status()["queues"]["default"]["running"] == 1)
    await workshop.clock.advance(2)
    good = await workshop.send({"stubborn": False})
    await workshop.clock.advance(4)
    (run,) = await workshop.runs(good)
    assert run.status == "succeeded"
    (run,) = await workshop.runs(stubborn)
    assert (run.status, run.correlation_id) == ("timed_out", "order-4711")
    release.set()
    await workshop.clock.settle()
    assert len(await workshop.run_log.runs_of(stubborn)) == 1


async def test_a_time_out_leaves_no_cancelled_mark_on_the_slot(workshop: Any) -> None:
    cancelling: list[int] = []

    async def handler(message: Any, context: Any) -> None:
        if message.data["hang"]:
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        cancelling.append(task.cancelling())

    workshop.handler(handler, timeout_s=1)
    await workshop.send({"hang": True})
    worker = await workshop.start_worker(concurrency=1)
    await eventually(lambda: worker.status()["queues"]["default"]["running"] == 1)
    await workshop.clock.advance(2)
    await workshop.send({"hang": False})
    await eventually(lambda: cancelling == [0])
