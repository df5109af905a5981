"""SQS_ENDPOINT_STRICT: what Amazon locks is locked here too. Without it nothing is, which the other tests show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqs_clients import Sqs, make_client, receive_all
from sqs_server import SqsServer

from wipsie.sqs_endpoint.errors import SqsError
from wipsie.sqs_endpoint.handles import check_total_visibility
from wipsie.sqs_endpoint.strictness import IN_FLIGHT_MAX, LOCKED_S, Strictness

IN_FLIGHT = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Path:
    folder = tmp_path_factory.mktemp("strict")
    shutil.copy(migrated_sqlite_file, folder / "wipsie.db")
    return folder


def serve(folder: Path) -> SqsServer:
    strictness = Strictness(in_flight_max=IN_FLIGHT)
    server = SqsServer(folder / "queue.db", f"sqlite:///{folder}/wipsie.db", strictness=strictness)
    server.start()
    return server


@pytest.fixture(scope="module")
def strict(folder: Path) -> Iterator[Sqs]:
    """A client of a strict server."""
    server = serve(folder)
    client = make_client(server.url)
    yield client
    client.close()
    server.stop()


@pytest.fixture(scope="module")
def other(folder: Path, strict: Sqs) -> Iterator[Sqs]:
    """A client of another strict process over the same stores."""
    del strict
    server = serve(folder)
    client = make_client(server.url)
    yield client
    client.close()
    server.stop()


def refused(call: Any, *arguments: Any, **members: Any) -> tuple[str, int]:
    with pytest.raises(call.__self__.exceptions.ClientError) as refusal:
        call(*arguments, **members)
    answer = refusal.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_the_limits_are_those_of_amazon() -> None:
    assert (LOCKED_S, IN_FLIGHT_MAX) == (60, 120_000)
    assert Strictness() == (LOCKED_S, IN_FLIGHT_MAX)


def test_a_second_purge_is_locked_whichever_process_is_asked(strict: Sqs, other: Sqs) -> None:
    queue = strict.create_queue(QueueName="purged")["QueueUrl"]
    strict.purge_queue(QueueUrl=queue)
    strict.send_message(QueueUrl=queue, MessageBody="stays")
    locked = ("AWS.SimpleQueueService.PurgeQueueInProgress", 403)
    assert refused(strict.purge_queue, QueueUrl=queue) == locked
    assert refused(other.purge_queue, QueueUrl="purged") == locked
    with pytest.raises(strict.exceptions.PurgeQueueInProgress):
        strict.purge_queue(QueueUrl=queue)
    assert len(receive_all(strict, queue)) == 1
    # Another queue is another matter.
    strict.purge_queue(QueueUrl=strict.create_queue(QueueName="purged-too")["QueueUrl"])


def test_a_purge_that_found_no_queue_locks_nothing(strict: Sqs) -> None:
    missing = ("AWS.SimpleQueueService.NonExistentQueue", 400)
    assert refused(strict.purge_queue, QueueUrl="soon-there") == missing
    queue = strict.create_queue(QueueName="soon-there")["QueueUrl"]
    strict.purge_queue(QueueUrl=queue)


def test_a_name_is_locked_after_its_queue_was_deleted(strict: Sqs, other: Sqs) -> None:
    queue = strict.create_queue(QueueName="deleted")["QueueUrl"]
    strict.delete_queue(QueueUrl=queue)
    locked = ("AWS.SimpleQueueService.QueueDeletedRecently", 400)
    assert refused(strict.create_queue, QueueName="deleted") == locked
    assert refused(other.create_queue, QueueName="deleted") == locked
    assert strict.create_queue(QueueName="deleted-not")["QueueUrl"]


def test_a_standard_queue_says_that_too_many_are_in_flight(strict: Sqs) -> None:
    queue = strict.create_queue(QueueName="flight")["QueueUrl"]
    for number in range(IN_FLIGHT + 1):
        strict.send_message(QueueUrl=queue, MessageBody=str(number))
    messages = receive_all(strict, queue)[:IN_FLIGHT]
    assert refused(strict.receive_message, QueueUrl=queue) == ("OverLimit", 400)
    for message in messages:
        strict.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert receive_all(strict, queue) == []


def test_a_fifo_queue_gives_nothing_when_too_many_are_in_flight(strict: Sqs) -> None:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = strict.create_queue(QueueName="flight.fifo", Attributes=attributes)["QueueUrl"]
    for number in range(IN_FLIGHT + 1):
        strict.send_message(QueueUrl=queue, MessageBody=str(number), MessageGroupId=str(number))
    first = strict.receive_message(QueueUrl=queue, MaxNumberOfMessages=IN_FLIGHT)["Messages"]
    assert len(first) == IN_FLIGHT
    assert receive_all(strict, queue, WaitTimeSeconds=1) == []
    strict.delete_message(QueueUrl=queue, ReceiptHandle=first[0]["ReceiptHandle"])
    assert len(receive_all(strict, queue)) == 1


def test_twelve_hours_in_all_is_the_longest_a_message_is_invisible(strict: Sqs) -> None:
    queue = strict.create_queue(QueueName="long")["QueueUrl"]
    strict.send_message(QueueUrl=queue, MessageBody="x")
    (message,) = receive_all(strict, queue)
    handle = message["ReceiptHandle"]
    change = strict.change_message_visibility
    change(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=40_000)
    assert refused(change, QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43_200) == (
        "InvalidParameterValue",
        400,
    )
    entries = [{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 43_200}]
    answer = strict.change_message_visibility_batch(QueueUrl=queue, Entries=entries)
    assert answer["Failed"][0]["Code"] == "InvalidParameterValue"
    strict.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    change_gone = refused(change, QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=5)
    assert change_gone == ("InvalidParameterValue", 400)


def test_the_total_counts_from_the_delivery() -> None:
    check_total_visibility(None, 43_200, 10**12)
    check_total_visibility(10**12, 43_200, 10**12)
    check_total_visibility(10**12, 3_200, 10**12 + 40_000_000)
    with pytest.raises(SqsError):
        check_total_visibility(10**12, 3_201, 10**12 + 40_000_000)


def test_handles_of_a_strict_process_are_good_at_one_that_is_not(json_sqs: Sqs, queue: str, strict: Sqs) -> None:
    json_sqs.send_message(QueueUrl=queue, MessageBody="x")
    (message,) = receive_all(json_sqs, queue)
    timed = message["ReceiptHandle"] + "~18c0ffee"
    json_sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=timed, VisibilityTimeout=43_200)
    json_sqs.delete_message(QueueUrl=queue, ReceiptHandle=timed)
    assert refused(json_sqs.delete_message, QueueUrl=queue, ReceiptHandle="no~12")[0] == "ReceiptHandleIsInvalid"


def test_extensions_are_refused(strict: Sqs) -> None:
    queue = strict.create_queue(QueueName="extended")["QueueUrl"]
    wish = {"Wipsie.DelaySeconds": {"DataType": "Number", "StringValue": "3600"}}
    code = "AWS.SimpleQueueService.UnsupportedOperation"
    assert refused(strict.send_message, QueueUrl=queue, MessageBody="x", MessageAttributes=wish)[0] == code
    entries = [{"Id": "a", "MessageBody": "x", "MessageAttributes": wish}, {"Id": "b", "MessageBody": "y"}]
    answer = strict.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Code"] for one in answer["Failed"]] == [code]
    assert [one["Id"] for one in answer["Successful"]] == ["b"]
