"""Amazon SQS on the port of the API, over the queues of the workers."""

from __future__ import annotations

import dataclasses
import json

import aiohttp

from wipsie.app.application import Application
from wipsie.app.parts import Parts
from wipsie.app.settings import Settings
from wipsie.app.settings.sections import SqsEndpointSection
from wipsie.kernel.ids import QueueName
from wipsie.testing.served import served

JSON = "application/x-amz-json-1.0"


async def ask(url: str, action: str, **members: object) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": JSON, "X-Amz-Target": f"AmazonSQS.{action}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=json.dumps(members), headers=headers) as answer,
    ):
        return answer.status, json.loads(await answer.read())


async def test_one_message_is_one_message_whoever_sends_and_receives_it(parts: Parts) -> None:
    api = Application(parts, ("api",)).build_api()
    async with served(api) as url, aiohttp.ClientSession(url) as session:
        status, sent = await ask(url, "SendMessage", QueueUrl="wipsie-default", MessageBody='{"task_type": "default"}')
        assert status == 200
        async with session.get("/sqs/receive/default") as answer:
            received = await answer.json()
        assert [one["message_id"] for one in received["messages"]] == [sent["MessageId"]]
        async with session.post("/sqs/send", json={"queue_name": "default", "message": {"a": 1}}) as answer:
            sent_here = await answer.json()
        status, found = await ask(url, "ReceiveMessage", QueueUrl=f"{url}/000000000000/wipsie-default")
        messages = found["Messages"]
        assert isinstance(messages, list)
        assert messages[0]["MessageId"] == sent_here["message_id"]


async def test_what_clients_noted_at_a_declared_queue_outlives_a_restart(parts: Parts) -> None:
    api = Application(parts, ("api",)).build_api()
    async with served(api) as url:
        attributes = {"ReceiveMessageWaitTimeSeconds": "7"}
        assert (await ask(url, "SetQueueAttributes", QueueUrl="wipsie-default", Attributes=attributes))[0] == 200
    await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
    settings = await parts.engine.queue_settings(QueueName("wipsie-default"))
    assert settings.protocol_attributes["ReceiveMessageWaitTimeSeconds"] == "7"


async def test_it_is_as_strict_as_the_setting_says(parts: Parts, settings: Settings) -> None:
    strict = dataclasses.replace(settings, sqs_endpoint=SqsEndpointSection(strict=True))
    for given, expected in ((settings, [200, 200]), (strict, [200, 403])):
        api = Application(dataclasses.replace(parts, settings=given), ("api",)).build_api()
        async with served(api) as url:
            assert [(await ask(url, "PurgeQueue", QueueUrl="wipsie-default"))[0] for _ in range(2)] == expected


async def test_where_others_reach_it_nobody_is_let_in_unsigned(parts: Parts) -> None:
    api = Application(parts, ("api",)).build_api(loopback_only=False)
    async with served(api) as url:
        status, answer = await ask(url, "ListQueues")
        assert (status, answer["__type"]) == (403, "com.amazon.coral.service#MissingAuthenticationTokenException")


async def test_a_process_without_the_api_serves_no_queues(parts: Parts) -> None:
    api = Application(parts, ("worker",)).build_metrics_api()
    async with served(api) as url:
        status, answer = await ask(url, "ListQueues")
        assert status in (404, 405)
        assert "error" in answer


async def test_a_store_that_is_away_is_a_503_with_a_time_to_come_back(parts: Parts) -> None:
    api = Application(parts, ("api",)).build_api()
    await parts.engine.stop()
    async with (
        served(api) as url,
        aiohttp.ClientSession() as session,
        session.post(
            url,
            data=b'{"QueueUrl": "wipsie-default", "MessageBody": "x"}',
            headers={"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.SendMessage"},
        ) as answer,
    ):
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["x-amzn-query-error"] == "ServiceUnavailable;Receiver"
