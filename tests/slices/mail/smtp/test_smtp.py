"""Mail by SMTP from the client everybody has: what was answered with 250 lies in the store, byte by byte."""

from __future__ import annotations

import asyncio
import smtplib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wipsie.blobs import BlobStore
from wipsie.kernel.errors import MessageTooLarge, QueueFull, StorageUnavailable, TooManyRequests, Unavailable
from wipsie.queue.engine import QueueEngine
from wipsie.slices.mail.doors.smtp.door import Address, MailDoor
from wipsie.slices.mail.service.intake import MailIntake
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from tests.slices.mail.smtp.conftest import Arrivals, Doors, Kept

SENDER = "a@example.org"
RECIPIENTS = ["b+news@example.org", "c@example.org"]
MAIL = b"From: a@example.org\r\nSubject: hello\r\n\r\n.dots\r\n..\r\ntext\r\n"


def send(address: Address, *mails: bytes, sender: str = SENDER, recipients: list[str] = RECIPIENTS) -> list[str]:
    """Send mails over one connection; what was said to each."""
    with smtplib.SMTP(*address, local_hostname="client.example", timeout=30) as client:
        answers: list[str] = []
        for mail in mails:
            client.ehlo_or_helo_if_needed()
            client.mail(sender)
            for recipient in recipients:
                client.rcpt(recipient)
            code, words = client.data(mail)
            answers.append(f"{code} {words.decode()}")
        return answers


def address_of(door: MailDoor) -> Address:
    assert door.smtp_address is not None
    return door.smtp_address


async def test_a_mail_that_was_answered_with_250_is_in_the_store_and_on_the_queue(
    doors: Doors, intake: MailIntake, arrivals: Arrivals, engine: QueueEngine
) -> None:
    door = await doors.open(intake.accept_raw, clock=FakeClock())
    (answer,) = await doors.in_thread(send, address_of(door), MAIL)
    ((content, envelope),) = await arrivals()
    (message,) = await engine.peek(engine.resolve("mail"), limit=10)
    assert answer == f"250 2.0.0 Ok: queued as {message.message_id}"
    assert content == MAIL
    assert envelope.door == "smtp"
    assert envelope.received_at_ms == FakeClock().now_ms()
    assert (envelope.sender, envelope.recipients) == (SENDER, tuple(RECIPIENTS))
    assert (envelope.remote, envelope.helo, envelope.signed_in_as) == ("127.0.0.1", "client.example", None)
    await doors.are_empty()


async def test_mails_follow_each_other_over_one_connection(
    doors: Doors, intake: MailIntake, arrivals: Arrivals
) -> None:
    door = await doors.open(intake.accept_raw)
    mails = [b"1\r\n", MAIL, b"3\r\n"]
    answers = await doors.in_thread(send, address_of(door), *mails)
    assert [answer[:10] for answer in answers] == ["250 2.0.0 "] * 3
    assert sorted(content for content, _ in await arrivals()) == sorted(mails)
    assert door.counts.accepted == 3
    assert door.counts.connections == 1


async def test_twenty_clients_at_once_are_all_served(doors: Doors, intake: MailIntake, arrivals: Arrivals) -> None:
    door = await doors.open(intake.accept_raw)
    mails = [bytes([65 + number]) * 300_000 + b"\r\n" for number in range(20)]
    answers = await asyncio.gather(*(doors.in_thread(send, address_of(door), mail) for mail in mails))
    assert all(answer[0].startswith("250 ") for answer in answers)
    assert sorted(content for content, _ in await arrivals()) == mails
    await doors.are_empty()


