"""The door of Postmark's inbound webhook."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from provider_requests import PICTURE, REPORT, USER_PASSWORD, postmark, postmark_attachment, postmark_document
from webhook_hall import Hall

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.doors.webhooks.postmark import PostmarkDoor
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings

OpenHall = Callable[..., Awaitable[Hall]]
RAW_TEXT = "From: Zoë <zoe@example.org>\r\nSubject: hello\r\n\r\ntext\r\n"


async def test_a_raw_mail_is_on_the_queue_as_it_was_sent(hall: Hall) -> None:
    arrival = await hall.accepted(postmark(postmark_document(RawEmail=RAW_TEXT)))
    assert await hall.content(arrival) == RAW_TEXT.encode()
    assert not arrival.envelope.rebuilt


async def test_a_mail_that_was_taken_apart_is_put_together_again(hall: Hall) -> None:
    arrival = await hall.accepted(postmark(postmark_document()))
    envelope, mail = arrival.envelope, await hall.mail(arrival)
    assert (envelope.door, envelope.sender, envelope.remote, envelope.helo) == (
        "postmark",
        "bounces@example.org",
        "192.0.2.7",
        "mail.example.org",
    )
    assert envelope.recipients == ("hash+intake@inbound.example.net",)
    assert envelope.verdicts == {"spf": "pass", "spam": "pass"}
    assert (envelope.rebuilt, envelope.reference) == (True, "73e6d360-66eb-11e1-8e72-a8904824019b")
    assert mail["From"].addresses[0].display_name == "Zoë Example"
    assert mail["To"].addresses[0].display_name == "Intake, Größe"
    assert (mail["Reply-To"], mail["Message-ID"]) == ("replies@example.org", "<4711@example.org>")
    assert (mail["Subject"], mail["Date"].datetime.year) == ("Grüße aus Zürich", 2025)
    (report,) = mail.iter_attachments()
    assert report.get_content() == REPORT
    (picture,) = [part for part in mail.walk() if part["Content-ID"]]
    assert picture.get_payload(decode=True) == PICTURE


@pytest.mark.parametrize("given", ["postmark:wrong", "other:pass word", "postmark", "", "postmark:pass wor"], ids=repr)
async def test_a_wrong_password_is_refused_and_may_be_mended(hall: Hall, given: str) -> None:
    sample = postmark(postmark_document(), given)
    assert await hall.refusal(sample) == (401, "UNAUTHORIZED")
    for header in ("", "Basic", "Basic !!!", "Bearer abc", "Basic bm8tY29sb24="):
        assert await hall.refusal(sample._replace(headers={"Authorization": header})) == (401, "UNAUTHORIZED")


async def test_while_passwords_change_both_are_good(open_doors: OpenHall) -> None:
    hall = await open_doors(postmark_user_password=f"new:one, {USER_PASSWORD}")
    for number, given in enumerate((USER_PASSWORD, "new:one")):
        assert (await hall.send(postmark(postmark_document(MessageID=str(number)), given)))[0] == 200


def test_credentials_need_a_user_and_a_password() -> None:
    for wrong in ("secret", ":secret", "user:"):
        with pytest.raises(ConfigurationError, match="MAIL_POSTMARK_USER_PASSWORD"):
            PostmarkDoor(WebhookSettings(postmark_user_password=wrong))


async def test_a_mail_that_comes_again_is_answered_as_a_duplicate(hall: Hall) -> None:
    arrival = await hall.accepted(postmark(postmark_document()))
    assert (await hall.send(postmark(postmark_document())))[1]["status"] == "duplicate"
    assert await hall.arrivals() == [arrival]
    # The same words in another mail are another mail.
    assert (await hall.send(postmark(postmark_document(MessageID="other"))))[1]["status"] == "success"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"RecordType": "Bounce", "FromFull": {"Email": "a@example.org"}},
        postmark_document(Attachments=[{"Name": "a", "Content": "no base64!"}]),
        postmark_document(Headers="x"),
        postmark_document(Subject=3),
    ],
    ids=["a list", "empty", "a bounce", "no base64", "headers of another type", "a subject of another type"],
)
async def test_what_is_no_mail_ends_the_tries(hall: Hall, document: Any) -> None:
    assert await hall.refusal(postmark(document)) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"Tag":' + b"[" * 100_000, b'{"Subject": "\\ud800"}'], ids=range(5)
)
async def test_what_is_no_json_may_come_again(hall: Hall, body: bytes) -> None:
    assert await hall.refusal(postmark({}).with_body(body)) == (400, "BAD_REQUEST")


async def test_verdicts_a_sender_may_have_written_are_not_believed(hall: Hall) -> None:
    document = postmark_document()
    document["Headers"].append({"Name": "received-spf", "Value": "Pass client-ip=198.51.100.1"})
    document["Headers"].append({"Name": "X-SPAM-STATUS", "Value": "No"})
    envelope = (await hall.accepted(postmark(document))).envelope
    assert (envelope.verdicts, envelope.remote, envelope.sender) == ({}, None, None)


async def test_hostile_fields_harm_nothing(hall: Hall) -> None:
    document = postmark_document(
        FromFull={"Email": "ann@example.org>\r\nBcc: <victim@example.org", "Name": 'A" <x@y>, "\r\nCc: z'},
        Subject="one\r\nBcc: victim@example.org\u2028x",
        ReplyTo=None,
        Headers=[{"Name": "X: y\r\nBcc", "Value": "v"}, {"Name": "Content-Type", "Value": "text/html"}],
        Attachments=[postmark_attachment("/etc/../\r\npasswd" + "x" * 5_000 + ".txt", b"a", "\r\n", "<a>\r\nb")],
        OriginalRecipient="a@b\r\nRCPT TO:<c@d>",
        MessageID="id\r\n",
    )
    arrival = await hall.accepted(postmark(document))
    mail = await hall.mail(arrival)
    assert sorted(name.lower() for name in mail) == ["content-type", "date", "from", "mime-version", "subject", "to"]
    assert len(mail["From"].addresses) == 1
    (attachment,) = mail.iter_attachments()
    name = attachment.get_filename() or ""
    assert (len(name), name.endswith(".txt"), name.isprintable()) == (200, True, True)
    assert attachment["Content-ID"] is None
    assert (arrival.envelope.recipients, arrival.envelope.reference) == (("a@bRCPTTO:c@d",), "id")


@pytest.mark.slow
async def test_a_mail_of_25_mb_is_taken_and_leaves_no_file_behind(hall: Hall) -> None:
    content = bytes(range(256)) * (25 * 4096)
    document = postmark_document(Attachments=[postmark_attachment("large.bin", content, "application/zip")])
    mail = await hall.mail(await hall.accepted(postmark(document)))
    (attachment,) = mail.iter_attachments()
    assert attachment.get_payload(decode=True) == content


def test_no_part_of_a_mail_is_in_a_refusal() -> None:
    from wipsie.slices.mail.doors.webhooks.inbound import Post
    from wipsie.slices.mail.doors.webhooks.refusals import NotAMail
    from wipsie.slices.mail.doors.webhooks.spool import Spool

    door = PostmarkDoor(WebhookSettings(postmark_user_password=USER_PASSWORD))
    body = json.dumps(postmark_document(Headers=[{"Value": "secret words"}])).encode()
    with Spool() as spool, pytest.raises(NotAMail) as refused:
        door.read(Post(headers={}, body=body, received_at_ms=1), spool)
    assert "secret" not in str(refused.value)
