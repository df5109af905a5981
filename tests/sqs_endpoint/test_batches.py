"""Batches: every entry for itself, the batch as a whole only where its form is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqs_clients import NewQueue, Sqs, receive_all


def test_ten_messages_are_sent_changed_and_deleted_at_once(sqs: Sqs, queue: str) -> None:
    entries = [{"Id": f"m{number}", "MessageBody": f"body {number}"} for number in range(10)]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in sent["Successful"]] == [entry["Id"] for entry in entries]
    assert "Failed" not in sent
    messages = receive_all(sqs, queue)
    assert {one["MessageId"] for one in messages} == {one["MessageId"] for one in sent["Successful"]}
    handles = [{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(messages)]
    changes = [{**handle, "VisibilityTimeout": 60} for handle in handles]
    assert len(sqs.change_message_visibility_batch(QueueUrl=queue, Entries=changes)["Successful"]) == 10
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=handles)
    assert [one["Id"] for one in deleted["Successful"]] == [handle["Id"] for handle in handles]
    again = sqs.delete_message_batch(QueueUrl=queue, Entries=handles)
    assert len(again["Successful"]) == 10


def test_an_entry_that_is_wrong_fails_alone(sqs: Sqs, queue: str) -> None:
    answer = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "good", "MessageBody": "x"},
            {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
            {
                "Id": "typed",
                "MessageBody": "x",
                "MessageAttributes": {"a": {"DataType": "Float", "StringValue": "1"}},
            },
        ],
    )
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    assert {one["Id"]: (one["Code"], one["SenderFault"]) for one in answer["Failed"]} == {
        "late": ("InvalidParameterValue", True),
        "typed": ("InvalidParameterValue", True),
    }
    assert [one["Body"] for one in receive_all(sqs, queue)] == ["x"]


def test_a_wrong_handle_in_a_batch_fails_alone(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (message,) = receive_all(sqs, queue)
    entries = [{"Id": "bad", "ReceiptHandle": "nonsense"}, {"Id": "ok", "ReceiptHandle": message["ReceiptHandle"]}]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[{**entry, "VisibilityTimeout": 5} for entry in entries]
    )
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    for answer in (changed, deleted):
        assert [one["Id"] for one in answer["Successful"]] == ["ok"]
        assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]


_PREFIX = "AWS.SimpleQueueService."


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([f"m{number}" for number in range(11)], "TooManyEntriesInBatchRequest"),
        (["twice", "once", "twice"], "BatchEntryIdsNotDistinct"),
        (["with space"], "InvalidBatchEntryId"),
        (["x" * 81], "InvalidBatchEntryId"),
    ],
)
@pytest.mark.parametrize("verb", ["send_message_batch", "delete_message_batch", "change_message_visibility_batch"])
def test_a_batch_of_wrong_form_is_refused_as_a_whole(
    sqs: Sqs, queue: str, verb: str, ids: list[str], code: str
) -> None:
    content: dict[str, dict[str, Any]] = {
        "send_message_batch": {"MessageBody": "x"},
        "delete_message_batch": {"ReceiptHandle": "1-1"},
        "change_message_visibility_batch": {"ReceiptHandle": "1-1", "VisibilityTimeout": 1},
    }
    call: Callable[..., Any] = getattr(sqs, verb)
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        call(QueueUrl=queue, Entries=[{"Id": entry_id, **content[verb]} for entry_id in ids])
    assert refusal.value.response["Error"]["Code"] == _PREFIX + code
    assert receive_all(sqs, queue) == []


def test_a_batch_is_no_larger_than_one_message_may_be(sqs: Sqs, queue: str) -> None:
    half = "x" * (512 * 1024)
    entries = [{"Id": "a", "MessageBody": half}, {"Id": "b", "MessageBody": half}]
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 2
    entries[1]["MessageBody"] += "x"
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert refusal.value.response["Error"]["Code"] == f"{_PREFIX}BatchRequestTooLong"


def test_a_batch_for_a_fifo_queue_without_a_group_is_refused_as_a_whole(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.send_message_batch(
            QueueUrl=queue,
            Entries=[{"Id": "a", "MessageBody": "x", "MessageGroupId": "g"}, {"Id": "b", "MessageBody": "x"}],
        )
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert receive_all(sqs, queue) == []