async def test_a_bounce_has_an_empty_sender_and_a_recipient_named_twice_has_one_mail(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    send_bounce = partial(send, sender="", recipients=["b@example.org", "b@example.org"])
    await doors.in_thread(send_bounce, address_of(door), MAIL)
    assert (kept.envelope.sender, kept.envelope.recipients) == ("", ("b@example.org",))


async def test_a_line_may_be_as_long_as_a_mail(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    long_line = b"x" * 3_000_000 + b"\r\n"
    await doors.in_thread(send, address_of(door), long_line)
    assert kept.contents == [long_line]


async def test_a_full_queue_and_a_store_that_is_away_make_the_client_come_again(
    doors: Doors, engine: QueueEngine, tmp_path: Path, arrivals: Arrivals
) -> None:
    in_the_way = tmp_path / "blobs"
    in_the_way.write_text("")
    door = await doors.open(MailIntake(engine, BlobStore(f"file://{in_the_way}")).accept_raw)
    assert await doors.in_thread(send, address_of(door), MAIL) == [
        "451 4.3.0 The mail cannot be kept now; try again later"
    ]
    in_the_way.unlink()
    assert (await doors.in_thread(send, address_of(door), MAIL))[0].startswith("250 ")
    answers = await doors.in_thread(send, address_of(door), *(b"%d\r\n" % number for number in range(25)))
    assert [answer[:3] for answer in answers] == ["250"] * 24 + ["451"]
    assert len(await arrivals()) == 25
    assert (door.counts.accepted, door.counts.not_accepted) == (25, 2)
    await doors.are_empty()


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        (QueueFull("full"), "451 4.3.0 "),
        (TooManyRequests("slowly"), "451 4.3.0 "),
        (StorageUnavailable("away"), "451 4.3.0 "),
        (Unavailable("away"), "451 4.3.0 "),
        (MessageTooLarge("large"), "552 5.3.4 "),
        (ConnectionResetError("a bug"), "451 4.3.0 "),
        (ValueError("a bug"), "451 4.3.0 "),
    ],
    ids=repr,
)
async def test_whatever_goes_wrong_is_said_and_the_connection_stays(
    doors: Doors, kept: Kept, problem: Exception, answer: str
) -> None:
    door = await doors.open(kept.accept)
    kept.problems.append(problem)
    answers = await doors.in_thread(send, address_of(door), MAIL, MAIL)
    assert [said[:10] for said in answers] == [answer, "250 2.0.0 "]
    assert kept.contents == [MAIL]


async def test_a_disk_that_cannot_be_written_makes_the_client_come_again(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    doors.spool.rmdir()
    doors.spool.write_text("in the way")
    answers = await doors.in_thread(send, address_of(door), MAIL, b"x" * 3_000_000)
    assert [answer[:10] for answer in answers] == ["452 4.3.1 "] * 2
    doors.spool.unlink()
    assert (await doors.in_thread(send, address_of(door), MAIL))[0].startswith("250 ")
    assert kept.contents == [MAIL]


async def test_a_mail_over_the_limit_is_refused_before_or_after_it_comes(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, size_bytes_max=1_000_000)
    client = await doors.greeted(door.smtp_address)
    assert "250-SIZE 1000000" in await client.say("EHLO client.example")
    assert (await client.say("MAIL FROM:<a@example.org> SIZE=1000001")).startswith("552 5.3.4 ")
    assert (await client.say("MAIL FROM:<a@example.org> SIZE=1000000")).startswith("250 ")
    most = b"x" * 999_998 + b"\r\n"
    answers = await doors.in_thread(send, address_of(door), b"x" + most, most)
    assert answers[0] == "552 5.3.4 The mail is larger than 1000000 bytes"
    assert answers[1].startswith("250 ")
    assert kept.contents == [most]
    await doors.are_empty()


async def test_recipients_are_checked_one_by_one(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, domains=frozenset({"example.org"}), recipients_max=2)
    client = await doors.greeted(door.smtp_address)
    await client.say("EHLO client.example")
    await client.say("MAIL FROM:<a@elsewhere.example>")
    for recipient, answer in {
        "<b@elsewhere.example>": "550 5.7.1 ",
        "<@example.org:b@elsewhere.example>": "550 5.7.1 ",
        "<b%elsewhere.example>": "553 5.1.3 ",
        '<"b@elsewhere.example"@example.org>': "250 2.1.5 ",
        "<b@example.org> NOTIFY=NEVER": "555 5.5.4 ",
        "<ä@example.org>": "553 5.6.7 ",
        "<B@EXAMPLE.org>": "250 2.1.5 ",
        "<c@example.org>": "452 4.5.3 ",
    }.items():
        assert (await client.say(f"RCPT TO:{recipient}")).startswith(answer)
    assert (await client.say("DATA")).startswith("354 ")
    assert (await client.say("x\r\n.")).startswith("250 ")
    assert kept.envelope.recipients == ('"b@elsewhere.example"@example.org', "B@EXAMPLE.org")


async def test_a_mail_nobody_is_to_get_is_not_asked_for(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, domains=frozenset({"example.org"}))
    client = await doors.greeted(door.smtp_address)
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("503 ")
    assert "SMTPUTF8" in await client.say("EHLO client.example")
    assert (await client.say("RCPT TO:<b@example.org>")).startswith("503 ")
    assert (await client.say("MAIL FROM:<ä@example.org> BODY=8BITMIME SMTPUTF8")).startswith("250 ")
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("503 ")
    assert (await client.say("RCPT TO:<b@elsewhere.example>")).startswith("550 ")
    assert (await client.say("DATA")).startswith("503 ")
    assert (await client.say("RSET")).startswith("250 ")
    assert (await client.say("DATA")).startswith("503 ")


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        ("SIZE=x", "501 "),
        ("SIZE=-1", "501 "),
        ("SIZE", "501 "),
        ("SIZE=999999999999999999999999", "501 "),
        ("BODY=BINARYMIME", "501 "),
        ("SMTPUTF8=1", "501 "),
        ("RET=HDRS", "555 "),
        ("AUTH=<>", "250 "),
        ("body=8bitmime size=0", "250 "),
    ],
    ids=repr,
)
async def test_parameters_of_a_mail_are_checked(doors: Doors, kept: Kept, parameters: str, answer: str) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    await client.say("EHLO client.example")
    assert (await client.say(f"MAIL FROM:<a@example.org> {parameters}")).startswith(answer)


