"""What Wipsie offers beyond Amazon SQS to any SDK: a delay of any length, and a priority, as message attributes."""

from __future__ import annotations

from typing import Any

import pytest
from sqs_clients import NewQueue, Sqs, receive_all
from sqs_server import SqsServer

from wipsie.kernel.limits import DELAY_S_MAX
from wipsie.queue.contract import Attribute, MessageState, Priority, StoredMessage
from wipsie.sqs_endpoint.caller import queue_of_url
from wipsie.sqs_endpoint.digests import md5_of_attributes


def wishes(**values: Any) -> dict[str, Any]:
    kinds = {"delay": ("Wipsie.DelaySeconds", "Number"), "priority": ("Wipsie.Priority", "String")}
    return {kinds[name][0]: {"DataType": kinds[name][1], "StringValue": str(value)} for name, value in values.items()}


def stored(server: SqsServer, queue: str) -> list[StoredMessage]:
    return server.on_the_engine(lambda engine: engine.peek(queue_of_url(queue), limit=100))


@pytest.mark.parametrize("delay_s", ["86400", "0.5", "2592000", str(DELAY_S_MAX)])
def test_a_delay_may_be_of_any_length(server: SqsServer, sqs: Sqs, queue: str, delay_s: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="later", MessageAttributes=wishes(delay=delay_s))
    (message,) = stored(server, queue)
    assert message.state is MessageState.DELAYED or delay_s == "0.5"
    assert message.visible_at_ms - message.sent_at_ms == float(delay_s) * 1000


def test_the_attribute_comes_before_the_parameter(server: SqsServer, sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=5, MessageAttributes=wishes(delay=5000))
    (message,) = stored(server, queue)
    assert message.visible_at_ms - message.sent_at_ms == 5_000_000


def test_each_message_of_a_batch_has_its_own(server: SqsServer, sqs: Sqs, queue: str) -> None:
    entries = [
        {"Id": str(number), "MessageBody": str(number), "MessageAttributes": wishes(delay=1000 * number)}
        for number in range(1, 4)
    ]
    entries.append({"Id": "wrong", "MessageBody": "x", "MessageAttributes": wishes(delay=-1)})
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Code"] for one in answer["Failed"]] == ["InvalidParameterValue"]
    assert {one.body: one.visible_at_ms - one.sent_at_ms for one in stored(server, queue)} == {
        "1": 1_000_000,
        "2": 2_000_000,
        "3": 3_000_000,
    }


def test_messages_of_a_fifo_queue_may_have_a_delay_of_their_own(
    server: SqsServer, sqs: Sqs, new_queue: NewQueue
) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="g", MessageAttributes=wishes(delay=3600))
    (message,) = stored(server, queue)
    assert message.visible_at_ms - message.sent_at_ms == 3_600_000


def test_high_priority_goes_first(sqs: Sqs, queue: str) -> None:
    for priority in ("low", "medium", "HIGH"):
        sqs.send_message(QueueUrl=queue, MessageBody=priority, MessageAttributes=wishes(priority=priority))
    sqs.send_message(QueueUrl=queue, MessageBody="plain")
    assert [one["Body"] for one in receive_all(sqs, queue)] == ["HIGH", "medium", "plain", "low"]


def test_a_wish_is_fulfilled_once_and_not_passed_on(server: SqsServer, sqs: Sqs, queue: str) -> None:
    own = {"own": {"DataType": "String", "StringValue": "x"}}
    asked = {**own, **wishes(priority="high", delay=0)}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=asked)
    given = {name: Attribute(one["StringValue"], one["DataType"]) for name, one in asked.items()}
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(given)
    assert stored(server, queue)[0].priority is Priority.HIGH
    (message,) = receive_all(sqs, queue, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == own
    assert message["MD5OfMessageAttributes"] == md5_of_attributes({"own": given["own"]})


def test_wishes_do_not_count_among_ten_attributes(sqs: Sqs, queue: str) -> None:
    ten = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(10)}
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes={**ten, **wishes(priority="low", delay=0)})
    (message,) = receive_all(sqs, queue, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == ten


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("Wipsie.DelaySeconds", "Number", "-1"),
        ("Wipsie.DelaySeconds", "Number", str(DELAY_S_MAX + 1)),
        ("Wipsie.DelaySeconds", "Number", "1e4000"),
        ("Wipsie.DelaySeconds", "Number", "soon"),
        ("Wipsie.DelaySeconds", "String", "60"),
        ("Wipsie.Priority", "String", "urgent"),
        ("Wipsie.Priority", "Number", "1"),
        ("Wipsie.Delay", "Number", "60"),
        ("wipsie.delayseconds", "Number", "60"),
    ],
)
def test_a_wish_nobody_can_fulfil_is_refused(sqs: Sqs, queue: str, name: str, kind: str, value: str) -> None:
    attributes = {name: {"DataType": kind, "StringValue": value}}
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert receive_all(sqs, queue) == []


def test_the_parameter_keeps_the_limit_of_amazon(sqs: Sqs, queue: str) -> None:
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=901)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
