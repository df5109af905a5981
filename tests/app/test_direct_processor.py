"""Messages by hand: the same handlers, the same run log and the same rules as in a worker."""

from __future__ import annotations

from typing import Any

import pytest

from wipsie.app.direct_processor import DirectProcessor
from wipsie.app.parts import Parts
from wipsie.kernel import json
from wipsie.kernel.errors import ReceiptExpired
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.contract import Delivery, NewMessage


async def send(parts: Parts, queue: str, **message: Any) -> MessageId:
    message_id = new_message_id()
    body = json.encode_text({"id": message_id, "timestamp": "", **message})
    await parts.engine.send(NewMessage(queue=parts.engine.resolve(queue), body=body, message_id=message_id))
    return message_id


async def taken(processor: DirectProcessor) -> Delivery:
    delivery = await processor.next(lease_s=60)
    assert delivery is not None
    return delivery


def direct(parts: Parts, queue: str) -> tuple[DirectProcessor, QueueName]:
    stored = parts.engine.resolve(queue)
    return DirectProcessor(parts, stored), stored


async def test_a_processed_message_is_acknowledged_and_its_run_is_kept(parts: Parts) -> None:
    message_id = await send(parts, "default", task_type="default", data={"a": 1})
    processor, stored = direct(parts, "default")
    processed = await processor.process(await taken(processor))
    assert (processed.message_id, processed.status) == (message_id, "succeeded")
    assert [run.status for run in await parts.run_log.runs_of(message_id)] == ["succeeded"]
    assert (await parts.engine.counts(stored)).total == 0
    assert await processor.next(lease_s=1) is None


async def test_a_message_that_can_never_work_is_dead_lettered_with_its_cause(parts: Parts) -> None:
    message_id = await send(parts, "task_processing", task_type="processing", data={"operation": "sing"})
    processor, stored = direct(parts, "task_processing")
    processed = await processor.process(await taken(processor))
    assert (processed.status, processed.dead_lettered) == ("rejected", True)
    (dead,) = await parts.engine.peek(parts.engine.names.dead_letter(stored))
    assert dead.message_id == message_id
    assert dead.dead_letter is not None
    assert "operation" in dead.dead_letter.cause.reason


async def test_a_message_that_fails_for_now_comes_back_by_the_retry_ladder(parts: Parts) -> None:
    data = {"source_url": "http://name-that-does-not-exist.invalid/x.csv", "poll_interval": 60}
    message_id = await send(parts, "data_polling", task_type="data_polling", data=data)
    processor, stored = direct(parts, "data_polling")
    processed = await processor.process(await taken(processor))
    assert (processed.status, processed.retry_in_s) == ("retried", 30.0)
    assert (await parts.engine.counts(stored)).delayed == 1
    assert [run.status for run in await parts.run_log.runs_of(message_id)] == ["retried"]


async def test_a_message_no_handler_takes_is_recorded_before_it_is_dead_lettered_whatever_it_is_called(
    parts: Parts,
) -> None:
    message_id = await send(parts, "task_processing", task_type="sing\0", data=[], correlation_id="song")
    processor, stored = direct(parts, "task_processing")
    processed = await processor.process(await taken(processor))
    assert (processed.status, processed.dead_lettered) == ("rejected", True)
    (run,) = await parts.run_log.runs_of(message_id)
    (dead,) = await parts.engine.peek(parts.engine.names.dead_letter(stored))
    assert dead.dead_letter is not None
    (attempt,) = dead.dead_letter.cause.attempts
    assert (attempt.started_at_ms, attempt.error) == (run.started_at_ms, run.error)
    assert run.correlation_id == "song"
    assert "\0" not in f"{run.error}{run.task_type}{dead.dead_letter.cause.reason}"


async def test_a_run_without_a_correlation_of_its_own_is_its_own(parts: Parts) -> None:
    message_id = await send(parts, "default", task_type="default", data={})
    processor, _ = direct(parts, "default")
    await processor.process(await taken(processor))
    (run,) = await parts.run_log.runs_of(message_id)
    assert run.correlation_id == message_id


async def test_a_skipped_message_is_as_if_nobody_had_looked(parts: Parts) -> None:
    await send(parts, "default", task_type="default", data={})
    processor, _ = direct(parts, "default")
    await processor.skip(await taken(processor))
    assert (await taken(processor)).receive_count == 1


async def test_a_deleted_message_cannot_be_deleted_again(parts: Parts) -> None:
    await send(parts, "default", task_type="default", data={})
    processor, _ = direct(parts, "default")
    delivery = await taken(processor)
    await processor.delete(delivery)
    with pytest.raises(ReceiptExpired):
        await processor.delete(delivery)


async def test_work_that_was_done_before_is_not_done_again(parts: Parts) -> None:
    message_id = await send(parts, "default", task_type="default", data={})
    processor, stored = direct(parts, "default")
    first = await processor.next(lease_s=0.001)
    assert first is not None
    await parts.run_log.record([await _succeeded(parts, first)])
    again = None
    while again is None:
        again = await processor.next(lease_s=60)
    processed = await processor.process(again)
    assert processed.status == "succeeded"
    assert len(await parts.run_log.runs_of(message_id)) == 1
    assert (await parts.engine.counts(stored)).total == 0


async def _succeeded(parts: Parts, delivery: Delivery) -> Any:
    from wipsie.workers.run_log import TaskRun

    now_ms = parts.clock.now_ms()
    return TaskRun(delivery.message_id, "default", "default", 1, "succeeded", "w", 0, now_ms, now_ms, 1.0)
