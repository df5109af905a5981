"""Queues: made, found, listed, described, changed, tagged, emptied and removed, in both protocols."""

from __future__ import annotations

import json

import pytest
from sqs_clients import NewQueue, Sqs, make_client, receive_all
from sqs_server import SqsServer

from wipsie.kernel.ids import QueueName


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_the_url_of_a_queue_is_at_the_address_that_was_asked(sqs: Sqs, queue: str, server: SqsServer) -> None:
    assert queue == f"{server.url}/000000000000/{name_of(queue)}"
    assert sqs.get_queue_url(QueueName=name_of(queue))["QueueUrl"] == queue


def test_an_access_key_of_twelve_digits_is_the_account(server: SqsServer) -> None:
    sqs = make_client(server.url, aws_access_key_id="123456789012", region_name="ap-south-1")
    url = sqs.create_queue(QueueName="of-an-account")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sqs.close()
    assert url == f"{server.url}/123456789012/of-an-account"
    assert attributes["QueueArn"] == "arn:aws:sqs:ap-south-1:123456789012:of-an-account"


def test_a_bare_name_is_a_queue_url_too(json_sqs: Sqs, queue: str) -> None:
    json_sqs.send_message(QueueUrl=name_of(queue), MessageBody="x")
    assert len(receive_all(json_sqs, queue)) == 1


def test_a_queue_is_the_same_to_the_engine(sqs: Sqs, queue: str, server: SqsServer) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    counts = server.on_the_engine(lambda engine: engine.counts(QueueName(name_of(queue))))
    assert counts.ready == 1


def test_making_a_queue_again_is_fine_while_what_is_given_is_the_same(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(VisibilityTimeout="45", DelaySeconds="3")
    again = sqs.create_queue(QueueName=name_of(queue), Attributes={"VisibilityTimeout": "45"})
    assert again["QueueUrl"] == queue
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.create_queue(QueueName=name_of(queue), Attributes={"VisibilityTimeout": "46", "DelaySeconds": "3"})
    error = refusal.value.response["Error"]
    assert error["Code"] == "QueueAlreadyExists"
    assert "VisibilityTimeout" in error["Message"]


def test_all_attributes_of_a_new_queue(sqs: Sqs, queue: str) -> None:
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert abs(int(attributes.pop("CreatedTimestamp")) - int(attributes.pop("LastModifiedTimestamp"))) <= 1
    assert attributes == {
        "QueueArn": f"arn:aws:sqs:eu-central-1:000000000000:{name_of(queue)}",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "false",
    }


def test_without_names_no_attributes_are_told(sqs: Sqs, queue: str) -> None:
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue)


def test_attributes_change_and_are_told(sqs: Sqs, new_queue: NewQueue) -> None:
    queue, dead = new_queue(), new_queue()
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    wanted = {
        "VisibilityTimeout": "5",
        "MessageRetentionPeriod": "60",
        "DelaySeconds": "1",
        "MaximumMessageSize": "1024",
        "ReceiveMessageWaitTimeSeconds": "2",
        "KmsMasterKeyId": "alias/aws/sqs",
        "KmsDataKeyReusePeriodSeconds": "60",
        "SqsManagedSseEnabled": "true",
        "Policy": '{"Version": "2012-10-17", "Statement": []}',
        "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}',
    }
    policy = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": 7}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={**wanted, "RedrivePolicy": json.dumps(policy)})
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert {name: told[name] for name in wanted} == wanted
    assert json.loads(told["RedrivePolicy"]) == policy
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": "", "Policy": "", "RedriveAllowPolicy": ""})
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert not {"RedrivePolicy", "Policy", "RedriveAllowPolicy"} & set(told)
    assert told["VisibilityTimeout"] == "5"


def test_a_fifo_queue_says_what_it_is(sqs: Sqs, new_queue: NewQueue) -> None:
    queue = new_queue(fifo=True, ContentBasedDeduplication="true")
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert told["FifoQueue"] == told["ContentBasedDeduplication"] == "true"
    assert (told["DeduplicationScope"], told["FifoThroughputLimit"]) == ("queue", "perQueue")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
        ("VisibilityTimeout", "-1", "InvalidAttributeValue"),
        ("VisibilityTimeout", "soon", "InvalidAttributeValue"),
        ("MessageRetentionPeriod", "59", "InvalidAttributeValue"),
        ("MaximumMessageSize", "1023", "InvalidAttributeValue"),
        ("DelaySeconds", "901", "InvalidAttributeValue"),
        ("ReceiveMessageWaitTimeSeconds", "21", "InvalidAttributeValue"),
        ("Policy", "{", "InvalidAttributeValue"),
        ("RedrivePolicy", "[]", "InvalidAttributeValue"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "x", "maxReceiveCount": 1}', "InvalidParameterValue"),
        (
            "RedrivePolicy",
            '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:none", "maxReceiveCount": 1}',
            "InvalidParameterValue",
        ),
        ("RedriveAllowPolicy", '{"redrivePermission": "byQueue"}', "InvalidAttributeValue"),
        ("ContentBasedDeduplication", "true", "InvalidAttributeName"),
        ("FifoQueue", "true", "InvalidAttributeName"),
        ("NoSuchAttribute", "1", "InvalidAttributeName"),
        ("QueueArn", "arn:aws:sqs:us-east-1:000000000000:x", "InvalidAttributeName"),
    ],
)
def test_attributes_that_cannot_be_are_refused(sqs: Sqs, queue: str, name: str, value: str, code: str) -> None:
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})
    assert refusal.value.response["Error"]["Code"] == code


