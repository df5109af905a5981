"""TLS and signing in: passwords travel where nobody listens, and what was said before TLS counts for nothing."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, Unavailable
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.doors.smtp.door import Address, MailDoor
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.telemetry.logging import configure_logging
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from tests.slices.mail.smtp.conftest import Client, Doors, Kept

MAIL = b"Subject: hello\r\n\r\ntext\r\n"
USERNAME, PASSWORD, NAME = "press", "correct horse", "Press desk"


def word(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(identity: str, username: str, password: str) -> str:
    return word(f"{identity}\0{username}\0{password}")


PLAIN = plain("", USERNAME, PASSWORD)
WRONG = plain("", USERNAME, "battery staple")


async def test_a_mail_comes_encrypted_from_who_signed_in(doors: Doors, kept: Kept, certificate: dict[str, Any]) -> None:
    door = await doors.open(kept.accept, require_tls=True, require_sign_in=True, **certificate)
    assert door.smtp_address is not None
    trusted = ssl.create_default_context(cafile=str(certificate["tls_certificate"]))

    def send(address: Address) -> None:
        with smtplib.SMTP(*address, local_hostname="client.example") as client:
            client.starttls(context=trusted)
            client.login(USERNAME, PASSWORD)
            client.sendmail("a@example.org", ["b@example.org"], MAIL)
            client.sendmail("a@example.org", ["b@example.org"], b"x" * 1_000_000 + b"\r\n")

    await doors.in_thread(send, door.smtp_address)
    assert kept.contents == [MAIL, b"x" * 1_000_000 + b"\r\n"]
    assert {envelope.signed_in_as for _, envelope in kept.mails} == {NAME}
    assert {envelope.remote for _, envelope in kept.mails} == {"127.0.0.1"}


def test_the_faster_event_loop_carries_tls_too(tmp_path: Path, certificate: dict[str, Any]) -> None:
    uvloop = pytest.importorskip("uvloop", reason="has no wheel for every platform; servers run without it there")
    contents: list[bytes] = []

    async def accept(file: Path, _envelope: Envelope) -> MessageId:
        contents.append(await asyncio.to_thread(file.read_bytes))
        return new_message_id()

    async def nobody(_username: str, _password: str) -> None:
        return None

    def send(address: Address) -> None:
        with smtplib.SMTP(*address, local_hostname="client.example") as client:
            client.starttls(context=ssl.create_default_context(cafile=str(certificate["tls_certificate"])))
            for content in mails:
                client.sendmail("a@example.org", ["b@example.org"], content)

    async def open_and_send() -> None:
        settings = MailDoorSettings(smtp_port=0, spool=tmp_path / "spool", require_tls=True, **certificate)
        door = MailDoor(settings, accept, nobody, SystemClock())
        await door.start()
        assert door.smtp_address is not None
        await asyncio.to_thread(send, door.smtp_address)
        await door.stop()

    mails = [MAIL, b"x" * 1_000_000 + b"\r\n"]
    with asyncio.Runner(loop_factory=uvloop.Loop) as runner:
        runner.run(open_and_send())
    assert contents == mails


async def test_a_key_that_a_password_locks_is_refused_and_nobody_is_asked(
    doors: Doors, kept: Kept, certificate: dict[str, Any]
) -> None:
    key = load_pem_private_key(certificate["tls_key"].read_bytes(), password=None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    certificate["tls_key"].write_bytes(locked)
    with pytest.raises(ConfigurationError, match="cannot use the certificate"):
        await doors.open(kept.accept, **certificate)


async def test_before_tls_that_is_required_there_is_no_mail_and_no_sign_in(
    doors: Doors, kept: Kept, certificate: dict[str, Any]
) -> None:
    door = await doors.open(kept.accept, require_tls=True, **certificate)
    client = await doors.greeted(door.smtp_address)
    offered = await client.say("EHLO client.example")
    assert "STARTTLS" in offered
    assert "AUTH" not in offered
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("530 5.7.0 ")
    assert (await client.say(f"AUTH PLAIN {PLAIN}")).startswith("538 5.7.11 ")
    await start_tls(client)
    offered = await client.say("EHLO client.example")
    assert "STARTTLS" not in offered
    assert "AUTH PLAIN LOGIN" in offered
    assert (await client.say("STARTTLS")).startswith("503 ")
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("250 ")


async def start_tls(client: Client) -> None:
    assert (await client.say("STARTTLS")).startswith("220 ")
    await client.encrypt()


async def test_what_was_said_before_tls_counts_for_nothing(
    doors: Doors, kept: Kept, certificate: dict[str, Any]
) -> None:
    door = await doors.open(kept.accept, require_sign_in=True, **certificate)
    client = await doors.greeted(door.smtp_address)
    await client.say("EHLO client.example")
    assert (await client.say(f"AUTH PLAIN {PLAIN}")).startswith("235 ")
    assert (await client.say(f"AUTH PLAIN {PLAIN}")).startswith("503 ")
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("250 ")
    # In one packet, as somebody between would put a command behind that of the client.
    await client.send(b"STARTTLS\r\nRCPT TO:<b@example.org>\r\n")
    assert (await client.reply()).startswith("220 ")
    await client.encrypt()
    assert (await client.say("RCPT TO:<b@example.org>")).startswith("503 ")
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("503 ")
    await client.say("EHLO client.example")
    assert (await client.say("MAIL FROM:<a@example.org>")).startswith("530 5.7.0 ")


@pytest.mark.parametrize("noise", [b"no TLS at all\r\n" * 10, b"", b"\x16\x03\x01\x00\x05"], ids=repr)
async def test_a_handshake_that_fails_ends_the_connection(
    doors: Doors, kept: Kept, certificate: dict[str, Any], noise: bytes
) -> None:
    door = await doors.open(kept.accept, connections_max=1, **certificate)
    client = await doors.greeted(door.smtp_address)
    assert (await client.say("STARTTLS")).startswith("220 ")
    await client.send(noise)
    client.vanish()

    async def is_free() -> bool:
        return (await (await doors.connect(door.smtp_address)).reply()).startswith("220 ")

    await eventually(is_free, message="the place of the client is free again")


async def test_a_handshake_that_never_comes_is_not_waited_for(
    doors: Doors, kept: Kept, certificate: dict[str, Any]
) -> None:
    door = await doors.open(kept.accept, timeout_s=0.1, **certificate)
    client = await doors.greeted(door.smtp_address)
    assert (await client.say("STARTTLS")).startswith("220 ")
    assert await client.is_ended()


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        ([f"AUTH PLAIN {PLAIN}"], ["235 2.7.0 "]),
        (["auth plain", PLAIN], ["334 ", "235 2.7.0 "]),
        (["AUTH LOGIN", word(USERNAME), word(PASSWORD)], ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 "]),
        ([f"AUTH LOGIN {word(USERNAME)}", word(PASSWORD)], ["334 UGFzc3dvcmQ6", "235 2.7.0 "]),
        ([f"AUTH PLAIN {plain(USERNAME, USERNAME, PASSWORD)}"], ["235 2.7.0 "]),
        ([f"AUTH PLAIN {plain('boss', USERNAME, PASSWORD)}"], ["501 5.5.2 "]),
        ([f"AUTH PLAIN {WRONG}"], ["535 5.7.8 "]),
        (["AUTH LOGIN", word(USERNAME), "="], ["334 ", "334 ", "535 5.7.8 "]),
        (["AUTH LOGIN", "*"], ["334 ", "501 5.7.0 "]),
        (["AUTH LOGIN", "%%%"], ["334 ", "501 5.5.2 "]),
        (["AUTH PLAIN AAAA AAAA"], ["501 5.5.4 "]),
        (["AUTH PLAIN /////w=="], ["501 5.5.2 "]),
        (["AUTH PLAIN", "x" * 5_000], ["334 ", "500 5.5.6 "]),
        (["AUTH CRAM-MD5"], ["504 5.5.4 "]),
        (["AUTH"], ["501 5.5.4 "]),
    ],
    ids=lambda value: "-".join(value)[:60],
)
async def test_signing_in_goes_as_its_descriptions_say(
    doors: Doors, kept: Kept, lines: list[str], answers: list[str]
) -> None:
    door = await doors.open(kept.accept, require_sign_in=True)
    client = await doors.greeted(door.smtp_address)
    assert "250-AUTH PLAIN LOGIN" in await client.say("EHLO client.example")
    for line, answer in zip(lines, answers, strict=True):
        assert (await client.say(line)).startswith(answer)
    mail = await client.say("MAIL FROM:<a@example.org>")
    assert mail.startswith("250 " if answers[-1].startswith("235") else "530 5.7.0 ")


async def test_three_wrong_tries_are_all_there_are(doors: Doors, kept: Kept, certificate: dict[str, Any]) -> None:
    door = await doors.open(kept.accept, **certificate)
    client = await doors.greeted(door.smtp_address)
    await client.say("EHLO client.example")
    assert (await client.say(f"AUTH PLAIN {WRONG}")).startswith("535 ")
    assert (await client.say("AUTH LOGIN %")).startswith("501 ")
    # Not even TLS brings new ones.
    await start_tls(client)
    await client.say("EHLO client.example")
    assert (await client.say(f"AUTH PLAIN {WRONG}")).startswith("535 ")
    assert (await client.say(f"AUTH PLAIN {PLAIN}")).startswith("421 4.7.0 ")
    assert await client.is_ended()
    assert door.counts.sign_ins_failed == 2


@pytest.mark.parametrize("problem", [Unavailable("away"), ValueError("a bug")], ids=repr)
async def test_while_nobody_can_be_asked_the_client_comes_again(doors: Doors, kept: Kept, problem: Exception) -> None:
    async def is_away(_username: str, _password: str) -> str | None:
        raise problem

    door = await doors.open(kept.accept, sign_in=is_away)
    client = await doors.greeted(door.smtp_address)
    await client.say("EHLO client.example")
    assert (await client.say(f"AUTH PLAIN {PLAIN}")).startswith("454 4.7.0 ")
    assert (await client.say("NOOP")).startswith("250 ")


async def test_the_log_holds_no_password_and_no_address(doors: Doors, kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "log"
    configure_logging("DEBUG", file=log)
    try:
        door = await doors.open(kept.accept)
        client = await doors.greeted(door.smtp_address)
        await client.say("EHLO client.example")
        await client.say(f"AUTH PLAIN {WRONG}")
        for line in ("AUTH LOGIN", word(USERNAME), PASSWORD):
            await client.say(line)
        for line in ("AUTH LOGIN", word(USERNAME), word(PASSWORD)):
            await client.say(line)
        kept.problems.append(ValueError("a bug"))
        for _ in range(2):
            await client.begin_mail("very.secret@example.org")
            await client.say("TOP SECRET\r\n.")
        await client.say("RCPT TO:<<very.secret@example.org")
        await client.say("QUIT")
    finally:
        configure_logging("WARNING")
    lines = log.read_text()
    assert "Mail accepted" in lines
    assert "Sign-in refused" in lines
    assert "a bug" in lines
    secrets: list[Any] = [PASSWORD, word(PASSWORD), PLAIN, WRONG, word(USERNAME), "very.secret", "TOP SECRET"]
    assert [secret for secret in secrets if secret in lines] == []
