"""Mails that Amazon's notices tell the queue of: archived once each, from the buckets that are named and from no others."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import boto3
import pytest
from notice_samples import IN_THE_NOTICE, MAIL, in_bucket, mail, record, s3_event, s3_test, ses_notice, sns

from wipsie.blobs import BlobStore
from wipsie.slices.mail.archiving import ArchiveSettings
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import MotoServer

OpenDesk = Callable[..., Awaitable[Any]]
ALLOWED = ArchiveSettings(ses_buckets=frozenset({"inbox", "letters"}))
WITH_CONTENT = ses_notice(IN_THE_NOTICE, content=base64.b64encode(MAIL).decode())


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Any:
    """A desk that may read two buckets, which are folders."""
    return await open_desk(archive=ALLOWED)


def store(desk: Any, key: str, content: bytes, bucket: str = "inbox") -> None:
    path = desk.folder / "buckets" / bucket / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def subjects(desk: Any) -> list[str]:
    return sorted(one["subject"] for one in await desk.mails())


@pytest.mark.parametrize("wrap", [str, sns], ids=["as it is", "by SNS"])
async def test_an_object_that_s3_tells_of_is_archived(desk: Any, wrap: Any) -> None:
    store(desk, "in/a b+c", MAIL)
    message_id = await desk.put(wrap(s3_event(record("in/a b+c"))))
    await desk.work()
    (document,) = (await desk.documents()).values()
    assert (await desk.blobs.get(document["email_mime"]["raw"]["key"])).content == MAIL
    (arrival,) = await desk.arrivals()
    assert (arrival["message_id"], arrival["door"], arrival["reference"]) == (message_id, "queue", "in/a b+c")
    assert await desk.dead_letters() == []


@pytest.mark.parametrize("wrap", [str, sns], ids=["as it is", "by SNS"])
async def test_a_mail_within_a_notice_of_ses_is_archived_as_the_webhook_would(desk: Any, wrap: Any) -> None:
    await desk.put(wrap(WITH_CONTENT))
    await desk.work()
    (document,) = (await desk.documents()).values()
    mime = document["email_mime"]
    assert (await desk.blobs.get(mime["raw"]["key"])).content == MAIL
    assert mime["envelope"]["recipients"] == ["intake@ses.example.net"]
    assert mime["verdicts"] == {"spf": "pass", "dkim": "gray", "dmarc": "fail", "spam": "pass", "virus": "pass"}
    (arrival,) = await desk.arrivals()
    assert (arrival["door"], arrival["sender"]) == ("ses", "bounces@example.org")


async def test_one_mail_by_three_notices_is_one_mail_with_three_arrivals(desk: Any) -> None:
    store(desk, "a", MAIL)
    for body in (s3_event(record("a")), ses_notice(in_bucket("a")), sns(WITH_CONTENT)):
        await desk.put(body)
    await desk.work()
    (mail,) = await desk.mails()
    assert mail["copies"] == 2
    assert sorted(arrival["door"] for arrival in await desk.arrivals()) == ["queue", "ses", "ses"]


async def test_all_records_of_one_message_are_archived_once_each_however_often_it_comes(desk: Any) -> None:
    places = [("one", "inbox"), ("two", "letters"), ("three", "inbox"), ("copy of one", "letters")]
    for key, bucket in places:
        store(desk, key, mail(key.removeprefix("copy of ")), bucket)
    await desk.put(s3_event(*(record(key, bucket) for key, bucket in places)))
    await desk.archive_and_die()
    before = (await desk.documents(), await desk.mails(), await desk.arrivals())
    assert sorted((one["subject"], one["copies"]) for one in before[1]) == [("one", 1), ("three", 0), ("two", 0)]
    await desk.work()
    assert (await desk.documents(), await desk.mails(), await desk.arrivals()) == before
    assert await desk.dead_letters() == []


async def test_a_notice_with_content_that_comes_again_after_a_kill_archives_nothing_twice(desk: Any) -> None:
    await desk.put(WITH_CONTENT)
    await desk.archive_and_die()
    before = (await desk.documents(), await desk.mails(), await desk.arrivals())
    await desk.work()
    assert (await desk.documents(), await desk.mails(), await desk.arrivals()) == before
    assert desk.metric("mail_duplicates_total") == 0


async def test_a_message_is_done_when_all_its_mails_are(desk: Any) -> None:
    store(desk, "first", mail("first"))
    store(desk, "third", mail("third"))
    await desk.put(s3_event(*map(record, ("first", "second", "third"))))
    worker = desk.new_worker()
    await worker.start()

    async def waits() -> bool:
        return (await desk.counts()).delayed == 1

    await eventually(waits, 10, "it waits for its next try")
    await worker.drain()
    # What is there is archived meanwhile.
    assert await subjects(desk) == ["first", "third"]
    assert await desk.dead_letters() == []


@pytest.mark.parametrize(
    "bad",
    [record("salaries.csv", "payroll"), {"eventSource": "aws:s3"}, record("../../etc/passwd"), record("in/", size=5)],
    ids=["a bucket nobody named", "half a record", "a path", "a folder with something in it"],
)
async def test_what_cannot_be_had_is_a_dead_letter_and_keeps_no_other_back(desk: Any, bad: Any) -> None:
    store(desk, "good", mail("good"))
    store(desk, "salaries.csv", b"name,salary\n", "payroll")
    store(desk, "in", mail("another object, whose name is nearly this"))
    body = s3_event(bad, record("good"))
    await desk.put(body)
    await desk.work()
    (dead,) = await desk.dead_letters()
    assert (dead.body, dead.dead_letter.cause.code) == (body, "NOT_A_MAIL")
    assert await subjects(desk) == ["good"]
    assert desk.metric("sqs_messages_failed_total") == 1


async def test_a_bucket_nobody_named_is_told_with_what_to_do(desk: Any) -> None:
    await desk.put(s3_event(record("a", "payroll")))
    await desk.work()
    (dead,) = await desk.dead_letters()
    assert "'payroll'; name it in MAIL_SES_BUCKETS" in dead.dead_letter.cause.reason


KEYS = ["a\nb", "a\0b", "a\x7fb", "/a", "a//b", "./a", "a/..", "k" * 1025, "ä" * 513, "/"]


@pytest.mark.parametrize("key", KEYS, ids=[f"{key[:8]!r} {len(key)}" for key in KEYS])
async def test_a_key_that_cannot_be_asked_for_is_a_dead_letter_at_once(desk: Any, key: str) -> None:
    store(desk, "a", mail("another object"))
    await desk.put(s3_event(record(key)))
    await desk.put(ses_notice(in_bucket(key)))
    await desk.work()
    assert [one.dead_letter.cause.code for one in await desk.dead_letters()] == ["NOT_A_MAIL"] * 2
    assert await desk.mails() == []


async def test_a_thousand_records_are_a_dead_letter_and_none_of_them_is_fetched(desk: Any) -> None:
    store(desk, "a", MAIL)
    await desk.put(s3_event(*[record("a")] * 1000))
    await desk.work()
    (dead,) = await desk.dead_letters()
    assert "1000 records" in dead.dead_letter.cause.reason
    assert await desk.mails() == []


async def test_the_confirmation_of_a_subscription_is_kept_for_whoever_may_confirm_it(desk: Any) -> None:
    body = sns("You have chosen to subscribe.", Type="SubscriptionConfirmation", SubscribeURL="https://sns.example/?x")
    await desk.put(body)
    await desk.work()
    (dead,) = await desk.dead_letters()
    assert dead.body == body
    assert "open its SubscribeURL" in dead.dead_letter.cause.reason


@pytest.mark.parametrize(
    "body",
    [
        s3_test(),
        sns(s3_test()),
        s3_event(record("gone", name="ObjectRemoved:Delete")),
        s3_event(record("in/", size=0)),
        json.dumps({"notificationType": "Bounce"}),
        sns("Successfully validated SNS topic for Amazon SES event publishing."),
    ],
    ids=["a test", "a test by SNS", "a removal", "a folder", "a bounce", "a topic"],
)
async def test_what_is_no_mail_and_none_was_expected_is_done_and_counted(desk: Any, body: str) -> None:
    await desk.put(body)
    await desk.work()
    assert desk.metric("mail_notices_without_mail_total") == 1
    assert desk.metric("sqs_messages_failed_total") == 0
    assert desk.metric("sqs_messages_processed_total") == 0
    assert await desk.dead_letters() == []
    assert await desk.mails() == []


class Bucket:
    """A bucket on a server that speaks S3, made and filled as SES does it."""

    def __init__(self, server: MotoServer) -> None:
        self._keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self._endpoint = server.endpoint_url
        self.name = f"inbox-{os.urandom(4).hex()}"
        aws: Any = boto3  # it makes its clients at run time: there are no types
        client = aws.client("s3", endpoint_url=self._endpoint, region_name="us-east-1", **self._keys)
        client.create_bucket(Bucket=self.name)
        for key, content in {"in/1": mail("one"), "in/zwei + 2 %41.eml": mail("two")}.items():
            client.put_object(Bucket=self.name, Key=key, Body=content)
        client.close()

    def open(self, name: str) -> BlobStore:
        config = {"endpoint": self._endpoint, "region": "us-east-1", **self._keys}
        return BlobStore(f"s3://{name}", timeout_s=10, config=config)


async def test_mails_are_fetched_from_a_bucket_whatever_their_keys_hold(
    open_desk: OpenDesk, moto_server: MotoServer
) -> None:
    bucket = Bucket(moto_server)
    allowed = ArchiveSettings(ses_buckets=frozenset({bucket.name}))
    desk = await open_desk(archive=allowed, open_bucket=bucket.open)
    await desk.put(s3_event(record("in/1", bucket.name), record("in/zwei + 2 %41.eml", bucket.name)))
    await desk.put(sns(ses_notice(in_bucket("in/zwei + 2 %41.eml", bucket.name))))
    await desk.work()
    assert sorted((one["subject"], one["copies"]) for one in await desk.mails()) == [("one", 0), ("two", 1)]
    raws = {document["email_mime"]["raw"]["key"] for document in (await desk.documents()).values()}
    assert {(await desk.blobs.get(key)).content for key in raws} == {mail("one"), mail("two")}
    assert await desk.dead_letters() == []
