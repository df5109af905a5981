"""A door that is told to close lets mails come in that are on their way, for a while, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.kernel.ids import MessageId
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from tests.slices.mail.smtp.conftest import Doors, Kept


async def test_a_mail_that_is_coming_in_is_taken_and_everybody_else_is_let_go(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    address = door.smtp_address
    idle, busy = await doors.greeted(address), await doors.greeted(address)
    await busy.begin_mail()
    await busy.send(b"x" * 600_000)
    await eventually(doors.files)
    stopping = asyncio.create_task(door.stop())
    assert (await idle.reply()).startswith("421 4.3.2 ")
    assert await idle.is_ended()
    with pytest.raises(OSError, match="Connect call failed"):
        await doors.connect(address)
    assert not stopping.done()
    await busy.send(b"\r\n.\r\nNOOP\r\n")
    assert (await busy.reply()).startswith("250 2.0.0 Ok: queued as ")
    assert (await busy.reply()).startswith("421 4.3.2 ")
    assert await busy.is_ended()
    await stopping
    assert kept.contents == [b"x" * 600_000 + b"\r\n"]
    assert doors.files() == []


async def test_a_mail_that_does_not_come_to_an_end_is_left_to_its_client(doors: Doors, kept: Kept) -> None:
    clock = FakeClock()
    door = await doors.open(kept.accept, clock=clock)
    kept.may_go_on.clear()
    receiving, keeping = await doors.greeted(door.smtp_address), await doors.greeted(door.lmtp_address)
    await receiving.begin_mail()
    await receiving.send(b"x" * 600_000)
    await keeping.begin_mail(greeting="LHLO")
    await keeping.send(b"x\r\n.\r\n")
    await eventually(lambda: len(doors.files()) == 2 and kept.waiting)
    stopping = asyncio.create_task(door.stop(timeout_s=5))
    await clock.advance(4.9)
    assert not stopping.done()
    await clock.advance(0.2)
    await stopping
    for client in (receiving, keeping):
        assert (await client.reply()).startswith("421 4.3.2 ")
        assert await client.is_ended()
    assert kept.mails == []
    assert doors.files() == []


async def test_a_door_may_be_stopped_twice_opened_again_and_stopped_before_it_opens(doors: Doors, kept: Kept) -> None:
    door = await doors.open(kept.accept)
    await door.stop()
    await door.stop()
    assert (door.smtp_address, door.lmtp_address) == (None, None)
    await door.start()
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    assert (await client.say("x\r\n.")).startswith("250 ")


async def test_encrypted_connections_end_too(doors: Doors, kept: Kept, certificate: dict[str, Any]) -> None:
    door = await doors.open(kept.accept, **certificate)
    idle, busy, half = [await doors.greeted(door.smtp_address) for _ in range(3)]
    for client in (idle, busy):
        assert (await client.say("STARTTLS")).startswith("220 ")
        await client.encrypt()
    await busy.begin_mail()
    assert (await half.say("STARTTLS")).startswith("220 ")
    stopping = asyncio.create_task(door.stop())
    assert (await idle.reply()).startswith("421 4.3.2 ")
    assert await half.is_ended()
    await idle.close()
    assert (await busy.say("x\r\n.")).startswith("250 ")
    assert (await busy.reply()).startswith("421 4.3.2 ")
    await busy.close()
    await stopping
    assert kept.contents == [b"x\r\n"]


async def test_stopping_ends_even_when_a_mail_does_not(doors: Doors, kept: Kept) -> None:
    clock = FakeClock()
    may_end = asyncio.Event()

    async def cling(file: Path, envelope: Envelope) -> MessageId:
        with contextlib.suppress(asyncio.CancelledError):
            await may_end.wait()
        await may_end.wait()
        return await kept.accept(file, envelope)

    door = await doors.open(cling, clock=clock)
    client = await doors.greeted(door.smtp_address)
    await client.begin_mail()
    await client.send(b"x\r\n.\r\n")
    await eventually(doors.files)
    stopping = asyncio.create_task(door.stop(timeout_s=1))
    await clock.advance(5.9)
    assert not stopping.done()
    await clock.advance(0.2)
    await stopping
    may_end.set()
    await doors.are_empty()
