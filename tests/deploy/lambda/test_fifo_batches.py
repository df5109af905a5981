"""Amazon hands several messages of one group to one batch, as moto does; Wipsie's own endpoint never does."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lambda_bench import Context

from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.processor import process_tasks
from wipsie.app.lambda_functions.settings import read_function_settings
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.queue.message import StandardMessage
from wipsie.testing.servers import MotoServer
from wipsie.testing.simulators.aws_lambda import Invoked, RuntimeApi, SqsMapping
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext

CLOCK = SystemClock()


@pytest.fixture
async def workshop(
    aws: None, moto_server: MotoServer, migrated_database_url: str, tmp_path: Path
) -> AsyncIterator[Workshop]:
    """The parts of a function, with a FIFO queue that has a handler."""
    values = {
        "AWS_ENDPOINT_URL_SQS": moto_server.endpoint_url,
        "DATABASE_URL": migrated_database_url,
        "WIPSIE_DATA_DIR": str(tmp_path / "function"),
        "SQS_QUEUE_PREFIX": f"t{os.urandom(4).hex()}-",
        "LOG_FILE": str(tmp_path / "function.log"),
    }
    workshop = Workshop(read_function_settings(values), CLOCK)
    await workshop.open_all()
    yield workshop
    await workshop.close()


async def test_nothing_of_a_group_runs_after_one_that_stays(workshop: Workshop, moto_server: MotoServer) -> None:
    engine = workshop.parts.engine
    name = QueueName(f"{engine.names.prefix}orders.fifo")
    await engine.declare([QueueSettings(name=name, fifo=True)])
    ran: list[str] = []

    async def take(message: StandardMessage[Any], context: TaskContext) -> None:
        ran.append(message.data["n"])
        if message.data["n"] == "a2":
            raise Retry("not yet")

    workshop.parts.registry.add(HandlerSpec(task_type="order", queue="orders.fifo", function=take))
    ids: dict[str, str] = {}
    for label in ("a1", "a2", "a3", "b1", "b2"):
        message_id = new_message_id()
        body = f'{{"task_type": "order", "data": {{"n": "{label}"}}}}'
        await engine.send(NewMessage(queue=name, body=body, message_id=message_id, group_id=label[0]))
        ids[message_id] = label
    async with SqsMapping(RuntimeApi(), moto_server.endpoint_url, name) as mapping:
        event = await mapping.receive()
        assert event is not None
        assert len(event["Records"]) == 5
        answer = await process_tasks(workshop, event, Invocation.of(Context(30.0), CLOCK))
        await mapping.settle(event, Invoked(request_id="r", answer=answer))
    assert [one for one in ran if one[0] == "a"] == ["a1", "a2"]
    assert [one for one in ran if one[0] == "b"] == ["b1", "b2"]
    by_transport = {record["messageId"]: record for record in event["Records"]}
    stayed = [by_transport[one["itemIdentifier"]]["body"] for one in answer["batchItemFailures"]]
    assert ["a2" in stayed[0], "a3" in stayed[1], len(stayed)] == [True, True, 2]
    assert (await engine.counts(name)).total == 2
