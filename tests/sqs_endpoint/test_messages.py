"""Sending, receiving, deleting and holding on to messages, in both protocols."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqs_clients import NewQueue, Sqs, receive_all

BODIES = [
    "hello",
    "null",
    "0",
    " leading, trailing and  inner spaces ",
    "quotes \" and ' and & and <tags> and ]]>",
    "line\nline\r\nline\ttab",
    "ünïcödé 漢字 😀",
    '{"json": [1, 2, {"deep": null}]}',
    "+%20%&=;?#",
]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_arrives_as_it_was_sent(sqs: Sqs, queue: str, body: str) -> None:
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body)
    (message,) = receive_all(sqs, queue)
    assert message["Body"] == body
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()  # noqa: S324  theirs


def test_an_empty_queue_answers_without_messages(sqs: Sqs, queue: str) -> None:
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_only_what_was_asked_for_comes_with_a_message(sqs: Sqs, queue: str) -> None:
    sqs.send_message(
        QueueUrl=queue, MessageBody="x", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}}
    )
    (message,) = receive_all(sqs, queue)
    assert set(message) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


ATTRIBUTES = {
    "plain": {"DataType": "String", "StringValue": "text & <more> ü"},
    "count": {"DataType": "Number", "StringValue": "-12.5e3"},
    "labelled": {"DataType": "Number.float", "StringValue": "4563442423554324324264524243.32543234"},
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff <bytes>"},
    "other.raw": {"DataType": "Binary.gzip", "BinaryValue": b"x"},
}


def test_attributes_arrive_as_they_were_sent(sqs: Sqs, queue: str) -> None:
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ATTRIBUTES)
    (message,) = receive_all(sqs, queue, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["All"], set(ATTRIBUTES)),
        ([".*"], set(ATTRIBUTES)),
        (["*"], set(ATTRIBUTES)),
        (["plain", "nothing"], {"plain"}),
        (["other.*"], {"other.raw"}),
        (["nothing"], set[str]()),
    ],
)
def test_the_digest_is_of_the_attributes_that_are_returned(
    sqs: Sqs, queue: str, new_queue: NewQueue, names: list[str], chosen: set[str]
) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ATTRIBUTES)
    (message,) = receive_all(sqs, queue, MessageAttributeNames=names)
    assert set(message.get("MessageAttributes", {})) == chosen
    if chosen:
        subset = {name: ATTRIBUTES[name] for name in chosen}
        only = sqs.send_message(QueueUrl=new_queue(), MessageBody="x", MessageAttributes=subset)
        assert message["MD5OfMessageAttributes"] == only["MD5OfMessageAttributes"]
    else:
        assert "MD5OfMessageAttributes" not in message


@pytest.mark.parametrize("form", ["AttributeNames", "MessageSystemAttributeNames"])
@pytest.mark.parametrize("word", ["All", "ALL"])
def test_system_attributes_come_by_either_name(sqs: Sqs, queue: str, form: str, word: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="tenant")
    (message,) = receive_all(sqs, queue, **{form: [word]})
    attributes = message["Attributes"]
    assert attributes["ApproximateReceiveCount"] == "1"
    assert attributes["SenderId"] == "000000000000"
    assert attributes["MessageGroupId"] == "tenant"
    assert len(attributes["SentTimestamp"]) == len(attributes["ApproximateFirstReceiveTimestamp"]) == 13


def test_old_and_new_names_of_system_attributes_work_together(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (message,) = receive_all(
        sqs, queue, AttributeNames=["SentTimestamp"], MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    assert set(message["Attributes"]) == {"SentTimestamp", "ApproximateReceiveCount"}


def test_a_trace_header_travels_beside_ten_attributes(sqs: Sqs, queue: str) -> None:
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    ten = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(10)}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ten, MessageSystemAttributes=trace)
    assert sent["MD5OfMessageSystemAttributes"]
    (message,) = receive_all(sqs, queue, AttributeNames=["AWSTraceHeader"], MessageAttributeNames=["All"])
    assert message["Attributes"] == {"AWSTraceHeader": trace["AWSTraceHeader"]["StringValue"]}
    assert message["MessageAttributes"] == ten


def test_the_largest_message_passes_and_one_byte_more_does_not(sqs: Sqs, queue: str) -> None:
    attributes: dict[str, Any] = {"raw": {"DataType": "Binary", "BinaryValue": b"\xff" * 1000}}
    room = 1024 * 1024 - len("raw") - len("Binary") - 1000
    sqs.send_message(QueueUrl=queue, MessageBody="ü" * (room // 2), MessageAttributes=attributes)
    (message,) = receive_all(sqs, queue, MessageAttributeNames=["All"])
    assert len(message["Body"]) == room // 2
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message(QueueUrl=queue, MessageBody="x" * (room + 1), MessageAttributes=attributes)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_a_delay_hides_a_message(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=900)
    assert receive_all(sqs, queue) == []
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert counts["Attributes"] == {"ApproximateNumberOfMessagesDelayed": "1"}


def test_deleting_twice_is_fine(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (message,) = receive_all(sqs, queue)
    for _ in range(2):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert receive_all(sqs, queue, WaitTimeSeconds=0) == []


def test_a_visibility_of_zero_returns_a_message_at_once_with_a_new_handle(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (first,) = receive_all(sqs, queue)
    assert receive_all(sqs, queue) == []
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = receive_all(sqs, queue, AttributeNames=["ApproximateReceiveCount"])
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_handle_of_an_earlier_delivery_deletes_nothing(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (first,) = receive_all(sqs, queue, VisibilityTimeout=0)
    (second,) = receive_all(sqs, queue, VisibilityTimeout=0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    (third,) = receive_all(sqs, queue)
    assert third["MessageId"] == second["MessageId"]


def test_receiving_with_a_visibility_of_zero_leaves_the_message_there(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (first,) = receive_all(sqs, queue, VisibilityTimeout=0)
    (second,) = receive_all(sqs, queue)
    assert first["MessageId"] == second["MessageId"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])


def test_the_visibility_of_a_deleted_message_cannot_change(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (message,) = receive_all(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=5)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_a_message_that_comes_too_often_goes_to_the_dead_letter_queue(sqs: Sqs, new_queue: NewQueue) -> None:
    dead = new_queue()
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = new_queue(RedrivePolicy=f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "2"}}')
    sent = sqs.send_message(QueueUrl=source, MessageBody="poison")
    for _ in range(2):
        assert len(receive_all(sqs, source, VisibilityTimeout=0)) == 1
    assert receive_all(sqs, dead) == []
    assert receive_all(sqs, source) == []
    (message,) = receive_all(sqs, dead, AttributeNames=["All"])
    assert message["MessageId"] == sent["MessageId"]
    assert message["Attributes"]["DeadLetterQueueSourceArn"].endswith(":" + source.rpartition("/")[2])
    assert message["Attributes"]["ApproximateReceiveCount"] == "3"
    sources = sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    assert sources == [source]


def test_without_a_redrive_policy_a_message_comes_as_often_as_it_takes(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    for count in range(1, 13):
        (message,) = receive_all(sqs, queue, VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"])
        assert message["Attributes"]["ApproximateReceiveCount"] == str(count)
