"""Mail by LMTP: an answer for each recipient that was accepted."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.doors.smtp.door import Address
from wipsie.slices.mail.service.intake import MailIntake

if TYPE_CHECKING:
    from tests.slices.mail.smtp.conftest import Arrivals, Doors, Kept

MAIL = b"Subject: hello\r\n\r\ntext\r\n"


def send(address: Address, recipients: list[str]) -> tuple[list[int], list[str]]:
    """What was said to each recipient, and of the mail. The library reads one answer to a mail: that of the first recipient."""
    with smtplib.LMTP(*address, local_hostname="client.example") as client:
        client.ehlo()
        client.mail("a@example.org")
        codes = [client.rcpt(recipient)[0] for recipient in recipients]
        answers = [client.data(MAIL), *(client.getreply() for _ in range(codes.count(250) - 1))]
        return codes, [f"{code} {words.decode()}" for code, words in answers]


async def test_a_mail_for_several_is_kept_once_for_those_that_were_accepted(
    doors: Doors, intake: MailIntake, arrivals: Arrivals
) -> None:
    door = await doors.open(intake.accept_raw, domains=frozenset({"example.org"}))
    assert door.lmtp_address is not None
    recipients = ["b@example.org", "c@elsewhere.example", "d@example.org"]
    codes, answers = await doors.in_thread(send, door.lmtp_address, recipients)
    assert codes == [250, 550, 250]
    assert [answer[:24] for answer in answers] == ["250 2.0.0 Ok: queued as "] * 2
    ((content, envelope),) = await arrivals()
    assert content == MAIL
    assert (envelope.door, envelope.recipients) == ("lmtp", ("b@example.org", "d@example.org"))


async def test_each_accepted_recipient_has_one_answer_and_the_next_command_its_own(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, size_bytes_max=100_000)
    client = await doors.greeted(door.lmtp_address)
    for problem, content, answer in (
        (None, "x", "250 2.0.0 "),
        (StorageUnavailable("away"), "x", "451 4.3.0 "),
        (None, "x" * 100_001, "552 5.3.4 "),
    ):
        kept.problems = [problem] if problem else []
        await client.begin_mail("b@example.org", "c@example.org", "b@example.org", greeting="LHLO")
        await client.send(f"{content}\r\n.\r\nNOOP\r\n".encode())
        answers = [await client.reply() for _ in range(4)]
        assert [said[:10] for said in answers] == [answer] * 3 + ["250 2.0.0 "]
        assert answers[0] == answers[1] == answers[2] != answers[3]
    assert kept.contents == [b"x\r\n"]


async def test_a_client_of_smtp_is_not_greeted(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, smtp_port=None)
    assert door.smtp_address is None
    client = await doors.greeted(door.lmtp_address)
    assert (await client.say("EHLO client.example")).startswith("500 ")
    assert (await client.say("HELO client.example")).startswith("500 ")
    assert "250-PIPELINING" in await client.say("LHLO client.example")