def test_a_queue_that_refuses_dead_letters_gets_none(sqs: Sqs, new_queue: NewQueue) -> None:
    source = new_queue()
    arn = sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = new_queue(RedriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]}))
    denied = new_queue(RedriveAllowPolicy='{"redrivePermission": "denyAll"}')
    for target in (allowed, denied):
        target_arn = sqs.get_queue_attributes(QueueUrl=target, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target_arn, "maxReceiveCount": 1})}
        if target == allowed:
            sqs.set_queue_attributes(QueueUrl=source, Attributes=policy)
        else:
            with pytest.raises(sqs.exceptions.ClientError):
                sqs.set_queue_attributes(QueueUrl=source, Attributes=policy)


def test_queues_are_listed_by_name_and_in_pages(sqs: Sqs, json_sqs: Sqs) -> None:
    urls = [json_sqs.create_queue(QueueName=f"listed-{letter}")["QueueUrl"] for letter in "abc"]
    assert sqs.list_queues(QueueNamePrefix="listed-")["QueueUrls"] == urls
    page = sqs.list_queues(QueueNamePrefix="listed-", MaxResults=2)
    assert page["QueueUrls"] == urls[:2]
    rest = sqs.list_queues(QueueNamePrefix="listed-", MaxResults=2, NextToken=page["NextToken"])
    assert rest["QueueUrls"] == urls[2:]
    assert "NextToken" not in rest
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="no-such-")
    assert set(urls) <= set(sqs.list_queues(QueueNamePrefix="")["QueueUrls"])


@pytest.mark.parametrize("name", ["with space", "x" * 81, "dotted.name", "umläut", ".fifo", "a/b"])
def test_names_that_cannot_be_are_refused(sqs: Sqs, name: str) -> None:
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.create_queue(QueueName=name)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_the_name_says_whether_a_queue_is_fifo(sqs: Sqs) -> None:
    for name, attributes in (("line.fifo", dict[str, str]()), ("line", {"FifoQueue": "true"})):
        with pytest.raises(sqs.exceptions.ClientError):
            sqs.create_queue(QueueName=name, Attributes=attributes)


def test_tags_are_added_told_and_taken_away(sqs: Sqs, request: pytest.FixtureRequest) -> None:
    kind = "json" if "json" in request.node.name else "query"
    queue = sqs.create_queue(QueueName=f"tagged-{kind}", tags={"team": "night"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "day", "cost": "1 & 2"})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "day", "cost": "1 & 2"}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["team", "nothing"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"cost": "1 & 2"}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["cost"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)


def test_a_purge_removes_all_messages_as_often_as_one_likes(sqs: Sqs, queue: str) -> None:
    for _ in range(2):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
        sqs.purge_queue(QueueUrl=queue)
        assert receive_all(sqs, queue) == []


def test_a_deleted_queue_is_gone_and_its_name_free(sqs: Sqs, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.delete_queue(QueueUrl=queue)
    for call in (
        lambda: sqs.send_message(QueueUrl=queue, MessageBody="x"),
        lambda: sqs.get_queue_url(QueueName=name_of(queue)),
        lambda: sqs.delete_queue(QueueUrl=queue),
    ):
        with pytest.raises(sqs.exceptions.ClientError) as refusal:
            call()
        assert refusal.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert sqs.create_queue(QueueName=name_of(queue))["QueueUrl"] == queue
    assert receive_all(sqs, queue) == []


def test_permissions_are_statements_of_the_policy(sqs: Sqs, queue: str) -> None:
    for label, accounts in (("senders", ["111122223333", "444455556666"]), ("all", ["777788889999"])):
        sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=accounts, Actions=["SendMessage"])
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        sqs.add_permission(QueueUrl=queue, Label="all", AWSAccountIds=["777788889999"], Actions=["*"])
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    sqs.remove_permission(QueueUrl=queue, Label="all")
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"])
    (statement,) = policy["Statement"]
    assert (statement["Sid"], statement["Action"]) == ("senders", "SQS:SendMessage")
    assert statement["Principal"]["AWS"] == ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]
    sqs.remove_permission(QueueUrl=queue, Label="senders")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
    with pytest.raises(sqs.exceptions.ClientError):
        sqs.remove_permission(QueueUrl=queue, Label="senders")
