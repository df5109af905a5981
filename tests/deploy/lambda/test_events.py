from __future__ import annotations

from typing import Any

import pytest
from lambda_bench import document

from wipsie.app.lambda_functions.events import (
    ApiCall,
    Direct,
    NewObjects,
    Scheduled,
    SqsBatch,
    UnsupportedEvent,
    read_event,
)
from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput
from wipsie.queue.contract import Attribute

HELP = "It takes schedules and songs."


def read(event: Any) -> Any:
    return read_event(event, direct=("source_url",), supported=HELP)


def test_a_rule_of_eventbridge_is_a_schedule_with_an_id_that_a_second_delivery_shares() -> None:
    found = read(document("scheduled_rule"))
    assert isinstance(found, Scheduled)
    assert (found.detail, found.time) == ({}, "2026-03-01T06:00:00Z")
    assert found.id == document("scheduled_rule")["id"]
    assert found.schedule.endswith("rule/poll-measurements")


def test_the_detail_that_eventbridge_scheduler_writes_as_text_is_read() -> None:
    found = read(document("scheduler"))
    assert isinstance(found, Scheduled)
    assert [str(one)[:9] for one in found.detail["sources"]] == ["https://e", "{'source_"]


def test_a_call_of_a_rest_api_is_read_with_who_signed_it() -> None:
    call = read(document("api_gateway_v1"))
    assert isinstance(call, ApiCall)
    assert (call.method, call.path, call.is_authenticated) == ("POST", "/poll", True)
    assert json.decode(call.body())["poll_interval"] == 3600
    assert call.headers["content-type"] == "application/json"
    assert "x-nothing" not in call.headers


def test_a_call_of_an_http_api_is_read_from_base64() -> None:
    call = read(document("api_gateway_v2"))
    assert isinstance(call, ApiCall)
    assert (call.method, call.path, call.request_id) == ("POST", "/tasks", "JKJaXmPLvHcESHA=")
    assert json.decode(call.body())["queue_name"] == "task_processing"


def test_a_call_of_a_function_url_is_one_of_an_http_api() -> None:
    call = read(document("function_url"))
    assert isinstance(call, ApiCall)
    assert (call.path, call.is_authenticated) == ("/", True)


@pytest.mark.parametrize("name", ["api_gateway_v1", "api_gateway_v2"])
def test_a_call_of_which_the_gateway_says_nothing_is_anonymous(name: str) -> None:
    event = document(name)
    event["requestContext"] |= {"authorizer": None, "identity": {"userArn": None, "apiKey": "an-api-key"}}
    assert not read(event).is_authenticated


def test_a_body_that_says_it_is_base64_and_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="base64"):
        read({**document("api_gateway_v2"), "body": "{not base64}"}).body()


def test_a_notice_of_s3_tells_of_new_objects_by_their_real_keys() -> None:
    found = read(document("s3_notice"))
    assert isinstance(found, NewObjects)
    assert [(one.bucket, one.key, one.version_id) for one in found.objects] == [
        ("measurements", "in/March 2026/übersicht 1+1.csv", None),
        ("measurements", "in/large.json", "v1.x"),
    ]
    # A removal and an empty folder.
    assert found.ignored == 2


def test_the_test_of_s3_tells_of_nothing() -> None:
    assert read(document("s3_test")) == NewObjects(objects=[], ignored=1)


def test_eventbridge_gives_the_key_of_an_object_as_it_is() -> None:
    (one,) = read(document("s3_eventbridge")).objects
    assert (one.key, one.version_id) == ("in/a+b c.csv", "v2")
    assert read({**document("s3_eventbridge"), "detail-type": "Object Deleted"}) == NewObjects(objects=[], ignored=1)


def test_a_batch_of_sqs_holds_what_a_receive_would_have_brought() -> None:
    found = read(document("sqs_batch"))
    assert isinstance(found, SqsBatch)
    first, second = found.records
    assert (first.queue, first.is_fifo, first.group_id) == ("wipsie-task-processing", False, None)
    assert first.message.attributes == {"colour": Attribute("blue"), "raw": Attribute("AAEC", "Binary")}
    assert (second.message.body, second.message.handle) == ("plain text", "AQEBhandle2")
    assert second.message.system["ApproximateReceiveCount"] == "1"


def test_messages_of_a_fifo_queue_know_their_group() -> None:
    found = read(document("sqs_fifo_batch"))
    assert [(one.is_fifo, one.group_id) for one in found.records] == [(True, "a"), (True, "b"), (True, "a")]


def test_an_object_that_no_service_made_is_an_invocation_by_hand() -> None:
    assert read({"source_url": "https://example.org"}) == Direct({"source_url": "https://example.org"})


@pytest.mark.parametrize(
    "event",
    [
        document("load_balancer"),
        document("sns_notice"),
        {},
        {"Records": []},
        {"Records": [1]},
        {"Records": "many"},
        {"awslogs": {"data": "H4s"}, "source_url": "https://example.org"},
        {"requestContext": None, "httpMethod": "POST"},
        {"detail-type": "Something Else", "source": "aws.events"},
        [],
        "text",
        None,
        7,
    ],
)
def test_an_event_of_no_known_kind_is_told_what_there_is(event: Any) -> None:
    with pytest.raises(UnsupportedEvent, match="schedules and songs"):
        read(event)


@pytest.mark.parametrize(
    ("name", "path", "value", "field"),
    [
        ("sqs_batch", ("Records", 0, "receiptHandle"), None, "receiptHandle"),
        ("sqs_batch", ("Records", 0, "body"), 5.5, "body"),
        ("sqs_batch", ("Records", 0, "attributes", "ApproximateReceiveCount"), "many", "ApproximateReceiveCount"),
        ("sqs_batch", ("Records", 0, "messageAttributes", "colour"), "blue", "messageAttributes"),
        ("s3_notice", ("Records", 0, "s3", "bucket"), None, "bucket"),
        ("api_gateway_v1", ("headers",), "none", "headers"),
        ("api_gateway_v2", ("requestContext", "http"), 1, "http"),
        ("scheduled_rule", ("resources",), {}, "resources"),
    ],
)
def test_an_event_that_is_nearly_one_is_told_the_field(
    name: str, path: tuple[str | int, ...], value: Any, field: str
) -> None:
    event: Any = document(name)
    inner = event
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(InvalidInput, match=field):
        read(event)
