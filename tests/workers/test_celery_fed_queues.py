"""A message brought by Celery goes through the worker like any other, and its bringer is told how it ended."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import Delivery
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.testing.eventually import eventually
from wipsie.workers.celery_bridge.fed_queues import Ending, FedQueues
from wipsie.workers.celery_bridge.opening import open_of_endpoint
from wipsie.workers.celery_bridge.received import Received
from wipsie.workers.handler import Reject
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker


def as_the_endpoint_gives_it(delivery: Delivery) -> dict[str, Any]:
    return {
        "MessageId": delivery.message_id,
        "ReceiptHandle": delivery.receipt,
        "Body": delivery.body,
        "Attributes": {
            "ApproximateReceiveCount": str(delivery.receive_count),
            "SentTimestamp": str(delivery.sent_at_ms),
            "ApproximateFirstReceiveTimestamp": str(delivery.first_received_at_ms),
        },
        "MessageAttributes": {
            name: {"DataType": one.data_type, "StringValue": one.value} for name, one in delivery.attributes.items()
        },
    }


class Bridge:
    """A worker over fed queues, and the hand that feeds it; the queue file is the workshop's."""

    def __init__(self, workshop: Any, path: Path) -> None:
        self._workshop = workshop
        clock = workshop.clock
        self.fed = FedQueues(SqliteQueueBackend(path, clock=clock), open_of_endpoint, clock)
        self.engine = QueueEngine(self.fed, clock=clock, names=QueueNames())
        self.worker: Worker | None = None

    async def start(self) -> None:
        shop = self._workshop
        await self.engine.start()
        self.worker = Worker(
            self.engine,
            shop.registry,
            run_log=shop.run_log,
            database=shop.database,
            metrics=shop.metrics,
            clock=shop.clock,
            settings=WorkerSettings(concurrency=2),
            cpu_pool=shop.cpu_pool,
        )
        await self.worker.start()

    async def receive(self) -> Received:
        """As kombu does: over another connection, without a word of the worker."""
        queue = self._workshop.queue()
        (delivery,) = await self._workshop.engine.receive(queue)
        return Received(
            queue=queue,
            message=as_the_endpoint_gives_it(delivery),
            leased_at_ms=delivery.received_at_ms,
            lease_s=(delivery.lease_until_ms - delivery.received_at_ms) / 1000,
        )

    async def process(self) -> Ending:
        return await self.fed.process(await self.receive())

    async def stop(self) -> None:
        if self.worker is not None:
            await self.worker.drain(0.0)
            await self.engine.stop()


