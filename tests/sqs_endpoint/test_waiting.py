"""A long poll ends with a message when one comes, is due, or is given back; without a wake-up it would end with nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqs_clients import NewQueue, Sqs, receive_all

WAIT_S = 20
"""Answered with nothing before that, if nobody wakes it."""


def while_waiting(sqs: Sqs, queue: str, act: Callable[[], object]) -> list[str]:
    """Bodies a long poll got, that began before `act`."""
    found: list[str] = []

    def wait() -> None:
        found.extend(one["Body"] for one in receive_all(sqs, queue, WaitTimeSeconds=WAIT_S))

    waiter = threading.Thread(target=wait)
    waiter.start()
    act()
    waiter.join(2 * WAIT_S)
    assert not waiter.is_alive()
    return found


def test_a_send_wakes_a_waiter(sqs: Sqs, queue: str) -> None:
    assert while_waiting(sqs, queue, lambda: sqs.send_message(QueueUrl=queue, MessageBody="x")) == ["x"]


def test_the_end_of_a_delay_wakes_a_waiter(json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="due", DelaySeconds=1)
    assert [one["Body"] for one in receive_all(json_sqs, queue, WaitTimeSeconds=WAIT_S)] == ["due"]


def test_the_end_of_a_delay_of_our_own_wakes_a_waiter(json_sqs: Sqs, queue: str) -> None:
    wish = {"Wipsie.DelaySeconds": {"DataType": "Number", "StringValue": "0.7"}}
    json_sqs.send_message(QueueUrl=queue, MessageBody="due", MessageAttributes=wish)
    assert [one["Body"] for one in receive_all(json_sqs, queue, WaitTimeSeconds=WAIT_S)] == ["due"]


def test_the_end_of_a_lease_wakes_a_waiter(json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="back")
    assert len(receive_all(json_sqs, queue, VisibilityTimeout=1)) == 1
    assert [one["Body"] for one in receive_all(json_sqs, queue, WaitTimeSeconds=WAIT_S)] == ["back"]


def test_a_message_that_is_given_back_wakes_a_waiter(json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="back")
    (message,) = receive_all(json_sqs, queue)
    handle = message["ReceiptHandle"]

    def give_back() -> None:
        json_sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)

    assert while_waiting(json_sqs, queue, give_back) == ["back"]


def test_a_group_that_becomes_free_wakes_a_waiter(json_sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    for body in ("1", "2"):
        json_sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="g")
    (message,) = receive_all(json_sqs, queue)
    handle = message["ReceiptHandle"]

    def delete() -> None:
        json_sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)

    assert while_waiting(json_sqs, queue, delete) == ["2"]


def test_a_message_that_comes_back_from_the_dead_wakes_a_waiter(json_sqs: Sqs, new_queue: NewQueue) -> None:
    dead = new_queue()
    arn = json_sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = new_queue(RedrivePolicy=f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}')
    json_sqs.send_message(QueueUrl=source, MessageBody="x")
    for _ in range(2):
        receive_all(json_sqs, source, VisibilityTimeout=0)
    assert while_waiting(json_sqs, source, lambda: json_sqs.start_message_move_task(SourceArn=arn)) == ["x"]
