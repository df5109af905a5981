"""Message move tasks: dead letters on their way back."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from sqs_clients import NewQueue, Sqs, receive_all

NO_QUEUE = "arn:aws:sqs:us-east-1:000000000000:none"


def arn_of(sqs: Sqs, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


class Place:
    """A queue with a dead-letter queue that holds some of its messages."""

    def __init__(self, sqs: Sqs, new_queue: NewQueue, count: int = 3) -> None:
        self.dead = new_queue()
        self.dead_arn = arn_of(sqs, self.dead)
        policy = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 1})
        self.source = new_queue(RedrivePolicy=policy)
        for number in range(count):
            sqs.send_message(QueueUrl=self.source, MessageBody=str(number))
        for _ in range(count):
            receive_all(sqs, self.source, VisibilityTimeout=0)


def last_task(sqs: Sqs, place: Place, *statuses: str) -> dict[str, Any]:
    """The last task of a queue, once it is in one of these states."""
    deadline = time.monotonic() + 10
    while True:
        (task,) = sqs.list_message_move_tasks(SourceArn=place.dead_arn)["Results"]
        if task["Status"] in statuses:
            return task
        assert time.monotonic() < deadline, task


def test_messages_go_back_to_where_they_came_from(sqs: Sqs, new_queue: NewQueue) -> None:
    place = Place(sqs, new_queue)
    assert sqs.start_message_move_task(SourceArn=place.dead_arn)["TaskHandle"]
    task = last_task(sqs, place, "COMPLETED")
    assert (task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == (3, 3)
    assert task["SourceArn"] == place.dead_arn
    assert not {"TaskHandle", "DestinationArn", "FailureReason"} & set(task)
    assert sorted(one["Body"] for one in receive_all(sqs, place.source)) == ["0", "1", "2"]


def test_messages_go_all_to_one_queue_if_asked(sqs: Sqs, new_queue: NewQueue) -> None:
    place, other = Place(sqs, new_queue), new_queue()
    sqs.start_message_move_task(SourceArn=place.dead_arn, DestinationArn=arn_of(sqs, other))
    assert last_task(sqs, place, "COMPLETED")["DestinationArn"] == arn_of(sqs, other)
    assert len(receive_all(sqs, other)) == 3


def test_a_task_with_a_rate_runs_alone_and_is_cancelled(sqs: Sqs, new_queue: NewQueue) -> None:
    place = Place(sqs, new_queue, count=5)
    handle = sqs.start_message_move_task(SourceArn=place.dead_arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    task = last_task(sqs, place, "RUNNING")
    assert (task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == (handle, 1)
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.start_message_move_task(SourceArn=place.dead_arn)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] < 5
    last_task(sqs, place, "CANCELLED")
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.cancel_message_move_task(TaskHandle=handle)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_destination_that_is_deleted_midway_fails_the_task(sqs: Sqs, new_queue: NewQueue) -> None:
    place, other = Place(sqs, new_queue, count=5), new_queue()
    sqs.start_message_move_task(
        SourceArn=place.dead_arn, DestinationArn=arn_of(sqs, other), MaxNumberOfMessagesPerSecond=5
    )
    sqs.delete_queue(QueueUrl=other)
    assert last_task(sqs, place, "FAILED")["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_tasks_that_cannot_be_are_refused(sqs: Sqs, new_queue: NewQueue) -> None:
    place = Place(sqs, new_queue, count=0)
    plain = arn_of(sqs, new_queue())
    forged = base64.b64encode(json.dumps({"taskId": "x", "sourceArn": plain}).encode()).decode()
    for call, code in (
        (lambda: sqs.start_message_move_task(SourceArn=plain), "InvalidParameterValue"),
        (lambda: sqs.start_message_move_task(SourceArn="nonsense"), "InvalidParameterValue"),
        (lambda: sqs.start_message_move_task(SourceArn=NO_QUEUE), "ResourceNotFoundException"),
        (
            lambda: sqs.start_message_move_task(SourceArn=place.dead_arn, DestinationArn=NO_QUEUE),
            "ResourceNotFoundException",
        ),
        (
            lambda: sqs.start_message_move_task(SourceArn=place.dead_arn, DestinationArn=place.dead_arn),
            "InvalidParameterValue",
        ),
        (
            lambda: sqs.start_message_move_task(SourceArn=place.dead_arn, MaxNumberOfMessagesPerSecond=501),
            "InvalidParameterValue",
        ),
        (lambda: sqs.cancel_message_move_task(TaskHandle="nonsense"), "InvalidParameterValue"),
        (lambda: sqs.cancel_message_move_task(TaskHandle=forged), "ResourceNotFoundException"),
        (lambda: sqs.list_message_move_tasks(SourceArn=place.dead_arn, MaxResults=11), "InvalidParameterValue"),
    ):
        with pytest.raises(sqs.exceptions.ClientError) as refusal:
            call()
        assert refusal.value.response["Error"]["Code"] == code
    assert "Results" not in sqs.list_message_move_tasks(SourceArn=place.dead_arn)
