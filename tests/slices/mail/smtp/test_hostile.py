"""Clients that mean ill, or know no better: each is answered, bounded, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.doors.smtp import connection
from wipsie.slices.mail.doors.smtp.door import MailDoor
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from tests.slices.mail.smtp.conftest import Client, Doors, Kept

SMUGGLED = b"MAIL FROM:<admin@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nforged\r\n"


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\r\n.\r\r\n"], ids=repr)
async def test_a_mail_cannot_hold_another_one(doors: Doors, kept: Kept, end: bytes) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    forged = b"text" + end + SMUGGLED
    await client.send(forged + b"\r\n.\r\nNOOP\r\n")
    assert (await client.reply()).startswith("250 2.0.0 Ok: queued as ")
    assert await client.reply() == "250 2.0.0 OK"
    assert kept.contents == [forged.replace(b"\r\n.", b"\r\n") + b"\r\n"]


@pytest.mark.parametrize("cut", range(1, 5))
async def test_the_end_of_a_mail_may_come_in_pieces(doors: Doors, kept: Kept, cut: int) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    await client.send(b"text" + b"\r\n.\r\n"[:cut])
    # Once another client was served, the door has seen what came before it.
    assert (await (await doors.greeted(door.smtp_address)).say("NOOP")).startswith("250 ")
    await client.send(b"\r\n.\r\n"[cut:])
    assert (await client.reply()).startswith("250 ")
    assert kept.contents == [b"text\r\n"]


@given(mails=st.lists(st.binary(max_size=2_000), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_survive_the_trip(tmp_path: Path, mails: list[bytes]) -> None:
    """But for the CR LF that a last line without one is given."""
    assert asyncio.run(_trip(tmp_path, mails)) == [
        mail if not mail or mail.endswith(b"\r\n") else mail + b"\r\n" for mail in mails
    ]


async def _trip(folder: Path, mails: list[bytes]) -> list[bytes]:
    kept: list[bytes] = []

    async def accept(file: Path, _envelope: Envelope) -> MessageId:
        kept.append(await asyncio.to_thread(file.read_bytes))
        return new_message_id()

    async def nobody(_username: str, _password: str) -> None:
        return None

    door = MailDoor(MailDoorSettings(smtp_port=0, spool=folder), accept, nobody, SystemClock())
    await door.start()
    assert door.smtp_address is not None
    reader, writer = await asyncio.open_connection(*door.smtp_address)
    writer.write(b"HELO client.example\r\n")
    for mail in mails:
        whole = mail if not mail or mail.endswith(b"\r\n") else mail + b"\r\n"
        stuffed = (b"\r\n" + whole).replace(b"\r\n.", b"\r\n..")[2:]
        writer.write(b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" + stuffed + b".\r\n")
    writer.write(b"QUIT\r\n")
    await reader.readuntil(b"221 2.0.0 Bye\r\n")
    writer.close()
    await writer.wait_closed()
    await door.stop()
    return kept


async def test_a_mail_far_over_the_limit_is_not_read_to_its_end(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, size_bytes_max=100_000)
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    sending = asyncio.create_task(_send_without_end(client, b"x" * 100_000))
    try:
        assert (await client.reply()).startswith("552 5.3.4 ")
    except ConnectionResetError:
        # The client was still sending: its own side of the connection forgets the answer.
        assert door.counts.not_accepted == 1
    with pytest.raises(ConnectionError):
        await sending
    assert kept.mails == []
    await doors.are_empty()


async def _send_without_end(client: Client, words: bytes) -> None:
    """More than all buffers between hold."""
    for _ in range(5_000):
        await client.send(words)


@pytest.mark.parametrize(
    "sent", [b"", b"text", b"x" * 1_000_000, b"text\r\n.\r"], ids=lambda sent: f"{len(sent)} bytes"
)
async def test_a_client_that_vanishes_leaves_nothing(doors: Doors, kept: Kept, sent: bytes) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    await client.send(sent)
    if len(sent) > 500_000:
        await eventually(doors.files, message="a large mail goes to a file while it comes")
    client.vanish()
    await door.stop()
    assert kept.mails == []
    assert doors.files() == []


async def test_a_client_that_vanishes_before_its_answer_leaves_no_file(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    kept.may_go_on.clear()
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    await client.send(b"text\r\n.\r\n")
    await eventually(lambda: kept.waiting)
    assert len(doors.files()) == 1
    client.vanish()
    await doors.are_empty()
    assert kept.mails == []


async def test_a_silent_client_is_told_and_let_go(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept, timeout_s=0.1)
    for begin in (False, True):
        client = await doors.greeted(door.smtp_address)
        if begin:
            await client.begin_mail()
            await client.send(b"text")
        assert (await client.reply()).startswith("421 4.4.2 ")
        assert await client.is_ended()
    assert kept.mails == []
    await doors.are_empty()


async def test_a_client_that_never_reads_is_let_go(doors: Doors, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CLOSING_S", 60.0)
    ours = frozenset({"example.org"})
    door = await doors.open(kept.accept, timeout_s=0.2, connections_max=1, domains=ours)
    client = await doors.greeted(door.smtp_address)
    await client.say("EHLO client.example")
    await client.say("MAIL FROM:<a@example.org>")
    with pytest.raises(ConnectionError):
        # Sooner than a client is waited for that has only its last words to read.
        async with asyncio.timeout(30):
            await _send_without_end(client, b"RCPT TO:<b@elsewhere.example>\r\n" * 4_000)
    assert door.counts.connections == 1
    await eventually(lambda: _is_greeted(doors, door), message="its place is free again")


async def _is_greeted(doors: Doors, door: MailDoor) -> bool:
    return (await (await doors.connect(door.smtp_address)).reply()).startswith("220 ")


async def test_a_mail_that_trickles_in_is_not_waited_for(doors: Doors, kept: Kept) -> None:
    clock = FakeClock()
    door = await doors.open(kept.accept, clock=clock, timeout_s=60)
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    await client.send(b"x" * 10_240)
    await clock.advance(69)
    await client.send(b"x")
    await clock.advance(2)
    await client.send(b"x")
    assert (await client.reply()).startswith("421 4.4.2 ")
    assert await client.is_ended()
    await doors.are_empty()


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (b"\r\n", "500 5.5.1 "),
        (b"X" * 5_000 + b"\r\n", "500 5.5.6 "),
        (b"X" * 60_000 + b"\r\n", "500 5.5.6 "),
        (b"\xff\xfe\r\n", "500 5.5.2 "),
        (b"NOPE\r\n", "500 5.5.1 "),
        (b"MAIL TO:<a@b.c>\r\n", "503 5.5.1 "),
        (b"AUTH\r\n", "503 5.5.1 "),
        (b"EHLO \x00\r\n", "501 5.5.4 "),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:10]) + str(len(value)),
)
async def test_commands_that_lead_nowhere_are_borne_ten_times(
    doors: Doors, kept: Kept, lines: bytes, answer: str
) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    for _ in range(9):
        await client.send(lines)
        assert (await client.reply()).startswith(answer)
    await client.send(lines)
    assert (await client.reply()).startswith(answer)
    assert (await client.reply()).startswith("421 4.7.0 ")
    assert await client.is_ended()


async def test_a_client_may_not_stay_for_small_talk_but_for_mails_without_end(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    for _ in range(3):
        await client.begin_mail()
        assert (await client.say("x\r\n.")).startswith("250 ")
        await client.send(b"RSET\r\n" * 98)
        for _ in range(98):
            assert (await client.reply()).startswith("250 ")
    await client.send(b"NOOP\r\n" * 2)
    answers = [await client.reply() for _ in range(3)]
    assert [answer[:3] for answer in answers] == ["250", "250", "421"]
    assert len(kept.mails) == 3


async def test_a_line_without_an_end_is_not_listened_to(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    await client.send(b"X" * 64 * 1024 + b"X" * 10_000)
    assert (await client.reply()).startswith("500 5.5.6 ")
    assert await client.is_ended()


async def test_a_browser_cannot_be_made_to_send_mail(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    client = await doors.greeted(door.smtp_address)
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\n\r\nHELO a\r\n" + SMUGGLED + b".\r\n")
    assert (await client.reply()).startswith("421 4.7.0 ")
    assert await client.is_ended()
    assert kept.mails == []


@given(
    sent=st.lists(
        st.sampled_from(
            [
                b"EHLO a",
                b"MAIL FROM:<>",
                b"RCPT TO:<a@b.c>",
                b"DATA",
                b".",
                b"\r\n",
                b"\n",
                b"\0",
                b"RSET",
                b"AUTH PLAIN",
                b"=",
            ]
        ),
        max_size=40,
    )
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_said_is_answered_in_codes_of_smtp(tmp_path: Path, sent: list[bytes]) -> None:
    for line in asyncio.run(_answers(tmp_path, b"".join(sent))).splitlines():
        assert line[:3].isdigit()
        assert line[:1] in {b"2", b"3", b"4", b"5"}
    assert list(tmp_path.iterdir()) == []


async def _answers(folder: Path, sent: bytes) -> bytes:
    async def accept(_file: Path, _envelope: Envelope) -> MessageId:
        return new_message_id()

    async def nobody(_username: str, _password: str) -> None:
        return None

    door = MailDoor(MailDoorSettings(smtp_port=0, spool=folder), accept, nobody, SystemClock())
    await door.start()
    assert door.smtp_address is not None
    reader, writer = await asyncio.open_connection(*door.smtp_address)
    writer.write(sent + b"\r\n.\r\nNOOP\r\nQUIT\r\n")
    answers = await reader.read()
    writer.close()
    await writer.wait_closed()
    await door.stop()
    return answers
