"""All actions, told as one story, over the stores that several machines share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqs_clients import Sqs, make_client
from sqs_server import SqsServer

from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import new_uuid
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.contract import QueueBackend
from wipsie.testing import eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(params=["postgresql", "redis"])
def away(request: pytest.FixtureRequest, migrated_database_url: str) -> Iterator[SqsServer]:
    """Served over a store on another machine, as it were."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_server").url()
    else:
        url = request.getfixturevalue("postgres_server").create_database(f"queue_{new_uuid()}")

    def backend(clock: Clock) -> QueueBackend:
        if request.param == "redis":
            return RedisQueueBackend(url, clock=clock, namespace=new_uuid())
        return PostgresQueueBackend(url, clock=clock)

    server = SqsServer(backend, migrated_database_url)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["json", "query"])
def client(away: SqsServer, request: pytest.FixtureRequest) -> Iterator[Sqs]:
    client = make_client(away.url, request.param)
    yield client
    client.close()


def _arn(sqs: Sqs, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _receive(sqs: Sqs, url: str, **more: Any) -> list[dict[str, Any]]:
    more = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 10, **more}
    return sqs.receive_message(QueueUrl=url, **more).get("Messages", [])


async def test_every_action_does_what_it_does_on_one_machine(client: Sqs) -> None:
    sqs = client
    dead = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy}, tags={"team": "shop"})["QueueUrl"]
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix="orders")["QueueUrls"] == [url, dead]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]

    sqs.tag_queue(QueueUrl=url, Tags={"cost": "7"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"cost": "7"}
    sqs.add_permission(QueueUrl=url, Label="all", AWSAccountIds=["123456789012"], Actions=["SendMessage"])
    sqs.remove_permission(QueueUrl=url, Label="all")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})

    attribute = {"size": {"DataType": "Number.int", "StringValue": "12"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="grüße", MessageAttributes=attribute)
    (message,) = _receive(sqs, url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    assert (message["Body"], message["MessageId"]) == ("grüße", sent["MessageId"])
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=99)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(4)]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "bad", "MessageBody": "\x00"}])
    assert [len(answer["Successful"]), answer["Failed"][0]["Id"]] == [4, "bad"]
    handles = {one["Body"]: one["ReceiptHandle"] for one in _receive(sqs, url)}
    while len(handles) < 4:
        handles |= {one["Body"]: one["ReceiptHandle"] for one in _receive(sqs, url)}
    sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handles.pop("0")}])
    # Three were tried as often as they may be: at the next receive they are dead.
    changes = [{"Id": body, "ReceiptHandle": one, "VisibilityTimeout": 0} for body, one in handles.items()]
    assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=changes)["Successful"]) == 3
    await eventually(lambda: not _receive(sqs, url, WaitTimeSeconds=0) and _count(sqs, dead) == 3, 20)

    task = sqs.start_message_move_task(SourceArn=_arn(sqs, dead))["TaskHandle"]
    await eventually(lambda: _tasks(sqs, dead)[0]["Status"] == "COMPLETED", 30)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sqs.cancel_message_move_task(TaskHandle=task)
    assert (_count(sqs, dead), _count(sqs, url)) == (0, 3)
    sqs.purge_queue(QueueUrl=url)
    assert _count(sqs, url) == 0
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sqs.send_message(QueueUrl=url, MessageBody="late")


async def test_groups_keep_their_order_and_repeats_are_known(client: Sqs) -> None:
    sqs = client
    url = sqs.create_queue(QueueName="lane.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sent = [
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)
        for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a1", "a"))
    ]
    assert sent[3]["MessageId"] == sent[0]["MessageId"]
    assert sent[0]["SequenceNumber"] < sent[1]["SequenceNumber"] < sent[2]["SequenceNumber"]
    first = _receive(sqs, url)
    assert sorted(one["Body"] for one in first) == ["a1", "b1"]
    for one in first:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    assert [one["Body"] for one in _receive(sqs, url)] == ["a2"]


def _tasks(sqs: Sqs, url: str) -> list[dict[str, Any]]:
    return sqs.list_message_move_tasks(SourceArn=_arn(sqs, url))["Results"]


def _count(sqs: Sqs, url: str) -> int:
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(told["ApproximateNumberOfMessages"])
