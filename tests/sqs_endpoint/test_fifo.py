"""FIFO queues: order, groups, and repeats that are answered like the first."""

from __future__ import annotations

import hashlib

import pytest
from sqs_clients import NewQueue, Sqs, receive_all


def test_messages_of_a_group_come_in_order_and_hold_the_next_ones_back(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    sent = [sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="g") for body in ("1", "2", "3")]
    numbers = [one["SequenceNumber"] for one in sent]
    assert numbers == sorted(numbers)
    assert all(len(number) == 20 for number in numbers)
    (first,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert first["Body"] == "1"
    assert receive_all(sqs, queue) == []
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "2"


def test_a_repeat_is_answered_with_the_id_of_the_first(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True)
    first = sqs.send_message(QueueUrl=queue, MessageBody="a", MessageGroupId="g", MessageDeduplicationId="d")
    again = sqs.send_message(QueueUrl=queue, MessageBody="b", MessageGroupId="g", MessageDeduplicationId="d")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert [one["Body"] for one in receive_all(sqs, queue)] == ["a"]


def test_by_group_the_same_id_in_another_group_is_another_message(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in ("g", "h", "g"):
        sqs.send_message(QueueUrl=queue, MessageBody=group, MessageGroupId=group, MessageDeduplicationId="d")
    assert sorted(one["Body"] for one in receive_all(sqs, queue)) == ["g", "h"]


def test_system_attributes_of_a_fifo_message(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    sent = sqs.send_message(QueueUrl=queue, MessageBody="body", MessageGroupId="g")
    (message,) = receive_all(sqs, queue, AttributeNames=["All"])
    attributes = message["Attributes"]
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == hashlib.sha256(b"body").hexdigest()


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"MessageDeduplicationId": "d"}, "MissingParameter"),
        ({"MessageGroupId": "g"}, "InvalidParameterValue"),
        ({"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1}, "InvalidParameterValue"),
        ({"MessageGroupId": "g" * 129, "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
        ({"MessageGroupId": "g", "MessageDeduplicationId": "white space"}, "InvalidParameterValue"),
    ],
)
def test_what_a_fifo_queue_does_not_take(sqs: Sqs, new_queue: NewQueue, message: dict[str, object], code: str) -> None:
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message(QueueUrl=new_queue(fifo=True), MessageBody="x", **message)
    assert refusal.value.response["Error"]["Code"] == code


def test_a_delay_of_zero_leaves_the_delay_of_the_fifo_queue(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, DelaySeconds="60")
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=0)
    assert receive_all(sqs, queue) == []


def test_a_deduplication_id_is_not_for_standard_queues(sqs: Sqs, queue: str) -> None:
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageDeduplicationId="d")
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_an_old_handle_deletes_nothing_and_says_so(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="g")
    (first,) = receive_all(sqs, queue, VisibilityTimeout=0)
    receive_all(sqs, queue)
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
