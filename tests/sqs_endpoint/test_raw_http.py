"""Oddities of real clients, by hand: where requests are posted, what they leave out, and what is sent by nobody's SDK."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from sqs_clients import Sqs, read_xml
from sqs_server import SqsServer

JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded"
SPACE = {"q": "http://queue.amazonaws.com/doc/2012-11-05/"}


class Wire:
    """Requests as bytes."""

    def __init__(self, server: SqsServer) -> None:
        self.authority = server.url.removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.authority, timeout=10)

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, named)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def json(self, action: str, members: dict[str, Any], path: str = "/", **headers: str) -> tuple[int, Any]:
        headers = {"Content_Type": JSON, "X_Amz_Target": f"AmazonSQS.{action}", **headers}
        status, _, body = self.ask("POST", path, json.dumps(members), **headers)
        return status, json.loads(body)

    def form(self, path: str = "/", **fields: str) -> tuple[int, ET.Element]:
        status, _, body = self.ask("POST", path, urlencode(fields), Content_Type=FORM)
        return status, read_xml(body)


@pytest.fixture
def wire(server: SqsServer) -> Iterator[Wire]:
    wire = Wire(server)
    yield wire
    wire.connection.close()


@pytest.fixture
def path(queue: str, wire: Wire) -> str:
    """The path of a queue."""
    return queue.removeprefix(f"http://{wire.authority}")


def code_of(answer: ET.Element) -> str | None:
    return answer.findtext("q:Error/q:Code", namespaces=SPACE)


def test_json_may_be_posted_to_the_url_of_the_queue(wire: Wire, path: str) -> None:
    status, sent = wire.json("SendMessage", {"MessageBody": "x"}, path)
    assert (status, bool(sent["MessageId"])) == (200, True)


def test_behind_a_prefix_urls_keep_the_prefix(wire: Wire, path: str) -> None:
    status, found = wire.json("GetQueueUrl", {"QueueName": path.rpartition("/")[2]}, "/tools/sqs/")
    assert (status, found["QueueUrl"]) == (200, f"http://{wire.authority}/tools/sqs{path}")
    status, answer = wire.form(f"/tools/sqs{path}", Action="SendMessage", MessageBody="x")
    assert status == 200
    status, answer = wire.form("/tools/sqs/", Action="GetQueueUrl", QueueName=path.rpartition("/")[2])
    url = answer.findtext("q:GetQueueUrlResult/q:QueueUrl", namespaces=SPACE)
    assert url == f"http://{wire.authority}/tools/sqs{path}"


def test_an_action_may_stand_in_the_query_string_of_a_get(wire: Wire, path: str) -> None:
    status, _, body = wire.ask("GET", f"{path}?Action=SendMessage&Version=2012-11-05&MessageBody=a+b%26c")
    assert (status, b"<MessageId>" in body) == (200, True)
    status, _, body = wire.ask("GET", f"{path}?Action=ReceiveMessage")
    message = read_xml(body).find("q:ReceiveMessageResult/q:Message", SPACE)
    assert message is not None
    assert message.findtext("q:Body", namespaces=SPACE) == "a b&c"


def test_a_presigned_get_says_region_and_account_in_its_query(wire: Wire, path: str) -> None:
    credential = "X-Amz-Credential=111122223333%2F20260101%2Feu-west-3%2Fsqs%2Faws4_request&X-Amz-Signature=ab"
    status, _, body = wire.ask("GET", f"{path}?Action=GetQueueAttributes&AttributeName.1=QueueArn&{credential}")
    assert status == 200
    assert b"arn:aws:sqs:eu-west-3:111122223333:" in body


@pytest.mark.parametrize("action", ["ListQueues", "CreateQueue"])
def test_a_get_of_a_queue_url_is_about_that_queue_alone(wire: Wire, path: str, action: str) -> None:
    status, _, body = wire.ask("GET", f"{path}?Action={action}&QueueName=other")
    assert (status, code_of(read_xml(body))) == (400, "InvalidAction")


def test_a_queue_url_without_an_action_is_an_unknown_operation(wire: Wire, path: str) -> None:
    status, _, body = wire.ask("GET", path)
    assert (status, code_of(read_xml(body))) == (404, "UnknownOperation")


def test_an_empty_prefix_lists_all_queues(wire: Wire, queue: str) -> None:
    status, answer = wire.form(Action="ListQueues", Version="2012-11-05", QueueNamePrefix="")
    urls = [one.text for one in answer.findall("q:ListQueuesResult/q:QueueUrl", SPACE)]
    assert (status, queue in urls) == (200, True)


def test_numbers_may_come_as_text(wire: Wire, path: str) -> None:
    wire.json("SendMessage", {"MessageBody": "x", "DelaySeconds": "0"}, path)
    status, received = wire.json("ReceiveMessage", {"MaxNumberOfMessages": "5", "WaitTimeSeconds": "1"}, path)
    assert (status, len(received["Messages"])) == (200, 1)


def test_an_action_without_output_answers_with_the_request_id_alone(wire: Wire, path: str) -> None:
    status, headers, body = wire.ask("POST", path, urlencode({"Action": "PurgeQueue"}), Content_Type=FORM)
    assert (status, headers["content-type"]) == (200, "text/xml")
    assert body.decode() == (
        '<?xml version="1.0"?><PurgeQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        f"<ResponseMetadata><RequestId>{headers['x-amzn-requestid']}</RequestId></ResponseMetadata></PurgeQueueResponse>"
    )


@pytest.mark.parametrize("host", ["127.0.0.1:80@evil.example", "127.0.0.1/evil", "localhost:1<x>"])
def test_a_host_that_is_no_name_is_not_said_back(wire: Wire, path: str, host: str) -> None:
    _, answer = wire.json("GetQueueUrl", {"QueueName": path.rpartition("/")[2]}, Host=host)
    assert answer.get("QueueUrl", f"http://{wire.authority}{path}") == f"http://{wire.authority}{path}"


def test_another_name_than_ours_is_refused_in_the_form_of_the_protocol(wire: Wire) -> None:
    status, answer = wire.json("ListQueues", {}, Host="evil.example")
    assert (status, answer["__type"]) == (403, "com.amazon.coral.service#AccessDeniedException")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://trusted.example"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 200),
    ],
)
def test_pages_of_other_sites_change_nothing_not_even_by_get(
    wire: Wire, path: str, headers: dict[str, str], status: int
) -> None:
    assert wire.ask("GET", f"{path}?Action=PurgeQueue", **headers)[0] == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"nul", b"\xff\xfe", b'{"QueueUrl": 5}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_is_refused(wire: Wire, body: bytes) -> None:
    status, _, answer = wire.ask("POST", "/", body, Content_Type=JSON, X_Amz_Target="AmazonSQS.SendMessage")
    assert (status, json.loads(answer)["__type"].partition("#")[2]) in {
        (400, "SerializationException"),
        (400, "MissingRequiredParameterException"),
    }


@pytest.mark.parametrize(
    "body",
    [
        b"Action=SendMessage&MessageBody=%FF",
        b"Action=SendMessage&" + b"&".join(b"a=%d" % number for number in range(3000)),
        b"Action=CreateQueue&QueueName=a&Attribute.1=x&Attribute.1.Name=y",
        b"Action=CreateQueue&QueueName=a&Attribute.x.Name=DelaySeconds",
        b"Action=CreateQueue&QueueName=a&Attribute.1.Value=DelaySeconds",
        b"Action=CreateQueue&QueueName.1=a",
        b"Action=ReceiveMessage&" + b"a." * 5000 + b"=1",
        "Action=SendMessage&MessageBody=ü".encode(),
    ],
)
def test_fields_that_make_no_request_are_refused(wire: Wire, body: bytes) -> None:
    status, _, answer = wire.ask("POST", "/", body, Content_Type=FORM)
    assert (status, bool(code_of(read_xml(answer)))) == (400, True)


def test_a_request_that_is_too_large_is_told_so(wire: Wire, path: str) -> None:
    status, _, body = wire.ask("POST", path, b"x" * (5 * 1024 * 1024), Content_Type=FORM)
    assert (status, code_of(read_xml(body))) == (413, "RequestEntityTooLarge")
    assert wire.json("ReceiveMessage", {}, path)[0] == 200


def test_the_largest_message_passes_with_every_byte_escaped(wire: Wire, path: str) -> None:
    body = "&" * (1024 * 1024)
    status, _ = wire.form(path, Action="SendMessage", MessageBody=body)
    assert status == 200
    assert wire.json("ReceiveMessage", {}, path)[1]["Messages"][0]["Body"] == body


def test_a_request_in_pieces_is_one_request(wire: Wire, path: str) -> None:
    pieces = iter([b'{"Message', b'Body": "in pieces"', b"}"])
    wire.connection.request(
        "POST", path, pieces, {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.SendMessage"}, encode_chunked=True
    )
    answer = wire.connection.getresponse()
    assert (answer.status, b"MessageId" in answer.read()) == (200, True)


def test_other_paths_are_still_the_api(wire: Wire) -> None:
    assert wire.ask("GET", "/health")[0] == 200
    status, _, body = wire.ask("POST", "/nothing/here", "a=b", Content_Type=FORM)
    assert (status, json.loads(body)["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
def test_only_get_and_post_ask_for_an_action(wire: Wire, path: str, json_sqs: Sqs, queue: str, method: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="stays")
    assert wire.ask(method, f"{path}?Action=PurgeQueue")[0] in (404, 405)
    status, _, _ = wire.ask(method, path, "{}", Content_Type=JSON, X_Amz_Target="AmazonSQS.PurgeQueue")
    assert status in (404, 405)
    assert wire.json("ReceiveMessage", {}, path)[1]["Messages"][0]["Body"] == "stays"


def test_an_action_is_what_metrics_call_a_request(wire: Wire, path: str) -> None:
    wire.json("ReceiveMessage", {}, path)
    wire.json("Nonsense" * 20, {}, path)
    page = wire.ask("GET", "/metrics")[2].decode()
    assert 'endpoint="AmazonSQS.ReceiveMessage"' in page
    assert "Nonsense" not in page


def test_a_client_that_hangs_up_in_a_long_poll_gets_no_message(
    wire: Wire, path: str, json_sqs: Sqs, queue: str
) -> None:
    host, _, port = wire.authority.partition(":")
    body = json.dumps({"WaitTimeSeconds": 20}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {wire.authority}\r\nContent-Type: {JSON}\r\n"
        f"X-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(20):
        with socket.create_connection((host, int(port)), timeout=5) as leaving:
            leaving.sendall(head.encode() + body)
        json_sqs.send_message(QueueUrl=queue, MessageBody="for somebody who stays")
        # Whoever comes next gets it, once the server noticed that the other one left.
        (message,) = json_sqs.receive_message(
            QueueUrl=queue, WaitTimeSeconds=5, AttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
        assert message["Attributes"] == {"ApproximateReceiveCount": "1"}
        json_sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
