"""The doors of Mailgun Routes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from provider_requests import (
    PICTURE,
    RAW,
    REPORT,
    SIGNING_KEY,
    Part,
    fields,
    mailgun,
    mailgun_mime_parts,
    mailgun_parsed_parts,
    mailgun_signature,
    mailgun_urlencoded,
    multipart,
)
from webhook_hall import Hall

from wipsie.slices.mail.doors.webhooks.mailgun import TRIES_S

OpenHall = Callable[..., Awaitable[Hall]]


@pytest.mark.parametrize("make", [mailgun, mailgun_urlencoded])
async def test_a_raw_mail_is_on_the_queue_as_it_was_sent(hall: Hall, make: Callable[..., Any]) -> None:
    arrival = await hall.accepted(make(mailgun_mime_parts(), hall.clock.now(), mime=True))
    assert await hall.content(arrival) == RAW
    envelope = arrival.envelope
    assert (envelope.door, envelope.sender) == ("mailgun", "bounces@example.org")
    assert envelope.recipients == ("intake@mg.example.net",)
    assert not envelope.rebuilt


async def test_a_mail_that_was_taken_apart_is_put_together_again(hall: Hall) -> None:
    arrival = await hall.accepted(mailgun(mailgun_parsed_parts(), hall.clock.now()))
    mail = await hall.mail(arrival)
    assert (arrival.envelope.rebuilt, arrival.envelope.reference) == (True, "<4711@example.org>")
    assert mail["From"].addresses[0].display_name == "Zoë Example"
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content() == "Schöne Grüße"
    (report,) = mail.iter_attachments()
    assert (report.get_filename(), report.get_content()) == ("report.pdf", REPORT)
    (picture,) = [part for part in mail.walk() if part["Content-ID"]]
    assert picture["Content-ID"] == "<picture@example.org>"
    assert picture.get_payload(decode=True) == PICTURE


async def test_without_files_the_form_is_urlencoded(hall: Hall) -> None:
    parts = [part for part in mailgun_parsed_parts() if part.file_name is None]
    mail = await hall.mail(await hall.accepted(mailgun_urlencoded(parts, hall.clock.now())))
    assert mail["Subject"].endswith("Zeile 😀")
    assert list(mail.iter_attachments()) == []


@pytest.mark.parametrize("missing", ["timestamp", "token", "signature"])
async def test_what_mailgun_did_not_sign_is_refused(hall: Hall, missing: str) -> None:
    now = hall.clock.now()
    assert await hall.refusal(mailgun(mailgun_mime_parts(), now, mime=True, key="other")) == (401, "UNAUTHORIZED")
    signed = [part for part in mailgun_signature(now, "t" * 50) if part.name != missing]
    headers, body = multipart([*mailgun_mime_parts(), *signed])
    sample = mailgun(mailgun_mime_parts(), now, mime=True)._replace(headers=headers, body=body)
    assert await hall.refusal(sample) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("seconds", [-TRIES_S - 301, 301], ids=["old", "ahead"])
async def test_a_signature_of_another_time_is_refused(hall: Hall, seconds: int) -> None:
    sample = mailgun(mailgun_mime_parts(), hall.clock.now() + seconds, mime=True)
    assert await hall.refusal(sample) == (401, "UNAUTHORIZED")


async def test_while_keys_change_both_are_good(open_doors: OpenHall) -> None:
    hall = await open_doors(mailgun_signing_keys=("new-key", SIGNING_KEY))
    await hall.accepted(mailgun(mailgun_mime_parts(), hall.clock.now(), mime=True))
    status, _ = await hall.send(mailgun(mailgun_mime_parts(), hall.clock.now(), token="x", mime=True, key="new-key"))
    assert status == 200


async def test_a_token_is_good_for_one_mail(hall: Hall) -> None:
    sample = mailgun(mailgun_mime_parts(), hall.clock.now(), mime=True)
    arrival = await hall.accepted(sample)
    status, body = await hall.send(sample)
    assert (status, body["status"]) == (200, "duplicate")
    await hall.clock.advance(TRIES_S)
    assert (await hall.send(sample))[1]["status"] == "duplicate"
    # Not a quiet "duplicate": the signature does not cover the mail, so this may be the true one.
    forged = mailgun(mailgun_mime_parts(RAW.replace(b"4711", b"4712")), hall.clock.now() - TRIES_S, mime=True)
    assert await hall.refusal(forged) == (401, "UNAUTHORIZED")
    assert await hall.arrivals() == [arrival]


async def test_a_form_without_a_mail_is_refused_for_good(hall: Hall) -> None:
    now = hall.clock.now()
    without_mime = [part for part in mailgun_mime_parts() if part.name != "body-mime"]
    assert await hall.refusal(mailgun(without_mime, now, mime=True)) == (406, "NOT_ACCEPTABLE")
    assert await hall.refusal(mailgun(fields(event="opened"), now)) == (406, "NOT_ACCEPTABLE")


async def test_a_route_that_keeps_the_attachments_is_refused(hall: Hall) -> None:
    stored = [part for part in mailgun_parsed_parts() if part.file_name is None]
    listed = Part("attachments", json.dumps([{"url": "https://example.org/1", "name": "a"}]).encode())
    assert await hall.refusal(mailgun([*stored, listed], hall.clock.now())) == (406, "NOT_ACCEPTABLE")


async def test_headers_of_the_mail_do_not_pass_for_fields_of_mailgun(hall: Hall) -> None:
    now = hall.clock.now()
    of_the_sender = fields(
        sender="forged@example.org", recipient="other@example.net", body_mime="From: forged", token="x", signature="y"
    )
    arrival = await hall.accepted(mailgun([*mailgun_parsed_parts(), *of_the_sender], now))
    assert arrival.envelope.sender == "bounces@example.org"
    assert arrival.envelope.recipients == ("intake@mg.example.net",)
    assert (await hall.mail(arrival))["From"].addresses[0].addr_spec == "zoe@example.org"


async def test_files_keep_the_order_of_their_numbers(hall: Hall) -> None:
    files = [Part(f"attachment-{number}", b"x", f"{number}.bin", "x/y") for number in (10, 9, 1)]
    mail = await hall.mail(await hall.accepted(mailgun(mailgun_parsed_parts(*files), hall.clock.now())))
    assert [part.get_filename() for part in mail.iter_attachments()] == ["1.bin", "9.bin", "10.bin"]


@pytest.mark.parametrize("headers", [b"{}", b"[[1, 2]]", b"no json", b"[" * 100_000], ids=range(4))
async def test_headers_that_cannot_be_read_are_made_of_the_other_fields(hall: Hall, headers: bytes) -> None:
    others = [part for part in mailgun_parsed_parts() if part.name != "message-headers"]
    parts = [*others, Part("message-headers", headers), *fields(**{"from": "ann@example.org"})]
    mail = await hall.mail(await hall.accepted(mailgun(parts, hall.clock.now())))
    assert (mail["From"], mail["Subject"]) == ("ann@example.org", "Offer 4711")
