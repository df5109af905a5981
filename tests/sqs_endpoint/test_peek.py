"""Messages are looked at without being received, at the path and in the form that tools for local queues know."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest
from sqs_clients import NewQueue, Sqs, make_client, read_xml, receive_all
from sqs_server import SqsServer

from wipsie.sqs_endpoint.actions import peek_messages

PATH = "/_aws/sqs/messages"
NS = "{http://queue.amazonaws.com/doc/2012-11-05/}"


class Tool:
    """A plain HTTP client."""

    def __init__(self, server: SqsServer) -> None:
        self._authority = server.url.removeprefix("http://")

    def ask(self, path: str, method: str = "GET", accept: str = "application/json", **fields: Any) -> tuple[int, bytes]:
        connection = HTTPConnection(self._authority, timeout=20)
        try:
            query = f"?{urlencode(fields)}" if fields else ""
            connection.request(method, path + query, headers={"Accept": accept})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def result(self, path: str = PATH, **fields: Any) -> dict[str, Any]:
        status, body = self.ask(path, **fields)
        assert status == 200, body
        return json.loads(body)["ReceiveMessageResponse"]["ReceiveMessageResult"]

    def bodies(self, path: str = PATH, **fields: Any) -> list[str]:
        return [message["Body"] for message in self.result(path, **fields)["Message"]]

    def code(self, path: str = PATH, **fields: Any) -> tuple[int, str]:
        status, body = self.ask(path, **fields)
        return status, json.loads(body)["ErrorResponse"]["Error"]["Code"]


@pytest.fixture
def tool(server: SqsServer) -> Tool:
    return Tool(server)


def pairs(members: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in members}


def test_looking_changes_nothing(tool: Tool, json_sqs: Sqs, queue: str) -> None:
    note = {"DataType": "String", "StringValue": "b"}
    sent = json_sqs.send_message(QueueUrl=queue, MessageBody="one", MessageAttributes={"a": note})
    json_sqs.send_message(QueueUrl=queue, MessageBody="two")
    for _ in range(3):
        first, second = tool.result(QueueUrl=queue)["Message"]
        assert (first["Body"], second["Body"]) == ("one", "two")
        assert first["MD5OfBody"] == sent["MD5OfMessageBody"]
        assert pairs(first["MessageAttribute"]) == {"a": note}
        system = pairs(first["Attribute"])
        assert (system["ApproximateReceiveCount"], system["IsVisible"], system["IsDelayed"]) == ("0", "true", "false")
        assert system["SenderId"] == "000000000000"
    (message,) = json_sqs.receive_message(QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}


def test_what_is_in_flight_or_delayed_is_shown_if_asked_for(tool: Tool, json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="leased")
    receive_all(json_sqs, queue)
    json_sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=900)
    json_sqs.send_message(QueueUrl=queue, MessageBody="ready")
    assert tool.bodies(QueueUrl=queue) == ["ready"]
    assert tool.bodies(QueueUrl=queue, ShowInvisible="true") == ["leased", "ready"]
    assert tool.bodies(QueueUrl=queue, ShowDelayed="True", ShowInvisible="False") == ["delayed", "ready"]
    leased, delayed, _ = tool.result(QueueUrl=queue, ShowInvisible="true", ShowDelayed="true")["Message"]
    assert pairs(leased["Attribute"])["IsVisible"] == "false"
    assert pairs(delayed["Attribute"])["IsDelayed"] == "true"


def test_an_empty_queue_shows_an_empty_list(tool: Tool, queue: str) -> None:
    assert tool.result(QueueUrl=queue) == {"Message": []}


def test_a_whole_group_is_seen_while_its_first_is_in_flight(tool: Tool, json_sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    for body in ("1", "2", "3"):
        json_sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="g")
    json_sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1)
    assert tool.bodies(QueueUrl=queue) == ["2", "3"]
    assert tool.bodies(QueueUrl=queue, ShowInvisible="true") == ["1", "2", "3"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_answer_is_xml_unless_json_is_asked_for(tool: Tool, json_sqs: Sqs, queue: str, method: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="a < b")
    status, body = tool.ask(PATH, method, "*/*", QueueUrl=queue)
    root = read_xml(body)
    assert (status, root.tag) == (200, f"{NS}ReceiveMessageResponse")
    assert [one.text for one in root.iter(f"{NS}Body")] == ["a < b"]
    assert root.find(f".//{NS}RequestId") is not None


def test_the_queue_may_stand_in_the_path(tool: Tool, json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="x")
    name = queue.rpartition("/")[2]
    assert tool.bodies(f"{PATH}/us-east-1/000000000000/{name}") == ["x"]


def test_an_sdk_looks_when_its_endpoint_is_the_path(server: SqsServer, json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="x")
    for protocol in ("json", "query"):
        looking = make_client(server.url + PATH, protocol)
        try:
            (message,) = looking.receive_message(QueueUrl=queue)["Messages"]
            assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == ("x", "0")
            for call in (
                lambda client=looking: client.send_message(QueueUrl=queue, MessageBody="y"),
                lambda client=looking: client.purge_queue(QueueUrl=queue),
            ):
                with pytest.raises(looking.exceptions.ClientError) as refusal:
                    call()
                assert refusal.value.response["Error"]["Code"] == "InvalidRequest"
            with pytest.raises(json_sqs.exceptions.ClientError):
                json_sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        finally:
            looking.close()
    assert [one["Body"] for one in receive_all(json_sqs, queue)] == ["x"]


def test_pages_follow_each_other(tool: Tool, json_sqs: Sqs, queue: str) -> None:
    for start in range(0, 50, 10):
        entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(start, start + 10)]
        json_sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    seen: list[str] = []
    token: dict[str, str] = {}
    for _ in range(10):
        page = tool.result(QueueUrl=queue, MaxNumberOfMessages=23, **token)
        seen += [one["Body"] for one in page["Message"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [str(number) for number in range(50)]
    assert "NextToken" not in tool.result(QueueUrl=queue)


def test_an_answer_is_bounded_in_size(tool: Tool, json_sqs: Sqs, queue: str) -> None:
    for _ in range(6):
        json_sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_000_000)
    page = tool.result(QueueUrl=queue)
    assert len(page["Message"]) == peek_messages.BYTES_MAX // 1_000_000 + 1
    rest = tool.result(QueueUrl=queue, NextToken=page["NextToken"])
    assert len(page["Message"]) + len(rest["Message"]) == 6


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (400, "AWS.SimpleQueueService.NonExistentQueue")),
        ({"QueueUrl": "http://localhost/000000000000/none"}, (400, "AWS.SimpleQueueService.NonExistentQueue")),
        ({"QueueUrl": "x" * 5000}, (400, "AWS.SimpleQueueService.NonExistentQueue")),
        ({"MaxNumberOfMessages": "0"}, (400, "InvalidParameterValue")),
        ({"MaxNumberOfMessages": "1001"}, (400, "InvalidParameterValue")),
        ({"MaxNumberOfMessages": "many"}, (400, "InvalidParameterValue")),
        ({"ShowInvisible": "perhaps"}, (400, "InvalidParameterValue")),
        ({"NextToken": "-1"}, (400, "InvalidParameterValue")),
        ({"NextToken": "9" * 40}, (400, "InvalidParameterValue")),
        ({"Action": "PurgeQueue"}, (400, "InvalidRequest")),
    ],
)
def test_what_cannot_be_looked_at_is_refused(
    tool: Tool, queue: str, fields: dict[str, str], expected: tuple[int, str]
) -> None:
    if "QueueUrl" not in fields and fields:
        fields = {"QueueUrl": queue, **fields}
    assert tool.code(**fields) == expected


@pytest.mark.parametrize("path", [f"{PATH}x", f"{PATH}/a", f"{PATH}/a/b/c/d", "/_aws/sqs", "/_aws/ses"])
def test_other_paths_are_none_of_ours(tool: Tool, path: str) -> None:
    status, body = tool.ask(path)
    assert (status, json.loads(body)["error"]["code"]) == (404, "NOT_FOUND")


def test_pages_of_other_sites_see_nothing(server: SqsServer, json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="secret")
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", f"{PATH}?{urlencode({'QueueUrl': queue})}", headers={"Origin": "http://evil.example"})
        answer = connection.getresponse()
        assert (answer.status, b"secret" in answer.read()) == (403, False)
    finally:
        connection.close()