@pytest.fixture
async def bridge(workshop: Any, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = Bridge(workshop, tmp_path / "queue.db")
    yield bridge
    await bridge.stop()


Handler = Callable[[Any, Any], Awaitable[Any]]


async def returns_data(message: Any, context: Any) -> Any:
    return message.data


async def fails(message: Any, context: Any) -> Any:
    raise RuntimeError("no luck")


async def rejects(message: Any, context: Any) -> Any:
    raise Reject("not for us")


async def test_what_succeeds_is_acknowledged_and_in_the_run_log(workshop: Any, bridge: Bridge) -> None:
    workshop.handler(returns_data)
    message_id = await workshop.send({"n": 1})
    await bridge.start()
    assert await bridge.process() == Ending(well=True, text="done")
    (run,) = await workshop.runs(message_id)
    assert (run.status, json.loads(run.result)) == ("succeeded", {"n": 1})
    await workshop.until_empty()


async def test_failures_climb_the_ladder_and_end_with_the_dead_letters(workshop: Any, bridge: Bridge) -> None:
    workshop.handler(fails)
    message_id = await workshop.send()
    await bridge.start()
    for wait_s in (30, 60, 120):
        assert await bridge.process() == Ending(well=False, text=f"given back for {wait_s} s")
        await workshop.pass_time(wait_s - 1)
        assert await workshop.engine.receive(workshop.queue()) == []
        await workshop.pass_time(1)
    ending = await bridge.process()
    assert ending == Ending(well=False, text="dead-lettered: RuntimeError: no luck")
    dead = await workshop.dead_letter()
    assert dead.message_id == message_id
    assert [attempt.attempt for attempt in dead.dead_letter.cause.attempts] == [1, 2, 3, 4]


async def test_a_rejected_message_is_dead_lettered_at_once(workshop: Any, bridge: Bridge) -> None:
    workshop.handler(rejects)
    await workshop.send()
    await bridge.start()
    assert await bridge.process() == Ending(well=False, text="dead-lettered: not for us")


async def test_what_succeeded_in_a_worker_that_died_is_not_run_again(workshop: Any, bridge: Bridge) -> None:
    ran: list[int] = []

    async def counted(message: Any, context: Any) -> None:
        ran.append(context.attempt)

    workshop.handler(counted)
    message_id = await workshop.send()
    await bridge.start()
    received = await bridge.receive()
    delivered = await bridge.fed.process(received)
    assert delivered.well
    # As if it had died between the record and the acknowledgement.
    await workshop.send_body(json.dumps({"task_type": "job", "data": {}}))
    (again,) = await workshop.engine.receive(workshop.queue())
    message = as_the_endpoint_gives_it(again) | {"MessageId": message_id}
    message["Attributes"]["ApproximateReceiveCount"] = "2"
    second = Received(queue=received.queue, message=message, leased_at_ms=again.received_at_ms, lease_s=30)
    assert (await bridge.fed.process(second)).well
    assert ran == [1]


async def test_its_lease_is_kept_while_its_handler_runs(workshop: Any, bridge: Bridge) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(message: Any, context: Any) -> None:
        started.set()
        await finish.wait()

    workshop.handler(slow)
    await workshop.send()
    await bridge.start()
    processing = asyncio.create_task(bridge.process())
    await started.wait()
    await workshop.clock.advance(100)
    assert await workshop.engine.receive(workshop.queue()) == []
    finish.set()
    assert (await processing).well


async def test_a_message_that_somebody_else_has_by_now_is_let_go(workshop: Any, bridge: Bridge) -> None:
    async def endless(message: Any, context: Any) -> None:
        await asyncio.Event().wait()

    workshop.handler(endless)
    await workshop.send()
    await bridge.start()
    received = await bridge.receive()
    await workshop.pass_time(31)
    assert len(await workshop.engine.receive(workshop.queue(), visibility_timeout_s=300)) == 1
    processing = asyncio.create_task(bridge.fed.process(received))
    await workshop.clock.settle()
    await workshop.clock.advance(2)
    await eventually(processing.done, message="it is let go")
    assert processing.result().text == "its lease was lost: somebody else has the message"


async def test_calls_of_celerys_are_run_kept_until_they_are_due_or_refused(workshop: Any, bridge: Bridge) -> None:
    workshop.handler(returns_data)
    await bridge.start()

    def call(task: str, **headers: Any) -> str:
        envelope = {
            "body": json.dumps([[{"task_type": "job", "data": {"n": 2}}], {}, {}]),
            "headers": {"task": task, "id": "call-1", **headers},
            "properties": {},
            "content-type": "application/json",
        }
        return base64.b64encode(json.dumps(envelope).encode()).decode()

    message_id = await workshop.send_body(call("process_default_message"))
    assert (await bridge.process()).well
    (run,) = await workshop.runs(message_id)
    assert json.loads(run.result) == {"n": 2}

    await workshop.send_body(call("process_default_message", eta="2100-01-01T00:00:00Z"))
    assert (await bridge.process()).text.startswith("not due before")
    assert (await workshop.counts()).delayed == 1

    await workshop.send_body(call("shop.bill"))
    assert "dead-lettered" in (await bridge.process()).text
    dead = await workshop.dead_letter()
    assert dead.dead_letter.cause.code == "UNREADABLE"
    assert "'shop.bill'" in dead.dead_letter.cause.reason


async def test_what_is_not_settled_when_the_process_ends_is_told_so(workshop: Any, bridge: Bridge) -> None:
    await bridge.start()
    await workshop.send()
    received = await bridge.receive()
    # No handler, so that nobody takes what is offered.
    processing = asyncio.create_task(bridge.fed.process(received))
    await workshop.clock.settle()
    await bridge.stop()
    assert "the lease brings it back" in (await processing).text
    bridge.worker = None
