"""The door of SendGrid Inbound Parse."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from provider_requests import (
    PICTURE,
    RAW,
    REPORT,
    SENDGRID_KEY,
    Part,
    Sample,
    basic,
    multipart,
    sendgrid,
    sendgrid_parsed_parts,
    sendgrid_public_key,
    sendgrid_raw_parts,
)
from webhook_hall import Hall

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.doors.webhooks.sendgrid import TRIES_S, SendGridDoor
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings

OpenHall = Callable[..., Awaitable[Hall]]
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


async def test_a_raw_mail_is_on_the_queue_as_it_was_sent(hall: Hall) -> None:
    arrival = await hall.accepted(sendgrid(sendgrid_raw_parts(), hall.clock.now()))
    assert await hall.content(arrival) == RAW
    envelope = arrival.envelope
    assert (envelope.door, envelope.sender, envelope.recipients) == (
        "sendgrid",
        "bounces@example.org",
        ("intake@parse.example.net",),
    )
    assert envelope.remote == "192.0.2.7"
    assert envelope.verdicts == {"spf": "pass", "dkim": "pass", "spam": "score 0.011"}
    assert not envelope.rebuilt
    assert envelope.received_at_ms == hall.clock.now_ms()


async def test_a_mail_that_was_taken_apart_is_put_together_again(hall: Hall) -> None:
    arrival = await hall.accepted(sendgrid(sendgrid_parsed_parts(), hall.clock.now()))
    mail = await hall.mail(arrival)
    assert arrival.envelope.rebuilt
    assert arrival.envelope.verdicts == {"spf": "softfail", "dkim": "pass"}
    assert mail["Subject"].startswith("Grüße aus Zürich und ein Angebot")
    assert mail["Subject"].endswith("Zeile 😀")
    assert mail["From"].addresses[0].display_name == "Zoë Example"
    assert mail["To"].addresses[0].addr_spec == "intake@parse.example.net"
    assert mail["Message-ID"] == "<4711@example.org>"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content() == "Schöne Grüße"
    assert html is not None
    assert "Schöne Grüße" in html.get_content()
    (report,) = mail.iter_attachments()
    assert (report.get_filename(), report.get_content()) == ("report.pdf", REPORT)
    (picture,) = [part for part in mail.walk() if part["Content-ID"]]
    assert (picture["Content-ID"], picture.get_content_type()) == ("<picture@example.org>", "image/png")
    assert picture.get_payload(decode=True) == PICTURE


async def test_the_same_fields_give_the_same_bytes(open_doors: OpenHall) -> None:
    hall = await open_doors(sendgrid_password="secret")
    for recipient in ("one", "two"):
        # To other recipients, or the second would be a repeat; and in a form that looks another way.
        parts = [part for part in sendgrid_parsed_parts() if part.name != "envelope"]
        envelope = json.dumps({"to": [f"{recipient}@parse.example.net"], "from": ""})
        headers, body = multipart([Part("envelope", envelope.encode()), *parts], boundary=f"of-{recipient}")
        sample = Sample("/webhook/mail/sendgrid", {**headers, **basic("u:secret")}, body)
        assert (await hall.send(sample))[1]["status"] == "success"
    first, second = [await hall.content(arrival) for arrival in await hall.arrivals()]
    assert first == second


@pytest.mark.parametrize("part", ["signature", "timestamp", "body", "no signature", "no base64"])
async def test_what_sendgrid_did_not_sign_is_refused(hall: Hall, part: str) -> None:
    sample = sendgrid(sendgrid_raw_parts(), hall.clock.now())
    signature, timestamp = list(sample.headers)[1:]
    match part:
        case "signature":
            other = sendgrid(sendgrid_raw_parts(), hall.clock.now(), OTHER_KEY)
            sample.headers[signature] = other.headers[signature]
        case "timestamp":
            sample.headers[timestamp] = str(int(hall.clock.now()) + 1)
        case "body":
            sample = sample.with_body(sample.body.replace(b"Offer 4711", b"Offer 4712"))
        case "no signature":
            del sample.headers[signature]
        case _:
            sample.headers[signature] = "ümläut"
    assert await hall.refusal(sample) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("seconds", [-TRIES_S - 301, 301], ids=["old", "ahead"])
async def test_a_signature_of_another_time_is_refused(hall: Hall, seconds: int) -> None:
    assert await hall.refusal(sendgrid(sendgrid_raw_parts(), hall.clock.now() + seconds)) == (401, "UNAUTHORIZED")


async def test_the_last_try_after_three_days_is_still_good(hall: Hall) -> None:
    await hall.accepted(sendgrid(sendgrid_raw_parts(), hall.clock.now() - TRIES_S))


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "9" * 13, "\uff11\uff17"], ids=repr)
def test_a_timestamp_is_unix_seconds(timestamp: str) -> None:
    from wipsie.slices.mail.doors.webhooks.ages import check_age
    from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine

    with pytest.raises(NotGenuine):
        check_age(timestamp, 1_759_586_400_000, tries_s=10**12, tolerance_s=10**12)


async def test_while_keys_change_both_are_good(open_doors: OpenHall) -> None:
    hall = await open_doors(sendgrid_public_key=f"{sendgrid_public_key()}, {sendgrid_public_key(OTHER_KEY)}")
    await hall.accepted(sendgrid(sendgrid_raw_parts(), hall.clock.now(), OTHER_KEY))
    status, body = await hall.send(sendgrid(sendgrid_raw_parts(), hall.clock.now(), SENDGRID_KEY))
    assert (status, body["status"]) == (200, "duplicate")


def test_a_public_key_may_be_pem_and_must_be_one() -> None:
    pem = SENDGRID_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert SendGridDoor(WebhookSettings(sendgrid_public_key=pem)).is_open
    for wrong in ("AAAA", "no key", "ü"):
        with pytest.raises(ConfigurationError, match="MAIL_SENDGRID_PUBLIC_KEY"):
            SendGridDoor(WebhookSettings(sendgrid_public_key=wrong))


@pytest.mark.parametrize("given", ["u:wrong", "secret", "u:secre", "", "u:secretsecret"], ids=repr)
async def test_where_a_password_is_set_it_must_be_right(open_doors: OpenHall, given: str) -> None:
    hall = await open_doors(sendgrid_password="secret")
    headers, body = multipart(sendgrid_raw_parts())
    sample = Sample("/webhook/mail/sendgrid", headers, body)
    assert await hall.refusal(sample) == (401, "UNAUTHORIZED")
    assert await hall.refusal(sample._replace(headers={**headers, **basic(given)})) == (401, "UNAUTHORIZED")
    await hall.accepted(sample._replace(headers={**headers, **basic("any:secret")}))


async def test_a_password_does_not_stand_for_a_signature(open_doors: OpenHall) -> None:
    hall = await open_doors(sendgrid_password="secret", sendgrid_public_key=sendgrid_public_key())
    sample = sendgrid(sendgrid_raw_parts(), hall.clock.now(), OTHER_KEY)
    sample.headers.update(basic("u:secret"))
    assert await hall.refusal(sample) == (401, "UNAUTHORIZED")
    assert await hall.refusal(sendgrid(sendgrid_raw_parts(), hall.clock.now())) == (401, "UNAUTHORIZED")
    good = sendgrid(sendgrid_raw_parts(), hall.clock.now())
    good.headers.update(basic("u:secret"))
    await hall.accepted(good)


async def test_a_mail_that_comes_again_is_answered_as_a_duplicate(hall: Hall) -> None:
    arrival = await hall.accepted(sendgrid(sendgrid_parsed_parts(), hall.clock.now()))
    # Signed anew, as a later try may be.
    status, body = await hall.send(sendgrid(sendgrid_parsed_parts(), hall.clock.now() + 60))
    assert (status, body["status"]) == (200, "duplicate")
    assert await hall.arrivals() == [arrival]


async def test_one_mail_to_two_recipients_is_two(hall: Hall) -> None:
    parts = sendgrid_raw_parts()
    await hall.send(sendgrid(parts, hall.clock.now()))
    others = [part for part in parts if part.name != "envelope"]
    envelope = {"to": ["second@parse.example.net"], "from": "bounces@example.org"}
    await hall.send(sendgrid([*others, Part("envelope", json.dumps(envelope).encode())], hall.clock.now()))
    assert [arrival.envelope.recipients for arrival in await hall.arrivals()] == [
        ("intake@parse.example.net",),
        ("second@parse.example.net",),
    ]


async def test_a_form_without_a_mail_is_refused_for_good(hall: Hall) -> None:
    assert await hall.refusal(sendgrid([Part("subject", b""), Part("text", b"x")], hall.clock.now())) == (
        400,
        "BAD_REQUEST",
    )
    assert await hall.refusal(sendgrid([Part("email", b"")], hall.clock.now())) == (400, "BAD_REQUEST")


async def test_hostile_fields_harm_nothing(hall: Hall) -> None:
    headers = "\n".join(
        [
            "From: ann@example.org\r",
            "Subject: one\rBcc: victim@example.org",
            "Bad Name: x",
            "X-Long: " + "word " * 2_000,
            "\tcontinued",
            "To: " + '"' * 500 + "é" + "<" * 500,
        ]
    )
    parts = [
        Part("headers", headers.encode()),
        Part("envelope", json.dumps({"to": ["a@b\r\nc", " ", "<x@y>"], "from": "s\0@x"}).encode()),
        Part("attachment1", b"x", "../../etc/pa%0d%0asswd", 'text/html\tx; charset="utf-8'),
        Part("attachment2", b"y", "C:\\temp\\..\\ré\tsumé.txt", "message/rfc822"),
        Part("charsets", b"[1]"),
        Part("content-ids", b"{"),
        Part("SPF", b"pass\r\nX: y"),
        Part("text", b"\xff\xfe--=_mixed"),
    ]
    arrival = await hall.accepted(sendgrid(parts, hall.clock.now()))
    assert arrival.envelope.recipients == ("a@bc", "x@y")
    assert arrival.envelope.sender == "s@x"
    assert arrival.envelope.verdicts == {}
    mail = await hall.mail(arrival)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "one Bcc: victim@example.org"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["pa%0d%0asswd", "ré sumé.txt"]
    assert {part.get_content_type() for part in mail.iter_attachments()} == {"application/octet-stream"}
    assert max(len(line) for line in (await hall.content(arrival)).splitlines()) < 998


async def test_an_envelope_that_cannot_be_read_leaves_the_mail_readable(hall: Hall) -> None:
    arrival = await hall.accepted(sendgrid([Part("email", RAW), Part("envelope", b'{"to": 1}')], hall.clock.now()))
    assert (arrival.envelope.sender, arrival.envelope.recipients) == (None, ())


async def test_a_bounce_has_an_empty_sender(hall: Hall) -> None:
    envelope = Part("envelope", b'{"to":["intake@parse.example.net"],"from":"<>"}')
    arrival = await hall.accepted(sendgrid([Part("email", RAW), envelope], hall.clock.now()))
    assert arrival.envelope.sender == ""
