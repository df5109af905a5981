"""Whatever is sent in either protocol, the answer is one of the protocol and never a failure of ours."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqs_clients import read_xml
from sqs_server import SqsServer

from wipsie.sqs_endpoint.actions.table import OPERATIONS

ACTIONS = sorted([*OPERATIONS, "Nothing", ""])
QUEUES = ["fuzzed", "fuzzed.fifo", "http://x/000000000000/fuzzed", "none", "", "/", "a" * 200, "%00", "ü"]
MEMBERS = sorted(
    {name for operation in OPERATIONS.values() for name in operation.input.__struct_encode_fields__} | {"Nothing"}
)
FIELDS = [
    *("QueueUrl", "QueueName", "MessageBody", "ReceiptHandle", "VisibilityTimeout", "MaxResults", "NextToken"),
    *("Attribute.1.Name", "Attribute.1.Value", "Attribute.2.Name", "AttributeName.1", "AttributeName", "Tag.1.Key"),
    *("MessageAttribute.1.Name", "MessageAttribute.1.Value.DataType", "MessageAttribute.1.Value.StringValue"),
    *("SendMessageBatchRequestEntry.1.Id", "SendMessageBatchRequestEntry.1.MessageBody", "Tag.1.Value", "TagKey.1"),
    *("DeleteMessageBatchRequestEntry.1.Id", "DeleteMessageBatchRequestEntry.1.ReceiptHandle", "Version", "Action"),
    *("Entries", "Attributes", ".", "..", "Attribute.0.Name", "Attribute.1", "MessageAttribute.1.Value"),
    *("MaxNumberOfMessages", "DelaySeconds", "MessageGroupId", "MessageDeduplicationId", "QueueNamePrefix"),
]
WORDS = [
    *(
        "0",
        "1",
        "-1",
        "10",
        "11",
        "9" * 30,
        "1e400",
        "true",
        "null",
        "All",
        "NaN",
        "x",
        "\x00",
        "\ud7ff",
        "\U0001d518",
        " ",
    ),
    *("String", "Number", "Binary", "DelaySeconds", "RedrivePolicy", "Policy", "{}", "[]", "g", "1-1", "7f-1", "a.b"),
]
text = st.one_of(st.sampled_from(WORDS), st.sampled_from(QUEUES), st.text(max_size=20))
leaf = st.one_of(text, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
value = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(MEMBERS), text, st.sampled_from(["Id", "DataType"])), inner, max_size=4
        ),
    ),
    max_leaves=8,
)
members = st.dictionaries(st.sampled_from(MEMBERS), value, max_size=5)
queue = st.one_of(st.just("fuzzed"), st.just("fuzzed.fifo"), st.sampled_from(QUEUES))
many = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Fuzzer:
    """One connection, so that an answer that ends it is noticed too."""

    def __init__(self, server: SqsServer) -> None:
        self.connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def json(self, action: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        status, answer = self.post("/", body, headers)
        return status, json.loads(answer)

    def form(self, path: str, body: bytes) -> tuple[int, ET.Element]:
        status, answer = self.post(path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return status, read_xml(answer)


@pytest.fixture(scope="module")
def fuzzer(server: SqsServer) -> Iterator[Fuzzer]:
    fuzzer = Fuzzer(server)
    yield fuzzer
    fuzzer.connection.close()


def make_queues(fuzzer: Fuzzer) -> None:
    """Some requests delete them."""
    for name, attributes in (("fuzzed", {}), ("fuzzed.fifo", {"FifoQueue": "true"})):
        fuzzer.json("CreateQueue", json.dumps({"QueueName": name, "Attributes": attributes}).encode())


def without_waits(given_members: dict[str, Any]) -> dict[str, Any]:
    """A long poll answers too, only later."""
    return {**given_members, "WaitTimeSeconds": 0} if "WaitTimeSeconds" in given_members else given_members


@many
@given(st.sampled_from(ACTIONS), queue, members)
def test_any_json_is_answered(fuzzer: Fuzzer, action: str, queue: str, members: dict[str, Any]) -> None:
    make_queues(fuzzer)
    members = without_waits({"QueueUrl": queue, **members})
    status, answer = fuzzer.json(action, json.dumps(members).encode())
    assert status in (200, 400, 404), answer
    assert status == 200 or ("#" in answer["__type"] and answer["message"])


@many
@given(
    st.sampled_from(ACTIONS),
    queue,
    st.lists(st.tuples(st.one_of(st.sampled_from(FIELDS), text), text), max_size=6),
    st.sampled_from(["/", "/000000000000/fuzzed", "/000000000000/none", "/prefix/"]),
)
def test_any_form_is_answered(
    fuzzer: Fuzzer, action: str, queue: str, fields: list[tuple[str, str]], path: str
) -> None:
    make_queues(fuzzer)
    pairs = [("Action", action), ("QueueUrl", queue), *fields, ("WaitTimeSeconds", "0")]
    encoded = [
        f"{quote_plus(name, errors='surrogatepass')}={quote_plus(value, errors='surrogatepass')}"
        for name, value in pairs
    ]
    status, answer = fuzzer.form(path, "&".join(encoded).encode())
    assert status in (200, 400, 404), ET.tostring(answer)


@many
@given(st.sampled_from(ACTIONS), st.binary(max_size=200))
def test_any_bytes_are_answered(fuzzer: Fuzzer, action: str, body: bytes) -> None:
    assert fuzzer.json(action, body)[0] in (200, 400, 404)
    assert fuzzer.form("/", body)[0] in (400, 404)
