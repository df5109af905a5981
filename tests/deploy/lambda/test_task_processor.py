from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from lambda_bench import Bench, Context, MakeFunction, document

from wipsie.app.lambda_functions.events import UnsupportedEvent
from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.processor import BatchFailed, process_tasks
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.app.parts import Parts
from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import Attribute, NewMessage, QueueSettings
from wipsie.testing.simulators.aws_lambda import Invoked, RuntimeApi, SqsMapping
from wipsie.testing.simulators.http_source import HttpSource

Mapped = Callable[..., AbstractAsyncContextManager[SqsMapping]]
CLOCK = SystemClock()
TABLE = {"operation": "analysis", "input_data": [{"a": 1}, {"a": 2}]}


@pytest.fixture
async def mapped(sqs_url: str) -> Mapped:
    """A mapping of a queue of that Wipsie, whose batches the test has served itself."""

    @asynccontextmanager
    async def make(queue: str = "wipsie-default", **choices: Any) -> AsyncGenerator[SqsMapping]:
        async with SqsMapping(RuntimeApi(), sqs_url, queue, **choices) as mapping:
            yield mapping

    return make


async def send(parts: Parts, queue: str, body: Any, **fields: Any) -> str:
    text = body if isinstance(body, str) else json.encode_text(body)
    message_id = new_message_id()
    await parts.engine.send(NewMessage(queue=parts.engine.resolve(queue), body=text, message_id=message_id, **fields))
    return message_id


async def serve_once(mapping: SqsMapping, bench: Bench, context: Context) -> list[str]:
    """One batch through the function, settled as Lambda would; the ids it named as failed."""
    event = await mapping.receive()
    assert event is not None
    answer = await bench(event, context)
    await mapping.settle(event, Invoked(request_id="r", answer=answer))
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


async def statuses(parts: Parts, message_id: Any) -> list[str]:
    return [run.status for run in await parts.run_log.runs_of(message_id)]


async def total(parts: Parts, queue: str) -> int:
    return (await parts.engine.counts(parts.engine.resolve(queue))).total


