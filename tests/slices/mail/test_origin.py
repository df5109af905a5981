"""A mail that comes by SMTP is archived with what DNS says of the client that brought it."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from name_server import NameServer

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import MessageId
from wipsie.slices.mail.archiving import ArchiveSettings
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.domain.origin.client import Client
from wipsie.slices.mail.doors.smtp.door import MailDoor
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.slices.mail.gateways.origin import CHECKED_BYTES_MAX, OriginCheck
from wipsie.workers.cpu_pool import CpuPool, CpuTaskCrashed

if TYPE_CHECKING:
    from conftest import MailDesk, OpenDesk

ZONE = {
    "example.org.": {"TXT": ['"v=spf1 " "include:_spf.example.net -all"'], "MX": ["10 mx.example.org."]},
    "_spf.example.net.": {"TXT": ['"v=spf1 a:out.example.net/28 -all"']},
    "out.example.net.": {"A": ["192.0.2.17"]},
    "_dmarc.example.org.": {"TXT": ['"v=DMARC1; p=reject"']},
    "evil.example.": {"TXT": ['"v=spf1 +all"']},
}
FROM_THE_OFFICE, FROM_ELSEWHERE, FROM_INSIDE = "192.0.2.18", "198.51.100.66", "127.0.0.1"


@pytest.fixture
def server() -> Iterator[NameServer]:
    made = NameServer(ZONE)
    yield made
    made.stop()


@pytest.fixture
async def pool() -> AsyncIterator[CpuPool]:
    made = CpuPool(clock=SystemClock(), processes_max=1)
    yield made
    await made.stop()


def written(subject: str) -> bytes:
    return (
        f"From: Ann <ann@news.example.org>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n"
        "Date: Fri, 01 Sep 2023 11:38:21 +0200\r\n\r\nHello.\r\n"
    ).encode()


Send = Callable[[str, str, str], Awaitable[None]]


@pytest.fixture
async def send(desk: MailDesk, tmp_path: Path) -> AsyncIterator[Send]:
    """A function that sends a mail to a door by real SMTP: its subject, its sender, and the address it is said to come from."""
    remotes: list[str] = []

    async def accept(file: Path, envelope: Envelope) -> MessageId:
        # All clients of a test come from the loopback address: the one thing that is made up.
        assert envelope.remote == FROM_INSIDE
        return await desk.intake.accept_raw(file, msgspec.structs.replace(envelope, remote=remotes.pop()))

    async def nobody_signs_in(username: str, password: str) -> str | None:
        return None

    settings = MailDoorSettings(smtp_port=0, hostname="mail.test", spool=tmp_path / "spool")
    door = MailDoor(settings, accept, nobody_signs_in, SystemClock())
    await door.start()
    address = door.smtp_address
    assert address is not None

    async def send_one(subject: str, sender: str, remote: str) -> None:
        remotes.append(remote)

        def work() -> None:
            with smtplib.SMTP(*address, local_hostname="out.example.net", timeout=20) as client:
                client.sendmail(sender, ["bob@example.com"], written(subject))

        await asyncio.to_thread(work)

    yield send_one
    await door.stop(timeout_s=0)


@pytest.fixture
async def desk(open_desk: OpenDesk, server: NameServer) -> MailDesk:
    return await open_desk(archive=ArchiveSettings(check_signatures=True, nameservers=(server.address,)))


async def test_a_mail_by_smtp_is_archived_with_what_spf_and_dmarc_say(
    desk: MailDesk, send: Send, server: NameServer
) -> None:
    await send("real", "ann@example.org", FROM_THE_OFFICE)
    await send("forged", "ann@example.org", FROM_ELSEWHERE)
    await send("spoofed", "eve@evil.example", FROM_ELSEWHERE)
    await send("inside", "ann@example.org", FROM_INSIDE)
    # The client had its answers before anybody was asked.
    assert server.asked == []
    await desk.work()
    documents = {one["email_subject"]: one["email_mime"]["verdicts"] for one in (await desk.documents()).values()}
    unsigned = {"dkim": "none", "arc": "none"}
    assert documents == {
        "real": {"spf": "pass", "dmarc": "pass", **unsigned},
        "forged": {"spf": "fail", "dmarc": "fail", **unsigned},
        "spoofed": {"spf": "pass", "dmarc": "fail", **unsigned},
        "inside": unsigned,
    }


async def test_what_we_find_out_counts_before_what_others_say_and_leaves_them_the_rest(desk: MailDesk) -> None:
    told = {"spf": "pass", "dmarc": "pass", "spam": "pass"}
    await desk.put_raw(
        written("ours"), sender="ann@example.org", remote=FROM_ELSEWHERE, helo="mx.example.org", verdicts=told
    )
    await desk.put_raw(written("theirs"), door="ses", sender="ann@example.org", remote=FROM_ELSEWHERE, verdicts=told)
    await desk.work()
    documents = {one["email_subject"]: one["email_mime"]["verdicts"] for one in (await desk.documents()).values()}
    unsigned = {"dkim": "none", "arc": "none"}
    assert documents["ours"] == {"spf": "fail", "dmarc": "fail", "spam": "pass", **unsigned}
    assert documents["theirs"] == {**told, **unsigned}


@pytest.mark.parametrize("problem", [TimeoutError(), MemoryError(), CpuTaskCrashed("check", -9)], ids=repr)
async def test_a_check_that_does_not_come_to_its_end_costs_no_mail(tmp_path: Path, problem: Exception) -> None:
    async def end(*args: object, **options: object) -> None:
        raise problem

    outside = Client(address=IPv4Address(FROM_ELSEWHERE), helo="mx", sender="")
    everything = dict.fromkeys(("spf", "dkim", "dmarc"), "temperror")
    assert await OriginCheck()(tmp_path / "mail.eml", [], None, end) == {"dkim": "temperror"}
    assert await OriginCheck()(tmp_path / "mail.eml", [], outside, end) == everything


async def test_a_resolver_that_is_none_costs_no_mail(pool: CpuPool, tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(written("any"))
    assert await OriginCheck(["nonsense"])(path, [], None, pool.run) == {"dkim": "temperror"}


async def test_a_mail_too_large_to_be_checked_says_nothing_of_signatures(
    pool: CpuPool, tmp_path: Path, server: NameServer
) -> None:
    path = tmp_path / "mail.eml"
    with path.open("wb") as file:
        file.truncate(CHECKED_BYTES_MAX + 1)
    assert await OriginCheck([server.address])(path, ["ann@example.org"], None, pool.run) == {}
