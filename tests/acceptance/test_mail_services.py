"""The two services of the mail pipeline as two processes that share nothing but a queue, a bucket and a parameter: one takes
e-mails in, one archives them. All of AWS is a server of its own, spoken to over HTTP; nobody tells Wipsie anything but the
pipeline's own variables."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import pytest

from wipsie.testing.eventually import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.process import WipsieProcess
from wipsie.testing.servers import MotoServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
Start = Callable[..., WipsieProcess]
TOKEN = "$DJISA<$#45ex3RtYr"
DATA = {
    "email_subject": "Happy new year!",
    "email_sender": "John doe",
    "email_timestream": "1693561101",
    "email_content": "Just want to say... Happy new year!!!",
}
ARCHIVED = {**{key: value for key, value in DATA.items() if key != "email_timestream"}, "email_timestamp": "1693561101"}
REGION = "us-west-1"


class Cloud:
    """A queue with its dead-letter queue, a bucket and a parameter, made by somebody else's hands."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        name = f"mail-{os.urandom(4).hex()}"
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        library: Any = boto3

        def client(service: str) -> Any:
            return library.client(service, region_name=REGION, endpoint_url=endpoint_url, **keys)

        self.sqs, self.s3, self.ssm, self.sns = client("sqs"), client("s3"), client("ssm"), client("sns")
        self.bucket = f"{name}-archive"
        self.parameter = f"/{name}/prod/api/token"
        self.dead_url = self.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": self._arn_of(self.dead_url), "maxReceiveCount": "5"})
        self.queue_url = self.sqs.create_queue(
            QueueName=name, Attributes={"VisibilityTimeout": "30", "RedrivePolicy": policy}
        )["QueueUrl"]
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.ssm.put_parameter(Name=self.parameter, Value=TOKEN, Type="SecureString")

    def close(self) -> None:
        for client in (self.sqs, self.s3, self.ssm, self.sns):
            client.close()

    def _arn_of(self, queue_url: str) -> str:
        found = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        return found["Attributes"]["QueueArn"]

    def make_inbox(self, suffix: str, *, by_topic: bool) -> str:
        """A bucket that tells the queue of what is made and removed in it, at once or through a topic; its name."""
        name = f"{self.bucket}-{suffix}"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        events = {"Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        queue_arn = self._arn_of(self.queue_url)
        if by_topic:
            topic_arn = self.sns.create_topic(Name=name)["TopicArn"]
            self.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
            configuration = {"TopicConfigurations": [{"TopicArn": topic_arn, **events}]}
        else:
            configuration = {"QueueConfigurations": [{"QueueArn": queue_arn, **events}]}
        self.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
        return name

    @property
    def variables(self) -> dict[str, str]:
        """What both services are told."""
        return {
            "SQS_QUEUE_URL": self.queue_url,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "API_PORT": "",
            "METRICS_PORT": "",
        }

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                found[entry["Key"]] = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
        return found

    def waiting(self, url: str | None = None) -> int:
        """Messages in a queue, those in somebody's hands too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


@pytest.fixture
async def cloud(moto_server: MotoServer) -> AsyncIterator[Cloud]:
    cloud = await asyncio.to_thread(Cloud, moto_server.endpoint_url)
    yield cloud
    cloud.close()


@pytest.fixture
def start_api(start_wipsie: Start, cloud: Cloud, tmp_path: Any) -> Start:
    def start(**variables: str) -> WipsieProcess:
        port = free_port()
        mine = {"SSM_TOKEN_PARAMETER": cloud.parameter, "PORT": str(port), **variables}
        return start_wipsie(
            ["api", "--slices", "mail"], data_dir=tmp_path / "api", port=port, environment={**cloud.variables, **mine}
        )

    return start


@pytest.fixture
def start_consumer(start_wipsie: Start, cloud: Cloud, tmp_path: Any) -> Start:
    def start(**variables: str) -> WipsieProcess:
        port = free_port()
        mine = {"S3_BUCKET_NAME": cloud.bucket, "SQS_POLL_INTERVAL": "1", "METRICS_PORT": str(port), **variables}
        return start_wipsie(
            ["worker", "--slices", "mail"],
            data_dir=tmp_path / "consumer",
            port=port,
            environment={**cloud.variables, **mine},
        )

    return start


async def page(url: str) -> str:
    def read() -> str:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
            return answer.read().decode()

    return await asyncio.to_thread(read)


async def until_archived(cloud: Cloud, count: int, timeout_s: float = 30) -> dict[str, bytes]:
    async def enough() -> dict[str, bytes] | None:
        found = await asyncio.to_thread(cloud.objects, "emails/")
        return found if len(found) >= count else None

    found = await eventually(enough, timeout_s, f"{count} e-mails are archived")
    assert found is not None
    return found


async def test_an_email_goes_from_the_api_through_the_queue_into_the_bucket(
    start_api: Start, start_consumer: Start, cloud: Cloud, call: Any
) -> None:
    api, consumer = start_api(), start_consumer()
    await api.wait_until_healthy()
    await consumer.wait_until_healthy()
    status, answer = await call(api, "POST", "/api/email", {"token": TOKEN, "data": DATA})
    assert (status, answer["status"], answer["email_subject"]) == (200, "success", "Happy new year!"), answer
    ((key, content),) = (await until_archived(cloud, 1)).items()
    assert key.startswith("emails/2023/09/01/email-1693561101-")
    assert json.loads(content) == ARCHIVED
    head = await asyncio.to_thread(cloud.s3.head_object, Bucket=cloud.bucket, Key=key)
    assert head["ContentType"] == "application/json"
    # What others put on the queue, as they always did.
    other = {**DATA, "email_content": "from elsewhere", "email_timestamp": DATA["email_timestream"]}
    await asyncio.to_thread(cloud.sqs.send_message, QueueUrl=cloud.queue_url, MessageBody=json.dumps(other))
    assert len(await until_archived(cloud, 2)) == 2
    # The same e-mail once more, over both ways.
    assert (await call(api, "POST", "/api/email", {"token": TOKEN, "data": DATA}))[0] == 200
    await asyncio.to_thread(cloud.sqs.send_message, QueueUrl=cloud.queue_url, MessageBody=json.dumps(other))
    await eventually(lambda: cloud.waiting() == 0, 20, "the queue is empty")
    assert len(await asyncio.to_thread(cloud.objects, "emails/")) == 2
    refused: dict[int, dict[str, Any]] = {401: {"token": "wrong", "data": DATA}, 400: {"token": TOKEN, "data": {}}}
    for status, body in refused.items():
        assert (await call(api, "POST", "/api/email", body))[0] == status
    assert cloud.waiting() == 0
    status, health = await call(api, "GET", "/health")
    assert (status, health["status"]) == (200, "healthy")
    metrics = await page(f"{api.base_url}/metrics")
    assert 'api_requests_total{endpoint="/api/email",method="POST",status="200"} 2.0' in metrics
    assert 'api_validation_errors_total{error_type="token"} 1.0' in metrics
    metrics = await page(f"{consumer.base_url}/metrics")
    for line in (
        "sqs_messages_processed_total 4.0",
        "sqs_messages_failed_total 0.0",
        "s3_uploads_success_total 4.0",
        "message_processing_duration_seconds_count 4",
        "sqs_queue_messages_visible 0.0",
        "mail_duplicates_total 2.0",
    ):
        assert line in metrics


async def test_the_token_is_rotated_while_senders_change_over(start_api: Start, cloud: Cloud, call: Any) -> None:
    api = start_api()
    await api.wait_until_healthy()

    async def status_of(token: str) -> int:
        return (await call(api, "POST", "/api/email", {"token": token, "data": DATA}))[0]

    assert await status_of(TOKEN) == 200

    def rotate() -> None:
        cloud.ssm.put_parameter(Name=cloud.parameter, Value="new<$#", Type="SecureString", Overwrite=True)
        cloud.ssm.label_parameter_version(Name=cloud.parameter, ParameterVersion=1, Labels=["previous"])

    await asyncio.to_thread(rotate)

    async def new_is_good() -> bool:
        return await status_of("new<$#") == 200

    # Looked for at once, unless somebody just looked.
    await eventually(new_is_good, 20, "the new token is good")
    assert await status_of(TOKEN) == 200
    assert await status_of("guess") == 401


async def test_a_parameter_that_cannot_be_read_is_told_as_such_and_not_as_a_wrong_token(
    start_api: Start, call: Any
) -> None:
    api = start_api(SSM_TOKEN_PARAMETER="/nobody/made/this")
    await api.wait_until_healthy()
    status, answer = await call(api, "POST", "/api/email", {"token": TOKEN, "data": DATA})
    assert (status, answer["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


async def test_what_is_no_email_goes_to_the_dead_letter_queue_of_its_queue(start_consumer: Start, cloud: Cloud) -> None:
    consumer = start_consumer()
    for body in ("no JSON", json.dumps({"email_subject": "alone"})):
        await asyncio.to_thread(cloud.sqs.send_message, QueueUrl=cloud.queue_url, MessageBody=body)
    await asyncio.to_thread(cloud.sqs.send_message, QueueUrl=cloud.queue_url, MessageBody=json.dumps(DATA))
    await eventually(lambda: cloud.waiting(cloud.dead_url) == 2, 30, "both are dead letters")
    assert len(await until_archived(cloud, 1)) == 1
    assert "sqs_messages_failed_total 2.0" in await page(f"{consumer.base_url}/metrics")


async def test_mails_laid_into_buckets_are_archived_when_s3_or_sns_tells_the_queue_of_them(
    start_consumer: Start, cloud: Cloud
) -> None:
    inboxes = [
        await asyncio.to_thread(cloud.make_inbox, suffix, by_topic=by_topic)
        for suffix, by_topic in (("direct", False), ("topic", True))
    ]
    consumer = start_consumer(MAIL_SES_BUCKETS=",".join(inboxes))

    def lay(key: str, subject: str) -> None:
        content = (
            f"From: ann@example.org\r\nSubject: {subject}\r\nDate: Fri, 01 Sep 2023 11:38:21 +0200\r\n\r\nHello\r\n"
        )
        for inbox in inboxes:
            cloud.s3.put_object(Bucket=inbox, Key=key, Body=content.encode())

    await asyncio.to_thread(lay, "in/one", "One")
    await asyncio.to_thread(lay, "in/zwei + 2.eml", "Two")
    archived = await until_archived(cloud, 2)
    await eventually(lambda: cloud.waiting() == 0, 30, "the queue is empty")
    assert sorted(json.loads(content)["email_subject"] for content in archived.values()) == ["One", "Two"]
    for inbox in inboxes:
        await asyncio.to_thread(cloud.s3.delete_object, Bucket=inbox, Key="in/one")
    await eventually(lambda: cloud.waiting() == 0, 30, "the queue is empty")
    assert cloud.waiting(cloud.dead_url) == 0
    metrics = await page(f"{consumer.base_url}/metrics")
    assert "sqs_messages_processed_total 4.0" in metrics
    assert "mail_duplicates_total 2.0" in metrics
    assert "sqs_messages_failed_total 0.0" in metrics
    # Of each bucket a removal, and the test that S3 sends when notifications are set up.
    assert "mail_notices_without_mail_total 4.0" in metrics


async def test_a_bucket_that_is_not_there_holds_the_queue_until_it_is(start_consumer: Start, cloud: Cloud) -> None:
    later = f"{cloud.bucket}-later"
    consumer = start_consumer(S3_BUCKET_NAME=later)
    await asyncio.to_thread(cloud.sqs.send_message, QueueUrl=cloud.queue_url, MessageBody=json.dumps(DATA))
    await eventually(lambda: "mail_not_archived" in consumer.log(), 30, "it says why nothing is archived")
    assert cloud.waiting(cloud.dead_url) == 0
    await asyncio.to_thread(
        cloud.s3.create_bucket, Bucket=later, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    cloud.bucket = later
    assert len(await until_archived(cloud, 1, 60)) == 1
    assert cloud.waiting(cloud.dead_url) == 0


async def test_whatever_is_killed_each_accepted_email_is_archived_exactly_once(
    start_api: Start, start_consumer: Start, cloud: Cloud, call: Any
) -> None:
    api, consumer = start_api(), start_consumer()
    await api.wait_until_healthy()
    await consumer.wait_until_healthy()
    accepted: dict[str, str] = {}
    stopping = asyncio.Event()

    async def send(sender: int) -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            content = f"{sender}/{number}"
            data = {**DATA, "email_sender": f"sender {sender}", "email_content": content}
            try:
                status, answer = await call(api, "POST", "/api/email", {"token": TOKEN, "data": data})
            except OSError:
                # Killed: it comes again until it is answered, as any sender would do.
                await asyncio.sleep(0.05)  # real senders pause too
                number -= 1
                continue
            if status == 200:
                accepted[content] = answer["id"]

    senders = [asyncio.create_task(send(number)) for number in range(4)]
    for round_number in range(3):
        goal = len(accepted) + 60
        await eventually(lambda goal=goal: len(accepted) >= goal, 60, "e-mails are accepted")
        victim = consumer if round_number % 2 == 0 else api
        victim.kill()
        victim.start()
        await victim.wait_until_healthy()
    stopping.set()
    await asyncio.gather(*senders)
    # What a killed process held comes back when its lease of 30 s ends.
    await eventually(lambda: cloud.waiting() == 0, 90, "the queue is empty")
    archived = [json.loads(content) for content in (await asyncio.to_thread(cloud.objects, "emails/")).values()]
    contents = [one["email_content"] for one in archived]
    assert len(contents) == len(set(contents))
    assert set(accepted) <= set(contents)
    assert cloud.waiting(cloud.dead_url) == 0
