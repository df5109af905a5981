"""Anything may write to a queue: no body ends a worker, none is lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wipsie.kernel.errors import ConfigurationError
from wipsie.workers.handler import HandlerRegistry, HandlerSpec
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.task_decoder import TaskDecoder

BODIES = [
    "hello",
    "[1, 2, 3]",
    "42",
    "null",
    '"text"',
    "{",
    "{}",
    '{"task_type": 7}',
    '{"task_type": null, "data": null}',
    '{"data": "text"}',
    '{"data": [1]}',
    '{"id": {}, "timestamp": 5, "priority": [], "retry_count": "many", "data": {}}',
    "[" * 100_000,
    '{"data":' * 50_000,
    "\ufeff{}",
    "€" * 1000,
]


class Order(msgspec.Struct):
    number: int


async def test_foreign_bodies_never_kill_a_worker(workshop: Any) -> None:
    seen: list[Any] = []

    async def handler(message: Any, context: Any) -> None:
        seen.append(message)

    workshop.handler(handler, is_fallback=True)
    for body in BODIES:
        await workshop.send_body(body)
    last = await workshop.send()
    worker = await workshop.start_worker()
    await workshop.until_empty()
    (run,) = await workshop.runs(last)
    assert run.status == "succeeded"
    assert worker.status()["healthy"]
    assert len(seen) + len(await workshop.dead_letters()) == len(BODIES) + 1


async def test_text_that_is_no_json_object_reaches_the_fallback_handler_as_raw(workshop: Any) -> None:
    seen: list[Any] = []

    async def handler(message: Any, context: Any) -> None:
        seen.append((message.id, message.task_type, message.data))

    workshop.handler(handler, is_fallback=True)
    message_id = await workshop.send_body("[1, 2]")
    await workshop.start_worker()
    await workshop.until_empty()
    assert seen == [(message_id, "raw", {"raw": "[1, 2]"})]


async def test_an_object_without_standard_fields_becomes_the_data_of_a_default_task(workshop: Any) -> None:
    seen: list[Any] = []

    async def handler(message: Any, context: Any) -> None:
        seen.append((message.task_type, message.source, message.data))

    workshop.handler(handler, task_type="default")
    await workshop.send_body('{"order": 5, "source": "shop"}')
    await workshop.start_worker()
    await workshop.until_empty()
    assert seen == [("default", "shop", {"order": 5})]


async def test_data_that_does_not_fit_is_dead_lettered_with_the_field_that_is_wrong(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler, data_type=Order)
    message_id = await workshop.send({"number": "seven"})
    await workshop.start_worker()
    cause = (await workshop.dead_letter()).dead_letter.cause
    assert cause.code == "VALIDATION_ERROR"
    assert "task type 'job'" in cause.reason
    assert "$.data.number" in cause.reason
    (run,) = await workshop.runs(message_id)
    assert run.status == "rejected"


async def test_a_task_type_nobody_handles_is_dead_lettered_with_the_known_ones(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler)
    await workshop.send(task_type="unheard_of")
    await workshop.start_worker()
    cause = (await workshop.dead_letter()).dead_letter.cause
    assert cause.code == "NO_HANDLER"
    assert cause.reason == "Queue 'default' has no handler for task type 'unheard_of'. Known task types: job."


async def test_raw_text_nobody_takes_is_dead_lettered_as_unreadable(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler)
    await workshop.send_body("hello")
    await workshop.start_worker()
    assert (await workshop.dead_letter()).dead_letter.cause.code == "UNREADABLE"


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:20])
def test_every_body_is_decoded_when_there_is_a_fallback(body: str) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    registry = HandlerRegistry()
    registry.add(HandlerSpec(task_type="any", queue="default", function=handler, data_type=Any, is_fallback=True))
    decoder = TaskDecoder("default", registry, RetryPolicy())
    _, message = decoder.decode(_delivery(body))
    assert message.id
    assert message.timestamp


def _delivery(body: str) -> Any:
    from wipsie.kernel.ids import MessageId, QueueName, Receipt
    from wipsie.queue.contract import Delivery, Priority

    return Delivery(
        queue=QueueName("wipsie-default"),
        message_id=MessageId("m-1"),
        receipt=Receipt("r-1"),
        body=body,
        attributes={},
        priority=Priority.MEDIUM,
        sequence_number=1,
        sent_at_ms=0,
        waiting_since_ms=0,
        received_at_ms=0,
        lease_until_ms=30_000,
        receive_count=1,
        first_received_at_ms=0,
    )


async def test_a_handler_that_reads_bodies_gets_every_one_as_it_came(workshop: Any) -> None:
    seen: list[tuple[str, str]] = []

    async def handler(message: Any, context: Any) -> None:
        assert message.id == context.delivery.message_id
        seen.append((message.task_type, context.delivery.body))

    workshop.handler(handler, task_type="letter", reads_body=True)
    for body in BODIES:
        await workshop.send_body(body)
    await workshop.start_worker()
    await workshop.until_empty()
    assert sorted(seen) == sorted(("letter", body) for body in BODIES)


def test_a_handler_that_reads_bodies_is_alone_in_its_queue() -> None:
    async def handler(message: Any, context: Any) -> None: ...

    reader = HandlerSpec(task_type="letter", queue="mail", function=handler, reads_body=True)
    other = HandlerSpec(task_type="job", queue="mail", function=handler)
    for first, second in ((reader, other), (other, reader)):
        registry = HandlerRegistry()
        registry.add(first)
        with pytest.raises(ConfigurationError, match="reads all its bodies"):
            registry.add(second)
