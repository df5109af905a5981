"""The door of Amazon SES, through messages of SNS that are signed by a real certificate, fetched from a real server."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import SplitResult

import pytest
from provider_requests import CERTIFICATE_PATH, RAW, TOPIC, SnsSigner, notification, ses_notice, sns, timestamp_of
from webhook_hall import Hall

from wipsie.slices.mail.domain.arrival import BucketObject
from wipsie.slices.mail.doors.webhooks.sns import TRIES_S
from wipsie.testing.simulators.http_source import HttpSource, Scripted

OpenHall = Callable[..., Awaitable[Hall]]
Notify = Callable[..., dict[str, Any]]
IN_A_BUCKET = {"type": "S3", "topicArn": TOPIC, "bucketName": "inbox", "objectKey": "mail/d6iitobk75"}
IN_THE_NOTICE = {"type": "SNS", "topicArn": TOPIC, "encoding": "BASE64"}
RAW_NOTICE = ses_notice(IN_THE_NOTICE, content=base64.b64encode(RAW).decode())


def local(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname == "127.0.0.1"


@pytest.fixture
async def source(signer: SnsSigner) -> AsyncIterator[HttpSource]:
    """Where SNS keeps its certificate."""
    async with HttpSource() as source:
        source.serve(CERTIFICATE_PATH, signer.pem)
        yield source


@pytest.fixture
async def ses_hall(open_doors: OpenHall) -> Hall:
    return await open_doors(ses_topic_arns=(TOPIC,), address_rule=local)


@pytest.fixture
def notify(ses_hall: Hall, source: HttpSource, signer: SnsSigner) -> Notify:
    """A signed notification of now."""

    def make(message: Any = RAW_NOTICE, **changes: Any) -> dict[str, Any]:
        return signer.sign(notification(ses_hall.clock.now(), source.url(CERTIFICATE_PATH), message, **changes))

    return make


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_mail_within_the_notice_is_on_the_queue_as_it_was_sent(
    ses_hall: Hall, notify: Notify, version: str
) -> None:
    arrival = await ses_hall.accepted(sns(notify(SignatureVersion=version)))
    assert await ses_hall.content(arrival) == RAW
    envelope = arrival.envelope
    assert (envelope.door, envelope.sender, envelope.recipients) == (
        "ses",
        "bounces@example.org",
        ("intake@ses.example.net",),
    )
    assert envelope.reference == "d6iitobk75ur44p8kdnnp7g2n800"
    assert envelope.verdicts == {
        "spf": "gray",
        "dkim": "fail",
        "dmarc": "processing_failed",
        "spam": "pass",
        "virus": "pass",
    }


async def test_a_notice_may_hold_the_mail_as_text(ses_hall: Hall, notify: Notify) -> None:
    text = "From: ann@example.org\r\n\r\nGrüße\r\n"
    notice = ses_notice({"type": "SNS", "encoding": "UTF8"}, content=text)
    assert await ses_hall.content(await ses_hall.accepted(sns(notify(notice)))) == text.encode()


async def test_a_mail_in_a_bucket_is_pointed_at(ses_hall: Hall, notify: Notify) -> None:
    arrival = await ses_hall.accepted(sns(notify(ses_notice(IN_A_BUCKET), Subject=None)))
    assert arrival.source == BucketObject(bucket="inbox", key="mail/d6iitobk75")


@pytest.mark.parametrize("member", ["Message", "MessageId", "Subject", "Timestamp", "Type"])
async def test_a_message_that_was_changed_is_refused(ses_hall: Hall, notify: Notify, member: str) -> None:
    changed = {
        "Message": "{}",
        "MessageId": "other",
        "Subject": None,
        "Timestamp": "2025-10-04T14:00:00.001Z",
        "Type": "UnsubscribeConfirmation",
    }
    assert await ses_hall.refusal(sns({**notify(), member: changed[member]})) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "changes",
    [{"SignatureVersion": "3"}, {"Signature": "no base64"}, {"Signature": ""}, {"Type": "Other"}],
    ids=repr,
)
async def test_a_signature_of_another_kind_is_refused(ses_hall: Hall, notify: Notify, changes: dict[str, str]) -> None:
    assert await ses_hall.refusal(sns({**notify(), **changes})) == (401, "UNAUTHORIZED")


async def test_another_topic_is_refused_though_amazon_signed_it(ses_hall: Hall, notify: Notify) -> None:
    assert await ses_hall.refusal(sns(notify(TopicArn=f"{TOPIC}-of-somebody"))) == (403, "FORBIDDEN")


@pytest.mark.parametrize("seconds", [TRIES_S + 301, -301], ids=["old", "ahead"])
async def test_a_message_of_another_time_is_refused(
    ses_hall: Hall, notify: Notify, source: HttpSource, seconds: int
) -> None:
    message = notify(Timestamp=timestamp_of(ses_hall.clock.now() - seconds))
    assert await ses_hall.refusal(sns(message)) == (401, "UNAUTHORIZED")
    assert source.requests == []


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2025-10-04T14:00:00", "9" * 400], ids=repr)
async def test_a_timestamp_without_a_zone_is_none(ses_hall: Hall, notify: Notify, timestamp: str) -> None:
    assert await ses_hall.refusal(sns(notify(Timestamp=timestamp[:100]))) == (401, "UNAUTHORIZED")


async def test_a_message_that_comes_again_is_answered_as_a_duplicate(ses_hall: Hall, notify: Notify) -> None:
    message = notify()
    arrival = await ses_hall.accepted(sns(message))
    await ses_hall.clock.advance(TRIES_S)
    assert (await ses_hall.send(sns(message)))[1]["status"] == "duplicate"
    assert await ses_hall.arrivals() == [arrival]


async def test_the_certificate_is_fetched_once(ses_hall: Hall, notify: Notify, source: HttpSource) -> None:
    for number in range(3):
        assert (await ses_hall.send(sns(notify(MessageId=str(number)))))[0] == 200
    assert len(source.requests) == 1


async def test_while_the_certificate_is_away_sns_is_told_to_come_again(
    ses_hall: Hall, notify: Notify, source: HttpSource
) -> None:
    source.script(CERTIFICATE_PATH, Scripted(status=503))
    sample = sns(notify())
    async with ses_hall.client.post(sample.path, data=sample.body, headers=sample.headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "10")
    await ses_hall.accepted(sample)


@pytest.mark.parametrize(
    "answer",
    [
        Scripted(status=404),
        Scripted(status=302, headers={"Location": CERTIFICATE_PATH}),
        Scripted(body=b"no certificate"),
        Scripted(body=b"x" * 100_000),
    ],
    ids=["missing", "a redirect", "no certificate", "too large"],
)
async def test_what_is_no_certificate_proves_nothing(
    ses_hall: Hall, notify: Notify, source: HttpSource, answer: Scripted
) -> None:
    source.script(CERTIFICATE_PATH, answer)
    assert await ses_hall.refusal(sns(notify())) == (401, "UNAUTHORIZED")


async def test_a_certificate_is_good_in_its_time_only(ses_hall: Hall, source: HttpSource, signer: SnsSigner) -> None:
    await ses_hall.clock.advance(2 * 86_400)
    message = signer.sign(notification(ses_hall.clock.now(), source.url(CERTIFICATE_PATH), RAW_NOTICE))
    assert await ses_hall.refusal(sns(message)) == (401, "UNAUTHORIZED")


async def test_the_signature_of_another_key_is_refused(ses_hall: Hall, source: HttpSource) -> None:
    stranger = SnsSigner(ses_hall.clock.now())
    message = stranger.sign(notification(ses_hall.clock.now(), source.url(CERTIFICATE_PATH), RAW_NOTICE))
    assert await ses_hall.refusal(sns(message)) == (401, "UNAUTHORIZED")


async def test_a_certificate_elsewhere_is_not_even_fetched(
    open_doors: OpenHall, source: HttpSource, signer: SnsSigner
) -> None:
    hall = await open_doors(ses_topic_arns=(TOPIC,))
    message = signer.sign(notification(hall.clock.now(), source.url(CERTIFICATE_PATH), RAW_NOTICE))
    assert await hall.refusal(sns(message)) == (401, "UNAUTHORIZED")
    assert source.requests == []


@pytest.mark.parametrize("path", ["/", "/other.pem", f"{CERTIFICATE_PATH}?x=1", f"/x{CERTIFICATE_PATH}"])
async def test_a_certificate_lies_where_sns_keeps_them(
    ses_hall: Hall, source: HttpSource, signer: SnsSigner, path: str
) -> None:
    message = signer.sign(notification(ses_hall.clock.now(), source.url(path), RAW_NOTICE))
    assert await ses_hall.refusal(sns(message)) == (401, "UNAUTHORIZED")
    assert source.requests == []


def subscription(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "Type": "SubscriptionConfirmation",
        "Subject": None,
        "Token": "2336412f37fb687f5d51e6e2425f004aed7b20da",
        "SubscribeURL": url,
        **changes,
    }


async def test_a_subscription_to_our_topic_is_confirmed(ses_hall: Hall, notify: Notify, source: HttpSource) -> None:
    source.serve("/confirm", b"<ConfirmSubscriptionResponse/>")
    url = source.url("/confirm?Action=ConfirmSubscription")
    message = notify("You have chosen to subscribe.", **subscription(url))
    assert (await ses_hall.send(sns(message))) == (200, {"status": "confirmed"})
    assert [request.path for request in source.requests] == [CERTIFICATE_PATH, "/confirm"]


async def test_a_confirmation_that_fails_is_tried_again(ses_hall: Hall, notify: Notify, source: HttpSource) -> None:
    message = notify("You have chosen to subscribe.", **subscription(source.url("/gone")))
    assert await ses_hall.refusal(sns(message)) == (503, "SERVICE_UNAVAILABLE")


async def test_a_subscription_to_another_topic_is_not_confirmed(
    ses_hall: Hall, notify: Notify, source: HttpSource
) -> None:
    message = notify("x", **subscription(source.url("/confirm"), TopicArn="arn:aws:sns:eu-west-1:1:other"))
    assert await ses_hall.refusal(sns(message)) == (403, "FORBIDDEN")
    assert source.requests == []


@pytest.mark.parametrize("url", ["https://example.org/confirm", "", "file:///etc/passwd"])
async def test_a_confirmation_elsewhere_is_not_visited(ses_hall: Hall, notify: Notify, url: str) -> None:
    assert await ses_hall.refusal(sns(notify("x", **subscription(url)))) == (401, "UNAUTHORIZED")


async def test_the_end_of_a_subscription_is_taken_note_of(ses_hall: Hall, notify: Notify, source: HttpSource) -> None:
    message = notify("x", **subscription(source.url("/back"), Type="UnsubscribeConfirmation"))
    assert (await ses_hall.send(sns(message))) == (200, {"status": "ignored"})
    assert [request.path for request in source.requests] == [CERTIFICATE_PATH]


@pytest.mark.parametrize(
    "message",
    ["Successfully validated SNS topic", {"notificationType": "Bounce"}, ses_notice({"type": "Lambda"})],
    ids=["a text", "a bounce", "another action"],
)
async def test_a_notice_without_a_mail_ends_there(ses_hall: Hall, notify: Notify, message: Any) -> None:
    assert (await ses_hall.send(sns(notify(message)))) == (200, {"status": "ignored"})
    assert await ses_hall.arrivals() == []


@pytest.mark.parametrize(
    "notice",
    [
        ses_notice({"type": "S3", "bucketName": "inbox"}),
        ses_notice({"type": "SNS"}),
        ses_notice(IN_THE_NOTICE, content="a"),
        ses_notice(IN_THE_NOTICE, content="Grüße"),
        {"notificationType": "Received", "receipt": []},
    ],
    ids=["no object", "no content", "no base64", "no ASCII", "of another type"],
)
async def test_a_notice_that_misses_the_mail_is_refused(ses_hall: Hall, notify: Notify, notice: Any) -> None:
    assert await ses_hall.refusal(sns(notify(notice))) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", RAW], ids=["empty", "list", "members", "bytes", "raw"])
async def test_what_is_no_message_of_sns_is_refused(ses_hall: Hall, body: bytes) -> None:
    sample = sns({"Type": "Notification", "MessageId": "1"})
    assert await ses_hall.refusal(sample.with_body(body)) == (400, "BAD_REQUEST")
    assert await ses_hall.refusal(sample.with_body(b" " * (2 * 1024 * 1024 + 1))) == (413, "REQUEST_TOO_LARGE")
