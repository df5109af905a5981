"""What programs do with Amazon SQS is done by each client that is not ours, as its users call it."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from client_process import ClientProcess, Refusal
from foreign_clients import Kind
from sqs_server import SqsServer

from wipsie.sqs_endpoint.actions.table import OPERATIONS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

BODY = 'ünïcödé 漢字 😀 <&> "quoted"\n\ttabbed'
MD5_OF_ONE_OF_EACH = "c932db14a896c663f83c260297d594ff"
ONE_OF_EACH: dict[str, Any] = {
    "attribName1": {"DataType": "String", "StringValue": "attribValue 1"},
    "customNumberTypeAttrib": {
        "DataType": "Number.float",
        "StringValue": "4563442423554324324264524243.32543234",
    },
    "binaryAttribute": {"DataType": "Binary", "BinaryValue": b"Hello binary world!"},
}
# What Amazon says of attributes sent alone.
KNOWN_DIGESTS = {
    "19e27d4e946b072f3f58da80d94fd778": {"attribName1": ONE_OF_EACH["attribName1"]},
    "9fe1b90bbd9965bdf77bac517c7d2495": {"customNumberTypeAttrib": ONE_OF_EACH["customNumberTypeAttrib"]},
    "31a92b15d92f8db860eda32aceb656c3": {"binaryAttribute": ONE_OF_EACH["binaryAttribute"]},
    MD5_OF_ONE_OF_EACH: ONE_OF_EACH,
    "235c5c510d26fb653d073faed50ae77c": {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}},
}
_numbers = itertools.count(1)


def new_name(suffix: str = "") -> str:
    # Two processes of tests have two servers, but names that are told apart are easier to read.
    return f"clients-{os.getpid()}-{next(_numbers)}{suffix}"


def make(client: ClientProcess, suffix: str = "", **attributes: str) -> str:
    """The URL of a new queue."""
    return client.call("CreateQueue", QueueName=new_name(suffix), Attributes=attributes)["QueueUrl"]


def receive(client: ClientProcess, queue: str, **members: Any) -> list[dict[str, Any]]:
    return client.call("ReceiveMessage", QueueUrl=queue, **{"MaxNumberOfMessages": 10, **members}).get("Messages", [])


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  theirs


def test_every_action_of_the_service_is_asked_for_here() -> None:
    source = Path(__file__).read_text("utf-8")
    assert [name for name in OPERATIONS if f'client.call("{name}"' not in re.sub(r"\(\s+", "(", source)] == []


def test_a_client_speaks_the_protocol_it_is_here_for(client: ClientProcess, kind: Kind, server: SqsServer) -> None:
    client.call("ListQueues")
    (*_, heard) = (one for one in server.heard if kind.agent in one.agent)
    assert (heard.action, heard.protocol) == ("ListQueues", kind.protocol)


def test_a_queue_is_found_again_by_its_name(client: ClientProcess, server: SqsServer) -> None:
    name = new_name()
    url = client.call(
        "CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "7"}, tags={"team": "mail", "stage": "test"}
    )["QueueUrl"]
    assert url == f"{server.url}/000000000000/{name}"
    assert client.call("GetQueueUrl", QueueName=name)["QueueUrl"] == url
    assert client.call("ListQueues", QueueNamePrefix=name)["QueueUrls"] == [url]
    assert client.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"]) == {
        "Attributes": {"VisibilityTimeout": "7"}
    }
    assert client.call("ListQueueTags", QueueUrl=url)["Tags"] == {"team": "mail", "stage": "test"}


@pytest.mark.parametrize("form", ["{name}", "/queue/{name}", "/queue/eu-central-1/000000000000/{name}"])
def test_a_queue_is_known_by_the_last_part_of_its_url(client: ClientProcess, server: SqsServer, form: str) -> None:
    name = make(client).rpartition("/")[2]
    port = server.url.rpartition(":")[2]
    # As other servers write it, by another name of this machine.
    url = f"http://localhost:{port}{form.format(name=name)}" if form.startswith("/") else name
    client.call("SendMessage", QueueUrl=url, MessageBody="x")
    assert len(receive(client, name)) == 1


def test_a_message_arrives_with_its_attributes_and_digests(client: ClientProcess) -> None:
    queue = make(client)
    sent = client.call("SendMessage", QueueUrl=queue, MessageBody=BODY, MessageAttributes=ONE_OF_EACH)
    assert (sent["MD5OfMessageBody"], sent["MD5OfMessageAttributes"]) == (md5(BODY), MD5_OF_ONE_OF_EACH)
    (message,) = receive(client, queue, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert message["Body"] == BODY
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == ONE_OF_EACH
    assert (message["MD5OfBody"], message["MD5OfMessageAttributes"]) == (md5(BODY), MD5_OF_ONE_OF_EACH)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    client.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_digests_of_attributes_are_those_amazon_gives(client: ClientProcess) -> None:
    queue = make(client)
    for digest, attributes in KNOWN_DIGESTS.items():
        sent = client.call("SendMessage", QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
        assert sent["MD5OfMessageAttributes"] == digest


def test_one_bad_entry_of_a_batch_fails_alone(client: ClientProcess) -> None:
    queue = make(client)
    entries: list[dict[str, Any]] = [{"Id": f"n{number}", "MessageBody": f"body {number}"} for number in range(10)]
    entries[4]["DelaySeconds"] = 901
    answer = client.call("SendMessageBatch", QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in answer["Failed"]] == ["n4"]
    assert answer["Failed"][0]["SenderFault"] is True
    assert answer["Failed"][0]["Code"] == "InvalidParameterValue"
    sent = {one["Id"]: one["MD5OfMessageBody"] for one in answer["Successful"]}
    assert sent == {one["Id"]: md5(one["MessageBody"]) for one in entries if one["Id"] != "n4"}
    messages = receive(client, queue)
    assert sorted(one["Body"] for one in messages) == sorted(f"body {number}" for number in range(10) if number != 4)
    deleted = client.call(
        "DeleteMessageBatch",
        QueueUrl=queue,
        Entries=[{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(messages)],
    )
    assert len(deleted["Successful"]) == 9
    assert not deleted.get("Failed")


def test_a_long_poll_gets_a_message_when_its_delay_ends(client: ClientProcess) -> None:
    queue = make(client)
    client.call("SendMessage", QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert [one["Body"] for one in receive(client, queue, WaitTimeSeconds=15)] == ["later"]


def test_an_empty_queue_answers_without_messages(client: ClientProcess) -> None:
    assert receive(client, make(client)) == []


def test_what_is_given_back_is_there_again_and_counts_its_receives(client: ClientProcess) -> None:
    queue = make(client)
    client.call("SendMessage", QueueUrl=queue, MessageBody="again")
    (first,) = receive(client, queue)
    client.call("ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    (second,) = receive(client, queue, AttributeNames=["All"])
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    assert second["ReceiptHandle"] != first["ReceiptHandle"]


@pytest.mark.parametrize(
    ("action", "members", "shape", "code"),
    [
        ("GetQueueUrl", {"QueueName": "nowhere"}, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        ("SendMessage", {"MessageBody": "x"}, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        ("SendMessageBatch", {"Entries": []}, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ],
)
def test_errors_are_those_programs_catch(
    client: ClientProcess, kind: Kind, action: str, members: dict[str, Any], shape: str, code: str, server: SqsServer
) -> None:
    if action == "SendMessage":
        members = {**members, "QueueUrl": f"{server.url}/000000000000/nowhere"}
    if action == "SendMessageBatch":
        members = {**members, "QueueUrl": make(client)}
    with pytest.raises(Refusal) as refused:
        client.call(action, **members)
    assert refused.value.code == code
    # The command line shows codes; programs catch classes.
    assert refused.value.kind == ("" if kind.driver.startswith("aws_cli") else shape)


def test_a_receipt_handle_that_is_none_is_refused(client: ClientProcess, kind: Kind) -> None:
    with pytest.raises(Refusal) as refused:
        client.call("DeleteMessage", QueueUrl=make(client), ReceiptHandle="made-up")
    assert refused.value.code == "ReceiptHandleIsInvalid"
    assert refused.value.kind == ("" if kind.driver.startswith("aws_cli") else "ReceiptHandleIsInvalid")


def test_groups_keep_their_order_and_repeats_are_one_message(client: ClientProcess) -> None:
    queue = make(client, ".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    sent = [
        client.call("SendMessage", QueueUrl=queue, MessageBody=body, MessageGroupId="tenant")
        for body in ("1", "2", "1")
    ]
    assert sent[0]["MessageId"] == sent[2]["MessageId"]
    assert len(sent[0]["SequenceNumber"]) == 20
    assert sent[0]["SequenceNumber"] < sent[1]["SequenceNumber"]
    bodies: list[str] = []
    for _ in range(2):
        (message,) = receive(client, queue, AttributeNames=["MessageGroupId"])
        assert message["Attributes"] == {"MessageGroupId": "tenant"}
        bodies.append(message["Body"])
        client.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert bodies == ["1", "2"]
    assert receive(client, queue) == []


def test_what_fails_too_often_is_set_aside_and_moved_back(client: ClientProcess) -> None:
    dead = make(client)
    arn = client.call("GetQueueAttributes", QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = make(client, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
    assert client.call("ListDeadLetterSourceQueues", QueueUrl=dead)["queueUrls"] == [queue]
    sent = client.call("SendMessage", QueueUrl=queue, MessageBody="poison")
    assert len(receive(client, queue, VisibilityTimeout=0)) == 1
    assert receive(client, queue) == []
    (moved,) = receive(client, dead, VisibilityTimeout=0, AttributeNames=["DeadLetterQueueSourceArn"])
    assert moved["MessageId"] == sent["MessageId"]
    assert moved["Attributes"]["DeadLetterQueueSourceArn"].endswith(queue.rpartition("/")[2])
    assert client.call("StartMessageMoveTask", SourceArn=arn)["TaskHandle"]
    assert [one["Body"] for one in receive(client, queue, WaitTimeSeconds=15)] == ["poison"]
    tasks = client.call("ListMessageMoveTasks", SourceArn=arn)["Results"]
    assert [one["SourceArn"] for one in tasks] == [arn]


def test_a_move_task_that_nobody_started_is_told_as_such(client: ClientProcess) -> None:
    with pytest.raises(Refusal) as refused:
        client.call("CancelMessageMoveTask", TaskHandle="bm90aGluZw==")
    assert refused.value.code in ("ResourceNotFoundException", "InvalidParameterValue")


def test_visibility_of_several_messages_changes_at_once(client: ClientProcess) -> None:
    queue = make(client)
    for body in ("a", "b"):
        client.call("SendMessage", QueueUrl=queue, MessageBody=body)
    entries = [
        {"Id": one["Body"], "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0}
        for one in receive(client, queue)
    ]
    entries.append({"Id": "bad", "ReceiptHandle": "made-up", "VisibilityTimeout": 0})
    answer = client.call("ChangeMessageVisibilityBatch", QueueUrl=queue, Entries=entries)
    assert sorted(one["Id"] for one in answer["Successful"]) == ["a", "b"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]
    assert sorted(one["Body"] for one in receive(client, queue)) == ["a", "b"]


def test_permissions_become_statements_of_the_policy(client: ClientProcess) -> None:
    queue = make(client)
    client.call(
        "AddPermission", QueueUrl=queue, Label="partner", AWSAccountIds=["111122223333"], Actions=["SendMessage"]
    )
    policy = client.call("GetQueueAttributes", QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert [one["Sid"] for one in json.loads(policy)["Statement"]] == ["partner"]
    client.call("RemovePermission", QueueUrl=queue, Label="partner")
    assert "Policy" not in client.call("GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def test_tags_and_attributes_change(client: ClientProcess) -> None:
    queue = make(client)
    client.call("TagQueue", QueueUrl=queue, Tags={"a": "1", "b": "2"})
    client.call("UntagQueue", QueueUrl=queue, TagKeys=["a"])
    assert client.call("ListQueueTags", QueueUrl=queue)["Tags"] == {"b": "2"}
    client.call("SetQueueAttributes", QueueUrl=queue, Attributes={"DelaySeconds": "3"})
    attributes = client.call("GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["DelaySeconds"] == "3"


def test_what_is_purged_and_deleted_is_gone(client: ClientProcess) -> None:
    queue = make(client)
    client.call("SendMessage", QueueUrl=queue, MessageBody="x")
    client.call("PurgeQueue", QueueUrl=queue)
    counts = client.call("GetQueueAttributes", QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert counts["Attributes"] == {"ApproximateNumberOfMessages": "0"}
    client.call("DeleteQueue", QueueUrl=queue)
    with pytest.raises(Refusal) as refused:
        client.call("ReceiveMessage", QueueUrl=queue)
    assert refused.value.code == "AWS.SimpleQueueService.NonExistentQueue"
