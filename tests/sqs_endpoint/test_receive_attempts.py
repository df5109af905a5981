"""ReceiveRequestAttemptId: whoever did not get the answer to a receive asks again, and gets the same messages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqs_clients import NewQueue, Sqs, make_client, receive_all
from sqs_server import SqsServer

from wipsie.queue.contract import MessageState
from wipsie.sqs_endpoint.caller import queue_of_url


@pytest.fixture
def fifo(new_queue: NewQueue, json_sqs: Sqs) -> str:
    """A FIFO queue with two groups of three messages."""
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    entries = [
        {"Id": f"{group}{number}", "MessageBody": f"{group}{number}", "MessageGroupId": group}
        for group in ("a", "b")
        for number in (1, 2, 3)
    ]
    json_sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    return queue


def receive(sqs: Sqs, queue: str, attempt: str, **options: Any) -> list[dict[str, Any]]:
    return receive_all(sqs, queue, ReceiveRequestAttemptId=attempt, AttributeNames=["All"], **options)


def refused(sqs: Sqs, queue: str, attempt: str) -> str:
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        receive(sqs, queue, attempt)
    return refusal.value.response["Error"]["Code"]


def test_a_repeat_gets_the_same_messages_with_the_same_handles(sqs: Sqs, fifo: str) -> None:
    first = receive(sqs, fifo, "one")
    assert {one["Body"] for one in first} == {"a1", "b1"}
    for _ in range(3):
        assert receive(sqs, fifo, "one") == first
    assert receive(sqs, fifo, "another") == []
    assert receive_all(sqs, fifo) == []
    for message in first:
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
    assert {one["Body"] for one in receive(sqs, fifo, "another")} == {"a2", "b2"}


def test_an_attempt_that_got_nothing_may_get_something_later(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    assert receive(sqs, queue, "one") == []
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="g")
    assert [one["Body"] for one in receive(sqs, queue, "one")] == ["x"]


def test_a_repeat_begins_the_lease_anew(server: SqsServer, sqs: Sqs, fifo: str) -> None:
    first = receive(sqs, fifo, "one", VisibilityTimeout=100)
    again = receive(sqs, fifo, "one", VisibilityTimeout=40_000)
    assert again == first
    counts = sqs.get_queue_attributes(QueueUrl=fifo, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert counts["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "2"
    for message in server.on_the_engine(lambda engine: engine.peek(queue_of_url(fifo), state=MessageState.LEASED)):
        assert message.visible_at_ms - message.sent_at_ms >= 40_000_000


@pytest.mark.parametrize("touch", ["delete", "return", "keep"])
def test_once_a_message_was_touched_the_attempt_is_over(sqs: Sqs, fifo: str, touch: str) -> None:
    (message, _) = receive(sqs, fifo, "one")
    handle = {"QueueUrl": fifo, "ReceiptHandle": message["ReceiptHandle"]}
    if touch == "delete":
        sqs.delete_message(**handle)
    else:
        sqs.change_message_visibility(**handle, VisibilityTimeout=0 if touch == "return" else 500)
    assert refused(sqs, fifo, "one") == "InvalidParameterValue"
    # Others receive as ever.
    assert isinstance(receive(sqs, fifo, "two"), list)


def test_the_same_id_at_another_queue_is_another_attempt(sqs: Sqs, fifo: str, new_queue: NewQueue) -> None:
    receive(sqs, fifo, "one")
    other = new_queue(fifo=True, ContentBasedDeduplication="true")
    assert receive(sqs, other, "one") == []


def test_a_standard_queue_takes_the_parameter_and_gives_what_there_is(sqs: Sqs, queue: str) -> None:
    for body in ("1", "2"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    bodies = [
        sqs.receive_message(QueueUrl=queue, ReceiveRequestAttemptId="one")["Messages"][0]["Body"] for _ in range(2)
    ]
    assert sorted(bodies) == ["1", "2"]


@pytest.mark.parametrize("attempt", ["ü", "x" * 129, "a b", ""])
def test_an_id_has_up_to_128_letters_digits_and_marks(sqs: Sqs, fifo: str, attempt: str) -> None:
    assert refused(sqs, fifo, attempt) == "InvalidParameterValue"


@pytest.fixture
def two_processes(tmp_path: Path, migrated_sqlite_file: Path) -> Iterator[tuple[Sqs, Sqs]]:
    shutil.copy(migrated_sqlite_file, tmp_path / "wipsie.db")
    servers = [SqsServer(tmp_path / "queue.db", f"sqlite:///{tmp_path}/wipsie.db") for _ in range(2)]
    for server in servers:
        server.start()
    first, second = (make_client(server.url) for server in servers)
    yield first, second
    for client, server in zip((first, second), servers, strict=True):
        client.close()
        server.stop()


def test_a_repeat_may_reach_another_process(two_processes: tuple[Sqs, Sqs]) -> None:
    first, second = two_processes
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = first.create_queue(QueueName="shared.fifo", Attributes=attributes)["QueueUrl"]
    first.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="g")
    (message,) = receive(first, queue, "one")
    (again,) = receive(second, queue, "one")
    assert {**again, "Attributes": None} == {**message, "Attributes": None}
    second.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert refused(first, queue, "one") == "InvalidParameterValue"
