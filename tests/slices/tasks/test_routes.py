"""Promises of the /sqs API, over real HTTP and the SQLite queue."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import aiohttp
import pytest

from wipsie.kernel.ids import WorkerId
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.eventually import eventually
from wipsie.workers.heartbeat import Activity, Heartbeat

SEND: dict[str, Any] = {
    "queue_name": "default",
    "message": {
        "task_type": "user_action",
        "message": "Process user data",
        "priority": "high",
        "data": {"user_id": "12345", "action": "profile_update"},
    },
    "attributes": {"priority": "high", "source": "web_app"},
}


async def send(client: aiohttp.ClientSession, body: Any = None, **options: Any) -> dict[str, Any]:
    async with client.post("/sqs/send", json=body or SEND, **options) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return answer


async def refused(client: aiohttp.ClientSession, method: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    async with client.request(method, path, **options) as response:
        return response.status, (await response.json())["error"]


async def receive(client: aiohttp.ClientSession, query: str = "", queue: str = "default") -> dict[str, Any]:
    async with client.get(f"/sqs/receive/{queue}{query}") as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_the_four_queues_are_listed_with_the_region(client: aiohttp.ClientSession) -> None:
    async with client.get("/sqs/queues") as response:
        assert await response.json() == {
            "available_queues": ["default", "data_polling", "task_processing", "notifications"],
            "region": "us-east-1",
        }


async def test_a_sent_message_is_answered_with_id_short_queue_status_and_time(client: aiohttp.ClientSession) -> None:
    answer = await send(client)
    assert set(answer) == {"message_id", "queue", "status", "timestamp"}
    assert (answer["queue"], answer["status"]) == ("default", "sent")
    assert uuid.UUID(answer["message_id"]).version == 4
    assert answer["timestamp"].endswith("Z")


async def test_the_stored_queue_name_is_accepted_too(client: aiohttp.ClientSession) -> None:
    answer = await send(client, {"queue_name": "wipsie-data-polling", "message": {"a": 1}})
    assert answer["queue"] == "data_polling"


async def test_a_received_message_is_what_was_sent_completed(client: aiohttp.ClientSession) -> None:
    sent = await send(client)
    answer = await receive(client, "?max_messages=5")
    assert (answer["queue"], answer["message_count"]) == ("default", 1)
    message = answer["messages"][0]
    assert set(message) == {"message_id", "body", "attributes", "receipt_handle"}
    assert message["message_id"] == sent["message_id"] == message["body"]["id"]
    assert message["body"]["data"] == SEND["message"]["data"]
    assert (message["body"]["source"], message["body"]["queue"]) == ("api", "default")
    assert message["body"]["timestamp"].endswith("Z")
    assert message["attributes"] == {
        "priority": {"StringValue": "high", "DataType": "String"},
        "source": {"StringValue": "web_app", "DataType": "String"},
    }


async def test_a_deleted_message_is_gone_and_its_receipt_is_spent(client: aiohttp.ClientSession) -> None:
    await send(client)
    receipt = (await receive(client))["messages"][0]["receipt_handle"]
    async with client.delete("/sqs/message/default", params={"receipt_handle": receipt}) as response:
        assert (response.status, await response.json()) == (200, {"status": "deleted", "queue": "default"})
    status, error = await refused(client, "DELETE", "/sqs/message/default", params={"receipt_handle": receipt})
    assert (status, error["code"]) == (409, "RECEIPT_HANDLE_EXPIRED")


async def test_a_receipt_of_an_earlier_delivery_is_expired(client: aiohttp.ClientSession) -> None:
    await send(client)
    first = (await receive(client, "?visibility_timeout_s=0"))["messages"][0]["receipt_handle"]
    await receive(client)
    status, error = await refused(client, "DELETE", "/sqs/message/default", params={"receipt_handle": first})
    assert (status, error["code"]) == (409, "RECEIPT_HANDLE_EXPIRED")


async def test_a_receipt_that_never_was_one_is_invalid(client: aiohttp.ClientSession) -> None:
    status, error = await refused(client, "DELETE", "/sqs/message/default", params={"receipt_handle": "nonsense"})
    assert (status, error["code"]) == (400, "RECEIPT_HANDLE_INVALID")


async def test_a_missing_receipt_is_named(client: aiohttp.ClientSession) -> None:
    status, error = await refused(client, "DELETE", "/sqs/message/default")
    assert (status, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", "receipt_handle")


async def test_the_test_message_arrives_in_the_default_queue(client: aiohttp.ClientSession) -> None:
    async with client.post("/sqs/test-message") as response:
        answer = await response.json()
    assert answer["status"] == "success"
    assert answer["test_message"] == {
        "type": "test",
        "message": "Hello from FastAPI!",
        "source": "api_test",
        "data": {"test_id": "api-test-001", "description": "Testing SQS integration via FastAPI"},
    }
    assert answer["result"].keys() == {"message_id", "queue", "status"}
    body = (await receive(client))["messages"][0]["body"]
    assert (body["id"], body["source"]) == (answer["result"]["message_id"], "api_test")


async def test_an_unknown_queue_is_told_with_those_that_exist(client: aiohttp.ClientSession) -> None:
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/sqs/send", {"json": {"queue_name": "invalid-queue", "message": {}}}),
        ("GET", "/sqs/receive/invalid-queue", {}),
        ("DELETE", "/sqs/message/invalid-queue?receipt_handle=x", {}),
    ]
    for method, path, options in calls:
        status, error = await refused(client, method, path, **options)
        assert (status, error["code"]) == (404, "QUEUE_NOT_FOUND")
        assert error["details"] == {
            "queue_name": "invalid-queue",
            "available_queues": ["default", "data_polling", "task_processing", "notifications"],
        }


WRONG_BODIES: list[tuple[Any, str]] = [
    ({"message": {}}, "queue_name"),
    ({"queue_name": "default"}, "message"),
    ({"queue_name": "default", "message": "text"}, "message"),
    ({"queue_name": 5, "message": {}}, "queue_name"),
    ({"queue_name": "default", "message": {}, "delay": 5}, "delay"),
    ({"queue_name": "default", "message": {}, "delay_s": -1}, "delay_s"),
    ({"queue_name": "default", "message": {"task_type": 5}}, "message.task_type"),
    ({"queue_name": "default", "message": {"priority": "urgent"}}, "priority"),
    ({"queue_name": "default", "message": {}, "attributes": {"a": None}}, "attributes.a"),
    ({"queue_name": "default", "message": {}, "attributes": {"a": ""}}, "attributes.a"),
    ({"queue_name": "default", "message": {}, "attributes": {"AWS.x": "1"}}, "attributes.AWS.x"),
    ({"queue_name": "default", "message": {}, "attributes": {"a..b": "1"}}, "attributes.a..b"),
    (
        {"queue_name": "default", "message": {}, "attributes": {"n": {"StringValue": "x", "DataType": "Number"}}},
        "attributes.n",
    ),
    ({"queue_name": "default", "message": {}, "attributes": {str(n): "x" for n in range(11)}}, "attributes"),
]


async def test_a_wrong_field_is_named(client: aiohttp.ClientSession) -> None:
    for body, field in WRONG_BODIES:
        status, error = await refused(client, "POST", "/sqs/send", json=body)
        assert (status, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", field)


async def test_attributes_are_taken_as_text_number_or_in_the_form_of_sqs(client: aiohttp.ClientSession) -> None:
    attributes = {
        "text": "a",
        "number": 1.5,
        "typed": {"StringValue": "7", "DataType": "Number.weight"},
        "binary": {"BinaryValue": "AAEC", "DataType": "Binary"},
    }
    await send(client, {"queue_name": "default", "message": {}, "attributes": attributes})
    assert (await receive(client))["messages"][0]["attributes"] == {
        "text": {"StringValue": "a", "DataType": "String"},
        "number": {"StringValue": "1.5", "DataType": "Number"},
        "typed": {"StringValue": "7", "DataType": "Number.weight"},
        "binary": {"BinaryValue": "AAEC", "DataType": "Binary"},
    }


async def test_what_is_no_json_is_refused(client: aiohttp.ClientSession) -> None:
    for body in (b"{not json", b"", b"\xff\xfe"):
        status, error = await refused(client, "POST", "/sqs/send", data=body)
        assert (status, error["code"]) == (400, "INVALID_JSON")


async def test_a_message_above_one_mebibyte_is_too_large(client: aiohttp.ClientSession) -> None:
    frame = len('{"queue_name":"default","message":{"text":""}}')
    text = "x" * (1024 * 1024 - frame)
    status, error = await refused(
        client, "POST", "/sqs/send", data=b'{"queue_name":"default","message":{"text":"%s"}}' % text.encode()
    )
    assert (status, error["code"]) == (413, "MESSAGE_TOO_LARGE")


WRONG_DATA: list[tuple[str, Any, str]] = [
    ("data_polling", None, "message.data"),
    ("data_polling", {"source_url": "http://a.example/"}, "message.data.poll_interval"),
    ("data_polling", {"source_url": "http://a.example/", "poll_interval": 0}, "message.data.poll_interval"),
    ("data_polling", {"source_url": "ftp://a.example/", "poll_interval": 1}, "message.data.source_url"),
    ("processing", {"operation": "magic", "input_data": []}, "message.data.operation"),
    ("processing", {"operation": "analysis"}, "message.data.input_data"),
    ("notification", {"notification_type": "email", "body": ""}, "message.data.recipient"),
    ("notification", {"notification_type": "fax", "recipient": "a", "body": ""}, "message.data.notification_type"),
]


async def test_a_known_task_type_is_checked_against_its_schema(client: aiohttp.ClientSession) -> None:
    for task_type, data, field in WRONG_DATA:
        message = {"task_type": task_type} | ({} if data is None else {"data": data})
        status, error = await refused(client, "POST", "/sqs/send", json={"queue_name": "default", "message": message})
        assert (status, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", field)
        if "magic" in str(data):
            assert "analysis, transformation, aggregation" in error["message"]


async def test_an_unknown_task_type_is_accepted(client: aiohttp.ClientSession) -> None:
    await send(client, {"queue_name": "default", "message": {"task_type": "nobody_knows", "data": [1]}})


async def test_a_repeat_with_the_same_idempotency_key_stores_nothing(client: aiohttp.ClientSession) -> None:
    headers = {"Idempotency-Key": "order-4711"}
    first = await send(client, headers=headers)
    again = await send(client, headers=headers)
    assert again == {**first, "duplicate": True}
    assert (await receive(client, "?max_messages=10"))["message_count"] == 1


async def test_an_idempotency_key_with_another_body_is_refused(client: aiohttp.ClientSession) -> None:
    headers = {"Idempotency-Key": "order-4711"}
    await send(client, headers=headers)
    status, error = await refused(
        client, "POST", "/sqs/send", json={"queue_name": "default", "message": {"other": 1}}, headers=headers
    )
    assert (status, error["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


async def test_high_priority_overtakes_and_a_delayed_message_waits(client: aiohttp.ClientSession) -> None:
    await send(client, {"queue_name": "default", "message": {"n": 1}})
    await send(client, {"queue_name": "default", "message": {"n": 2, "priority": "high"}})
    await send(client, {"queue_name": "default", "message": {"n": 3}, "delay_s": 600})
    messages = (await receive(client, "?max_messages=10"))["messages"]
    assert [message["body"]["n"] for message in messages] == [2, 1]


WRONG_QUERIES = [
    ("max_messages=0", "max_messages"),
    ("max_messages=11", "max_messages"),
    ("max_messages=many", "max_messages"),
    ("max_messages=", "max_messages"),
    ("wait_s=21", "wait_s"),
    ("wait_s=nan", "wait_s"),
    ("visibility_timeout_s=-1", "visibility_timeout_s"),
    ("maxmessages=2", "maxmessages"),
]


async def test_a_wrong_query_is_named(client: aiohttp.ClientSession) -> None:
    for query, field in WRONG_QUERIES:
        status, error = await refused(client, "GET", f"/sqs/receive/default?{query}")
        assert (status, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", field)


async def test_an_empty_queue_is_answered_at_once(client: aiohttp.ClientSession) -> None:
    assert await receive(client) == {"queue": "default", "message_count": 0, "messages": []}


async def test_a_waiting_receiver_gets_a_message_that_comes_later(client: aiohttp.ClientSession) -> None:
    waiting = asyncio.ensure_future(receive(client, "?wait_s=10"))
    await send(client)
    assert (await waiting)["message_count"] == 1


async def test_a_waiting_receiver_that_left_takes_no_message(client: aiohttp.ClientSession) -> None:
    with pytest.raises(TimeoutError):
        await client.get("/sqs/receive/default?wait_s=20", timeout=aiohttp.ClientTimeout(total=0.2))
    await send(client)

    async def arrives() -> int:
        return (await receive(client))["message_count"]

    await eventually(arrives, message="the message is free for others")


async def test_text_that_is_no_json_is_received_as_it_is(client: aiohttp.ClientSession, desk: Any) -> None:
    from wipsie.kernel.ids import new_message_id
    from wipsie.queue.contract import NewMessage

    queue = desk.engine.resolve("default")
    await desk.engine.send(NewMessage(queue=queue, body="just text", message_id=new_message_id()))
    assert (await receive(client))["messages"][0]["body"] == "just text"


async def test_statistics_count_every_queue_and_its_dead_letters(client: aiohttp.ClientSession) -> None:
    await send(client)
    async with client.get("/sqs/stats") as response:
        queues = {one["queue"]: one for one in (await response.json())["queues"]}
    assert (queues["default"]["ready"], queues["default"]["total"]) == (1, 1)
    assert queues["default_dlq"]["is_dead_letter_queue"]
    assert len(queues) == 8


async def test_workers_are_listed_with_how_they_are(client: aiohttp.ClientSession, desk: Any) -> None:
    async with client.get("/sqs/workers") as response:
        body = await response.json()
        assert (response.status, body["workers"], body["alive"]) == (200, [], 0)
    heartbeat = Heartbeat(
        desk.database,
        worker_id=WorkerId("one"),
        queues=["default"],
        slots=16,
        activity=lambda: Activity(busy=2, processed=7, failed=1),
        clock=desk.clock,
        metrics=Metrics(),
    )
    await heartbeat.beat()
    async with client.get("/sqs/workers") as response:
        body = await response.json()
    assert body["alive"] == 1
    (worker,) = body["workers"]
    assert {name: worker[name] for name in ("id", "state", "queues", "busy", "slots", "processed", "failed")} == {
        "id": "one",
        "state": "alive",
        "queues": ["default"],
        "busy": 2,
        "slots": 16,
        "processed": 7,
        "failed": 1,
    }
    assert worker["last_heartbeat_at"].endswith("Z")
    await heartbeat.sign_off()
    async with client.get("/sqs/workers") as response:
        assert [one["state"] for one in (await response.json())["workers"]] == ["stopped"]


async def test_runs_of_an_unknown_message_are_none(client: aiohttp.ClientSession) -> None:
    async with client.get("/sqs/runs", params={"message_id": "nobody"}) as response:
        assert await response.json() == {"runs": []}
    status, error = await refused(client, "GET", "/sqs/runs?status=odd")
    assert (status, error["details"]["field"]) == (422, "status")


async def test_the_root_welcomes_programs_with_links(client: aiohttp.ClientSession) -> None:
    async with client.get("/", headers={"Accept": "text/html"}, allow_redirects=False) as response:
        answer = await response.json()
    assert (response.status, answer["name"], answer["version"]) == (200, "Wipsie", "1.2.3")
    assert "console" not in answer["links"]


async def test_the_root_sends_browsers_to_an_installed_console(open_desk: Any, connect: Any) -> None:
    client = await connect(await open_desk(console_installed=True))
    async with client.get("/", headers={"Accept": "text/html,*/*"}, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (307, "/console/")
        assert response.headers["Vary"] == "Accept"
    async with client.get("/", headers={"Accept": "application/json"}) as response:
        assert (await response.json())["links"]["console"] == "/console/"


async def test_every_operation_is_described_with_its_types(client: aiohttp.ClientSession) -> None:
    async with client.get("/openapi.json") as response:
        schema = await response.json()
    send_body = schema["paths"]["/sqs/send"]["post"]["requestBody"]["content"]["application/json"]
    assert set(send_body["examples"]) == {"any message", "poll a source", "work on a table", "notify"}
    for path, method in (
        ("/", "get"),
        ("/sqs/queues", "get"),
        ("/sqs/receive/{queue_name}", "get"),
        ("/sqs/message/{queue_name}", "delete"),
        ("/sqs/test-message", "post"),
        ("/sqs/stats", "get"),
        ("/sqs/runs", "get"),
    ):
        assert "schema" in schema["paths"][path][method]["responses"]["200"]["content"]["application/json"], path