async def test_small_talk_is_answered(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    offered = (await client.say("EHLO client.example")).split("\n")
    assert {"250-PIPELINING", "250-8BITMIME", "250-SMTPUTF8", "250 ENHANCEDSTATUSCODES"} < set(offered)
    assert not any("CHUNKING" in line or "STARTTLS" in line for line in offered)
    for line, answer in {
        "HELO client.example": "250 mail.test",
        "helo": "501 ",
        "NOOP": "250 ",
        "VRFY b": "252 ",
        "EXPN b": "502 ",
        "HELP": "214 ",
        "STARTTLS": "502 ",
        "LHLO client.example": "500 ",
        "BDAT 5 LAST": "500 ",
        "QUIT": "221 ",
    }.items():
        assert (await client.say(line)).startswith(answer)
    assert await client.is_ended()


async def test_commands_and_mails_may_come_all_at_once(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    envelope = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    large = b"x" * 1_000_000 + b"\r\n"
    await client.send(
        b"EHLO client.example\r\n"
        + envelope
        + b"1\r\n.\r\n"
        + envelope
        + large
        + b".\r\n"
        + envelope
        + b".\r\nQUIT\r\n"
    )
    said = [(await client.reply())[:3] for _ in range(14)]
    assert said == ["250", *["250", "250", "354", "250"] * 3, "221"]
    assert kept.contents == [b"1\r\n", large, b""]


async def test_counts_tell_what_came_through(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, connections_max=1, lmtp_port=None)
    assert door.lmtp_address is None
    first = await doors.greeted(door.smtp_address)
    second = await doors.connect(door.smtp_address)
    assert await second.reply() == "421 4.3.2 Too many connections; try again later"
    assert await second.is_ended()
    await first.begin_mail()
    await first.say("x\r\n.")
    await first.say("QUIT")
    await eventually(lambda: _greets(doors, door), message="the place of a client that left is free again")
    counts = door.counts
    assert (counts.accepted, counts.not_accepted) == (1, 0)
    assert counts.connections_refused >= 1


async def _greets(doors: Doors, door: MailDoor) -> bool:
    return (await (await doors.connect(door.smtp_address)).reply()).startswith("220 ")
