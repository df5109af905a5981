"""Errors: shape, legacy code, status and form, in both protocols."""

from __future__ import annotations

import http.client
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from sqs_clients import Sqs, read_xml
from sqs_server import SqsServer

from wipsie.kernel.errors import InternalError, QueueFull, ShuttingDown, StorageUnavailable
from wipsie.sqs_endpoint.errors import translate

_ = "AWS.SimpleQueueService."


class Wrong(NamedTuple):
    """A request that is refused, and how."""

    action: str
    members: dict[str, Any]
    fields: dict[str, str]
    shape: str
    code: str
    status: int = 400


def one(action: str, shape: str, code: str, status: int = 400, **members: str) -> Wrong:
    """Members that are called the same in both protocols."""
    return Wrong(action, members, members, shape, code, status)


CASES = [
    one("GetQueueUrl", "QueueDoesNotExist", f"{_}NonExistentQueue", QueueName="none"),
    one("SendMessage", "QueueDoesNotExist", f"{_}NonExistentQueue", QueueUrl="none", MessageBody="x"),
    one("SendMessage", "MissingRequiredParameterException", "MissingParameter", MessageBody="x"),
    one("SendMessage", "MissingRequiredParameterException", "MissingParameter", QueueUrl="standing"),
    one("SendMessage", "InvalidMessageContents", "InvalidMessageContents", QueueUrl="standing", MessageBody="\x0b"),
    one(
        "SendMessage",
        "InvalidParameterValueException",
        "InvalidParameterValue",
        QueueUrl="standing",
        MessageBody="x",
        DelaySeconds="901",
    ),
    one(
        "ReceiveMessage",
        "InvalidParameterValueException",
        "InvalidParameterValue",
        QueueUrl="standing",
        MaxNumberOfMessages="11",
    ),
    one(
        "ReceiveMessage",
        "InvalidParameterValueException",
        "InvalidParameterValue",
        QueueUrl="standing",
        WaitTimeSeconds="21",
    ),
    one(
        "ReceiveMessage",
        "InvalidParameterValueException",
        "InvalidParameterValue",
        QueueUrl="standing",
        VisibilityTimeout="43201",
    ),
    one("DeleteMessage", "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", QueueUrl="standing", ReceiptHandle="x"),
    one("DeleteMessage", "MissingRequiredParameterException", "MissingParameter", QueueUrl="standing"),
    one(
        "ChangeMessageVisibility",
        "MissingRequiredParameterException",
        "MissingParameter",
        QueueUrl="standing",
        ReceiptHandle="1-1",
    ),
    one("SendMessageBatch", "EmptyBatchRequest", f"{_}EmptyBatchRequest", QueueUrl="standing"),
    one("SetQueueAttributes", "MissingRequiredParameterException", "MissingParameter", QueueUrl="standing"),
    one(
        "SendMessage",
        "UnsupportedOperation",
        f"{_}UnsupportedOperation",
        QueueUrl="standing",
        MessageBody="x",
    )._replace(
        members={
            "QueueUrl": "standing",
            "MessageBody": "x",
            "MessageAttributes": {"a": {"DataType": "String", "StringListValues": ["x"]}},
        },
        fields={
            "QueueUrl": "standing",
            "MessageBody": "x",
            "MessageAttribute.1.Name": "a",
            "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.1.Value.StringListValue.1": "x",
        },
    ),
    Wrong(
        "GetQueueAttributes",
        {"QueueUrl": "standing", "AttributeNames": ["Nothing"]},
        {"QueueUrl": "standing", "AttributeName.1": "Nothing"},
        "InvalidAttributeName",
        "InvalidAttributeName",
    ),
    Wrong(
        "ReceiveMessage",
        {"QueueUrl": "standing", "AttributeNames": ["Nothing"]},
        {"QueueUrl": "standing", "AttributeName.1": "Nothing"},
        "InvalidAttributeName",
        "InvalidAttributeName",
    ),
    Wrong(
        "CreateQueue",
        {"QueueName": "standing", "Attributes": {"DelaySeconds": "7"}},
        {"QueueName": "standing", "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "7"},
        "QueueNameExists",
        "QueueAlreadyExists",
    ),
    one(
        "StartMessageMoveTask",
        "ResourceNotFoundException",
        "ResourceNotFoundException",
        404,
        SourceArn="arn:aws:sqs:us-east-1:000000000000:none",
    ),
    one("RunQueue", "UnknownOperationException", "UnknownOperation", 404),
]


IDS = [f"{number}-{wrong.action}-{wrong.shape}" for number, wrong in enumerate(CASES, 1)]


@pytest.fixture(scope="module", autouse=True)
def _standing(clients: dict[str, Sqs]) -> None:
    clients["json"].create_queue(QueueName="standing")


def ask(server: SqsServer, headers: dict[str, str], body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("wrong", CASES, ids=IDS)
def test_json_says_the_shape_and_in_a_header_the_legacy_code(server: SqsServer, wrong: Wrong) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{wrong.action}"}
    status, answer_headers, body = ask(server, headers, json.dumps(wrong.members).encode())
    answer = json.loads(body)
    assert status == wrong.status
    assert answer["__type"].partition("#")[2] == wrong.shape
    assert answer["message"]
    assert answer_headers["x-amzn-query-error"] == f"{wrong.code};Sender"
    assert answer_headers["content-type"] == "application/x-amz-json-1.0"
    assert answer_headers["x-amzn-requestid"]


@pytest.mark.parametrize("wrong", CASES, ids=IDS)
def test_xml_says_the_legacy_code(server: SqsServer, wrong: Wrong) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    fields = {"Action": wrong.action, "Version": "2012-11-05", **wrong.fields}
    status, answer_headers, body = ask(server, headers, urlencode(fields).encode())
    space = {"q": "http://queue.amazonaws.com/doc/2012-11-05/"}
    answer = read_xml(body)
    assert status == wrong.status
    assert answer.tag == f"{{{space['q']}}}ErrorResponse"
    assert answer.findtext("q:Error/q:Type", namespaces=space) == "Sender"
    assert answer.findtext("q:Error/q:Code", namespaces=space) == wrong.code
    assert answer.findtext("q:Error/q:Message", namespaces=space)
    assert answer.find("q:Error/q:Detail", namespaces=space) is not None
    assert answer.findtext("q:RequestId", namespaces=space) == answer_headers["x-amzn-requestid"]


def test_a_client_raises_the_typed_exception_with_the_legacy_code(json_sqs: Sqs) -> None:
    with pytest.raises(json_sqs.exceptions.QueueDoesNotExist) as refusal:
        json_sqs.receive_message(QueueUrl="none")
    error = refusal.value.response["Error"]
    assert (error["Code"], error["QueryErrorCode"]) == (f"{_}NonExistentQueue", "QueueDoesNotExist")


def test_the_sentence_for_a_missing_queue_is_the_one_that_programs_look_for(clients: dict[str, Sqs]) -> None:
    sentences: dict[str, str] = {}
    for protocol, sqs in clients.items():
        with pytest.raises(sqs.exceptions.ClientError) as refusal:
            sqs.get_queue_url(QueueName="none")
        sentences[protocol] = refusal.value.response["Error"]["Message"]
    assert sentences == {
        "json": "The specified queue does not exist.",
        "query": "The specified queue does not exist for this wsdl version.",
    }


@pytest.mark.parametrize("error", [StorageUnavailable("away"), ShuttingDown("bye"), QueueFull("full", retry_after_s=5)])
def test_what_passes_by_itself_is_a_503_that_clients_repeat(error: Exception) -> None:
    known = translate(error)
    assert known is not None
    assert (known.kind.status, known.kind.is_sender) == (503, False)
    assert known.retry_after_s is not None


def test_what_nobody_expected_is_told_as_nothing_of_theirs() -> None:
    assert translate(RuntimeError("secret detail")) is None
    assert translate(InternalError("secret detail")) is None
