"""What becomes of a message after its handler ran."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec
import pytest

from wipsie.kernel import json
from wipsie.queue.contract import MessageState
from wipsie.testing.eventually import eventually
from wipsie.workers.handler import Reject, Retry
from wipsie.workers.retry_policy import RetryPolicy


async def test_a_result_is_stored_and_the_message_acknowledged(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> dict[str, int]:
        return {"double": message.data["n"] * 2}

    workshop.handler(handler)
    message_id = await workshop.send({"n": 21}, correlation_id="order-7")
    worker = await workshop.start_worker()
    (run,) = await workshop.runs(message_id)
    assert (run.status, run.result, run.attempt, run.worker) == ("succeeded", '{"double":42}', 1, worker.worker_id)
    assert (run.queue, run.task_type, run.correlation_id) == ("default", "job", "order-7")
    await workshop.until_empty()


async def test_a_handler_that_raises_is_retried_after_30_60_and_120_seconds_and_then_dead_lettered_with_every_attempt(
    workshop: Any,
) -> None:
    attempts: list[int] = []

    async def handler(message: Any, context: Any) -> None:
        attempts.append(context.attempt)
        raise ValueError(f"no luck in attempt {context.attempt}")

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    for number, delay_s in enumerate((30, 60, 120), start=1):
        await eventually(lambda number=number: len(attempts) == number, message=f"attempt {number} did not start")
        await workshop.runs(message_id, number)
        await workshop.until_delayed()
        await workshop.pass_time(delay_s - 1)
        assert len(attempts) == number
        await workshop.pass_time(1.5)
    letter = await workshop.dead_letter()
    assert attempts == [1, 2, 3, 4]
    assert letter.message_id == message_id
    assert letter.dead_letter is not None
    cause = letter.dead_letter.cause
    assert (cause.code, cause.reason) == ("RETRIES_EXHAUSTED", "ValueError: no luck in attempt 4")
    assert cause.traceback is not None
    assert "no luck in attempt 4" in cause.traceback
    assert "consumer.py" not in cause.traceback
    assert [(record.attempt, record.error) for record in cause.attempts] == [
        (number, f"ValueError: no luck in attempt {number}") for number in (1, 2, 3, 4)
    ]
    assert [run.status for run in await workshop.runs(message_id, 4)] == ["retried", "retried", "retried", "failed"]
    await workshop.until_empty()


async def test_a_rejected_message_is_dead_lettered_at_once(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None:
        raise Reject("customer is unknown", code="NO_CUSTOMER")

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    letter = await workshop.dead_letter()
    assert (letter.dead_letter.cause.code, letter.dead_letter.cause.reason) == ("NO_CUSTOMER", "customer is unknown")
    (run,) = await workshop.runs(message_id)
    assert run.status == "rejected"


async def test_a_handler_may_choose_when_to_be_retried(workshop: Any) -> None:
    starts: list[float] = []

    async def handler(message: Any, context: Any) -> None:
        starts.append(workshop.clock.monotonic())
        if len(starts) == 1:
            raise Retry("not ready", after_s=7)

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    await workshop.runs(message_id)
    await workshop.until_delayed()
    await workshop.clock.advance(8)
    await eventually(lambda: len(starts) == 2, message="not retried")
    assert 7 <= starts[1] - starts[0] <= 8
    assert [run.status for run in await workshop.runs(message_id, 2)] == ["retried", "succeeded"]


@pytest.mark.parametrize(
    "failure", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), BaseException("strange")], ids=repr
)
async def test_a_handler_that_ends_the_program_or_cancels_itself_fails_only_its_message(
    workshop: Any, failure: BaseException
) -> None:
    async def handler(message: Any, context: Any) -> str:
        if message.data["bad"]:
            raise failure
        return "fine"

    workshop.handler(handler, retry=RetryPolicy(delays_s=()))
    await workshop.send({"bad": True})
    good = await workshop.send({"bad": False})
    await workshop.start_worker(concurrency=1)
    letter = await workshop.dead_letter()
    assert letter.dead_letter.cause.reason.startswith(type(failure).__name__)
    (run,) = await workshop.runs(good)
    assert run.status == "succeeded"


async def test_a_result_json_cannot_hold_is_dead_lettered_with_a_sentence_that_says_so(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> object:
        return sys

    workshop.handler(handler)
    await workshop.send()
    await workshop.start_worker()
    cause = (await workshop.dead_letter()).dead_letter.cause
    assert cause.code == "UNSERIALISABLE_RESULT"
    assert "returned module, which JSON cannot hold" in cause.reason


async def test_of_a_huge_result_the_beginning_is_kept_and_the_task_succeeds(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> str:
        return "x" * 100_000

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    (run,) = await workshop.runs(message_id)
    assert run.status == "succeeded"
    result = json.decode(run.result)
    assert (result["truncated"], result["bytes"], len(result["preview"])) == (True, 100_002, 2_000)


async def test_a_redelivered_succeeded_message_is_acknowledged_without_running(workshop: Any) -> None:
    calls: list[int] = []

    async def handler(message: Any, context: Any) -> None:
        calls.append(context.attempt)

    workshop.handler(handler)
    message_id = await workshop.send()
    # A worker that ran the task, recorded it, and was killed before it acknowledged.
    (delivery,) = await workshop.engine.receive(workshop.queue())
    await workshop.run_log.record([_succeeded(message_id)])
    await workshop.start_worker()
    await workshop.pass_time(31)
    await workshop.until_empty()
    assert calls == []
    assert delivery.receive_count == 1


async def test_a_message_redelivered_after_a_failure_runs_again(workshop: Any) -> None:
    calls: list[int] = []

    async def handler(message: Any, context: Any) -> None:
        calls.append(context.attempt)

    workshop.handler(handler)
    await workshop.send()
    await workshop.engine.receive(workshop.queue())
    await workshop.start_worker()
    await workshop.pass_time(31)
    await workshop.until_empty()
    assert calls == [2]


async def test_without_a_dead_letter_queue_a_failed_message_stays_and_comes_back_later(workshop: Any) -> None:
    settings = await workshop.engine.queue_settings(workshop.queue())
    await workshop.engine.change_queue(msgspec.structs.replace(settings, dead_letter_queue=None))

    async def handler(message: Any, context: Any) -> None:
        raise Reject("never")

    workshop.handler(handler)
    await workshop.send()
    await workshop.start_worker()
    await workshop.until_delayed()


async def test_ids_of_the_message_are_those_of_the_log_while_its_handler_runs(workshop: Any) -> None:
    from wipsie.telemetry import correlation

    seen: list[str | None] = []

    async def handler(message: Any, context: Any) -> None:
        seen.append(correlation.correlation_id())

    workshop.handler(handler)
    first = await workshop.send()
    await workshop.send(correlation_id="trace-1")
    await workshop.start_worker(concurrency=1)
    await workshop.until_empty()
    assert seen == [first, "trace-1"]


async def test_metrics_count_attempts_and_dead_letters(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None:
        if message.data["bad"]:
            raise Reject("bad")

    workshop.handler(handler)
    await workshop.send({"bad": False})
    await workshop.send({"bad": True})
    await workshop.start_worker()
    await workshop.until_empty()

    def text() -> str:
        return workshop.metrics.render().decode()

    await eventually(lambda: 'tasks_dead_lettered_total{code="REJECTED",queue_name="default"} 1.0' in text())
    assert 'task_attempts_total{outcome="succeeded",queue_name="default",task_type="job"} 1.0' in text()
    assert 'task_attempts_total{outcome="rejected",queue_name="default",task_type="job"} 1.0' in text()
    assert 'task_processing_duration_seconds_count{queue_name="default",task_type="job"} 2.0' in text()


async def test_results_wait_unacknowledged_while_the_run_log_cannot_be_written(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler)
    message_id = await workshop.send()
    async with workshop.database.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE task_runs RENAME TO away")
    worker = await workshop.start_worker()
    await eventually(lambda: worker.status()["trouble"], message="the trouble is not shown")
    assert not worker.status()["healthy"]
    # Long after the lease would have ended, the message is still held and was not delivered to anybody else.
    for _ in range(8):
        await workshop.clock.advance(10)
    (stored,) = await workshop.engine.peek(workshop.queue())
    assert (stored.state, stored.receive_count) == (MessageState.LEASED, 1)
    async with workshop.database.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO task_runs")
    await workshop.clock.advance(6)
    await workshop.runs(message_id)
    await workshop.until_empty()


def _succeeded(message_id: Any) -> Any:
    from wipsie.workers.run_log import TaskRun

    return TaskRun(message_id, "default", "job", 1, "succeeded", "dead-worker", 0, 0, 0, 0.0)


async def test_a_handler_that_marks_its_message_in_its_unit_of_work_has_its_effect_once(workshop: Any) -> None:
    effects: list[str] = []

    async def handler(message: Any, context: Any) -> None:
        async with context.unit_of_work() as unit:
            if await unit.mark_handled(context.delivery.message_id, "job"):
                effects.append(message.id)
        if context.attempt == 1:
            raise ConnectionError("lost after the commit")

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    await workshop.until_delayed()
    await workshop.pass_time(31)
    await workshop.until_empty()
    assert effects == [message_id]