async def test_messages_are_run_by_the_worker_s_handlers_and_are_gone(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    ids = [await send(parts, "default", {"task_type": "echo", "data": {"n": n}}) for n in range(5)]
    async with mapped() as mapping:
        assert await serve_once(mapping, bench, context) == []
    assert await total(parts, "default") == 0
    for message_id in ids:
        (run,) = await parts.run_log.runs_of(message_id)  # pyright: ignore[reportArgumentType]
        assert (run.status, run.attempt) == ("succeeded", 1)


async def test_what_fails_for_now_is_hidden_by_the_ladder_and_named_to_lambda_alone(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    data = {"source_url": "http://name-that-does-not-exist.invalid/x.csv", "poll_interval": 60}
    failing = await send(parts, "data_polling", {"task_type": "data_polling", "data": data})
    private = {"source_url": "http://127.0.0.1:9/x.csv", "poll_interval": 60}
    rejected = await send(parts, "data_polling", {"task_type": "data_polling", "data": private})
    async with mapped("wipsie-data-polling") as mapping:
        assert await serve_once(mapping, bench, context) == [failing]
        assert await mapping.receive() is None
    counts = await parts.engine.counts(parts.engine.resolve("data_polling"))
    assert (counts.total, counts.ready) == (1, 0)
    assert (await statuses(parts, failing), await statuses(parts, rejected)) == (["retried"], ["rejected"])
    (message,) = await parts.engine.peek(parts.engine.resolve("data_polling"))
    hidden_s = (message.visible_at_ms - parts.clock.now_ms()) / 1000
    assert 0 < hidden_s <= 30


async def test_what_can_never_work_is_dead_lettered_with_its_cause_and_done(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    await send(parts, "task_processing", {"task_type": "processing", "data": {"operation": "sing"}})
    await send(parts, "task_processing", "plain text")
    async with mapped("wipsie-task-processing") as mapping:
        assert await serve_once(mapping, bench, context) == []
    assert await total(parts, "task_processing") == 0
    assert await total(parts, "task_processing-dlq") == 2


async def test_a_try_is_counted_by_the_run_log_and_not_by_how_often_amazon_delivered(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    message_id = await send(parts, "default", {"task_type": "echo", "data": 1})
    async with mapped() as mapping:
        event = await mapping.receive()
        assert event is not None
        # As after deliveries that nobody tried: batches returned, containers that died.
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "5"
        assert await bench(event, context) == {"batchItemFailures": []}
    (run,) = await parts.run_log.runs_of(message_id)  # pyright: ignore[reportArgumentType]
    assert run.attempt == 1


async def test_a_message_that_succeeded_before_is_acknowledged_and_not_run_again(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    message_id = await send(parts, "default", {"task_type": "echo", "data": 1})
    async with mapped() as mapping:
        event = await mapping.receive()
        assert event is not None
        await bench(event, context)
        # Lambda hands out what it has in hand once more, though the message is gone.
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"
        await bench(event, context)
    assert await statuses(parts, message_id) == ["succeeded"]


def short(work_s: float) -> Invocation:
    """An invocation with so much time for work, and plenty to give back what did not fit."""
    now = CLOCK.monotonic()
    return Invocation(request_id="r", deadline=now + work_s, give_back_until=now + 60)


async def test_what_does_not_fit_the_time_that_is_left_is_given_back_untouched(
    workshop: Workshop, mapped: Mapped, parts: Parts
) -> None:
    message_id = await send(parts, "default", {"task_type": "echo", "data": 1})
    async with mapped() as mapping:
        event = await mapping.receive()
        answer = await process_tasks(workshop, event, short(0.0))
        assert answer == {"batchItemFailures": [{"itemIdentifier": message_id}]}
        # At once: another invocation may have more time.
        assert await mapping.receive() is not None
    assert await statuses(parts, message_id) == []


async def test_a_handler_that_runs_over_is_stopped_and_its_message_comes_back_uncounted(
    workshop: Workshop, mapped: Mapped, parts: Parts
) -> None:
    async with HttpSource() as source:
        source.fall_silent("/slow")
        data = {"source_url": source.url("/slow"), "poll_interval": 60}
        message_id = await send(parts, "data_polling", {"task_type": "data_polling", "data": data})
        async with mapped("wipsie-data-polling") as mapping:
            event = await mapping.receive()
            answer = await process_tasks(workshop, event, short(1.5))
            assert answer == {"batchItemFailures": [{"itemIdentifier": message_id}]}
            assert await mapping.receive() is not None
    assert await statuses(parts, message_id) == []


async def test_messages_of_other_senders_keep_their_id_and_attributes(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    attributes = {"colour": Attribute("blue"), "raw": Attribute("AAEC", "Binary")}
    message_id = await send(parts, "default", "[1, 2]", attributes=attributes)
    async with mapped() as mapping:
        assert await serve_once(mapping, bench, context) == []
    assert await statuses(parts, message_id) == ["succeeded"]


async def test_without_partial_answers_the_invocation_fails_and_what_succeeded_is_gone_all_the_same(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks, LAMBDA_REPORT_FAILURES="false")
    await send(parts, "data_polling", {"task_type": "nothing anybody knows", "data": {}})
    data = {"source_url": "http://name-that-does-not-exist.invalid/x.csv", "poll_interval": 60}
    await send(parts, "data_polling", {"task_type": "data_polling", "data": data})
    async with mapped("wipsie-data-polling", reports_failures=False) as mapping:
        event = await mapping.receive()
        assert event is not None
        with pytest.raises(BatchFailed, match="1 of 2"):
            await bench(event, context)
    assert await total(parts, "data_polling") == 1


async def test_a_mapping_of_a_queue_that_no_handler_serves_touches_nothing(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    await parts.engine.create_queue(QueueSettings(name=QueueName("wipsie-songs")))
    await send(parts, "songs", {"task_type": "echo", "data": 1})
    async with mapped("wipsie-songs") as mapping:
        event = await mapping.receive()
        with pytest.raises(ConfigurationError, match="No handler takes messages of the queue 'wipsie-songs'"):
            await bench(event, context)
    assert await total(parts, "songs") == 1


async def test_running_needs_a_database_that_outlives_the_container(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(process_tasks, DATABASE_URL=None)
    with pytest.raises(ConfigurationError, match="DATABASE_URL is not set"):
        await bench(document("sqs_batch"), context)


async def test_a_receipt_that_is_worth_nothing_fails_its_message_alone(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    await send(parts, "default", {"task_type": "echo", "data": 1})
    async with mapped() as mapping:
        event = await mapping.receive()
        assert event is not None
        stranger = {**event["Records"][0], "messageId": "stranger", "receiptHandle": "nonsense"}
        answer = await bench({"Records": [stranger, *event["Records"]]}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "stranger"}]}
    assert await total(parts, "default") == 0


async def test_an_api_call_sends_a_task(make_function: MakeFunction, parts: Parts, context: Context) -> None:
    bench = make_function(process_tasks, DATABASE_URL=None)
    answer = await bench(document("api_gateway_v2"), context)
    assert answer["statusCode"] == 200
    sent = json.decode(answer["body"])
    assert (sent["queue"], sent["status"]) == ("task_processing", "sent")
    (body,) = await bench.sent("task_processing")
    assert (body["id"], body["source"]) == (sent["message_id"], "lambda")


WRONG_BODIES = [
    ('{"queue_name": "nowhere", "message": {}}', 404, "QUEUE_NOT_FOUND"),
    ('{"message": {}}', 422, "VALIDATION_ERROR"),
    ('{"task_type": "processing", "data": {"operation": "sing"}}', 422, "VALIDATION_ERROR"),
    ('{"task_type": "processing"}', 422, "VALIDATION_ERROR"),
    ("7", 422, "VALIDATION_ERROR"),
    ("\ud800", 400, "INVALID_JSON"),
]


async def test_a_wrong_task_is_refused_by_the_rules_of_the_api(
    make_function: MakeFunction, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    for body, status, code in WRONG_BODIES:
        event = {**document("api_gateway_v2"), "body": body, "isBase64Encoded": False}
        answer = await bench(event, context)
        assert (answer["statusCode"], json.decode(answer["body"])["error"]["code"]) == (status, code), body
    assert await total(parts, "task_processing") == 0


async def test_a_task_is_sent_by_hand_and_by_schedule_and_once_for_each_moment(
    make_function: MakeFunction, parts: Parts, context: Context
) -> None:
    bench = make_function(process_tasks)
    task = {"task_type": "processing", "data": TABLE}
    for _ in range(2):
        sent = await bench(task, context)
        assert (sent["queue"], sent["status"]) == ("task_processing", "sent")
    schedule = {**document("scheduled_rule"), "detail": {"queue_name": "default", "message": {"task_type": "echo"}}}
    first, second = [await bench(schedule, context) for _ in range(2)]
    assert first["message_id"] == second["message_id"]
    delayed = {"queue_name": "default", "message": {"task_type": "echo"}, "delay_s": 60}
    assert (await bench(delayed, context))["queue"] == "default"
    assert (await total(parts, "task_processing"), await total(parts, "default")) == (1, 2)


async def test_new_objects_are_the_other_function_s_business(make_function: MakeFunction, context: Context) -> None:
    for name in ("s3_notice", "load_balancer", "sns_notice"):
        with pytest.raises(UnsupportedEvent, match="task_processor takes"):
            await make_function(process_tasks)(document(name), context)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_processor_heavy_work_runs_without_shared_memory(
    make_function: MakeFunction, mapped: Mapped, parts: Parts, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Lambda, which has no /dev/shm: a semaphore cannot be made."""

    def refuse(*_arguments: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", refuse)
    bench = make_function(process_tasks)
    message_id = await send(parts, "task_processing", {"task_type": "processing", "data": TABLE})
    async with mapped("wipsie-task-processing") as mapping:
        assert await serve_once(mapping, bench, context) == []
    assert await statuses(parts, message_id) == ["succeeded"]
