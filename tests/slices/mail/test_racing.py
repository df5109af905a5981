"""Several processes at one mail at one moment: nobody waits for somebody who waits for them, and nothing is lost between them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from wipsie.slices.mail.domain.archive_key import ArchiveName, name_of
from wipsie.slices.mail.domain.arrival import Envelope, RawMail, raw_key
from wipsie.slices.mail.domain.document import (
    ArchivedAttachment,
    ArchivedMail,
    ArchivedMime,
    attachment_key,
    write_document,
)
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.index_writer import IndexWriter, StillErasing
from wipsie.slices.mail.store import erasures, index
from wipsie.slices.mail.store.entries import Arrival, Entry, entry_of
from wipsie.slices.mail.store.tables import erasures_table, mails_table
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from conftest import MailOffice

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
SERVER = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
    "WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"
)
FILE = b"a contract"
SHA256 = hashlib.sha256(FILE).hexdigest()


def entry(number: int, *, files: bool = True) -> Entry:
    """A mail of MIME, told from others by its number; with a file that all of them have."""
    raw_sha256 = hashlib.sha256(b"original %d" % number).hexdigest()
    file = ArchivedAttachment(number=1, name="a", media_type="a/b", size=len(FILE), sha256=SHA256)
    mail = ArchivedMail(
        subject=f"Report {number}",
        sender="ann@example.org",
        timestamp_s=1_693_561_101 + number,
        content="Hello.",
        mime=ArchivedMime(
            raw=RawMail(key=raw_key(raw_sha256), sha256=raw_sha256, size=4),
            envelope=Envelope(door="smtp", received_at_ms=1),
            attachments=(file,) if files else (),
        ),
    )
    name = name_of(sender=mail.sender, timestamp_s=mail.timestamp_s, identity={"number": number})
    return entry_of(name, mail, write_document(mail))


def came(message_id: str) -> Arrival:
    return Arrival(message_id=message_id, door="smtp", received_at_ms=1)


async def store(mail_office: MailOffice, name: ArchiveName) -> None:
    """What is stored before a mail of `entry` is written to the index."""
    await mail_office.blobs.put_by_digest(attachment_key, FILE)
    await mail_office.blobs.put(name.key, b"{}")


def eraser_of(mail_office: MailOffice) -> MailEraser:
    return MailEraser(mail_office.parts.database, mail_office.blobs, mail_office.parts.clock, Retention())


async def erase_rows(mail_office: MailOffice) -> list[str]:
    """Have all mails leave the index; the ids of their erasures."""
    async with mail_office.parts.database.unit_of_work() as unit:
        numbers = [row.number for row in await unit.connection.execute(mails_table.select())]
        return [one.id for one in await eraser_of(mail_office).erase_rows(unit.connection, numbers)]


@DATABASES
async def test_copies_of_one_mail_in_two_processes_are_all_written_at_the_first_try(mail_office: MailOffice) -> None:
    writers = [IndexWriter(mail_office.parts.database) for _ in range(2)]
    now_ms, rounds = mail_office.parts.clock.now_ms(), 20
    for round_ in range(rounds):
        await asyncio.gather(
            *(
                writer.add(entry(1), came(f"{round_} {place}"), stored_since_ms=now_ms)
                for place, writer in enumerate(writers)
            )
        )
    async with mail_office.parts.database.read() as connection:
        (row,) = (await connection.execute(mails_table.select())).all()
    assert row.copies == 2 * rounds - 1


@DATABASES
async def test_new_mails_that_two_processes_have_in_another_order_are_all_written(mail_office: MailOffice) -> None:
    writers = [IndexWriter(mail_office.parts.database) for _ in range(2)]
    now_ms, rounds = mail_office.parts.clock.now_ms(), 20
    for round_ in range(rounds):
        mails = [entry(10 * round_ + number) for number in range(10)]
        adds: list[Awaitable[Any]] = []
        for place, (writer, ordered) in enumerate(zip(writers, (mails, mails[::-1]), strict=True)):
            adds += [writer.add(one, came(f"{one.name.id} {place}"), stored_since_ms=now_ms) for one in ordered]
        await asyncio.gather(*adds)
    async with mail_office.parts.database.read() as connection:
        rows = (await connection.execute(mails_table.select())).all()
    assert [row.copies for row in rows] == [1] * 10 * rounds


@SERVER
async def test_a_file_of_a_mail_that_is_being_written_does_not_go_with_another(mail_office: MailOffice) -> None:
    database, now_ms = mail_office.parts.database, mail_office.parts.clock.now_ms()
    first, second = entry(1), entry(2)
    for one in (first, second):
        await store(mail_office, one.name)
    await IndexWriter(database).add(first, came("m1"), stored_since_ms=now_ms)

    async def erase_first() -> bool:
        (erasure_id,) = await erase_rows(mail_office)
        return await eraser_of(mail_office).carry_out(erasure_id)

    async def is_done_or_waits() -> bool:
        async with database.read() as connection:
            waiting = await connection.execute(text(WAITING))
            noted = await connection.execute(erasures_table.select())
            return erasing.done() or (noted.first() is not None and waiting.scalar_one() > 0)

    async with database.unit_of_work() as unit:
        (added,) = await index.add(unit.connection, [(second, came("m2"))], now_ms=now_ms, stored_since_ms=now_ms)
        assert added is not None
        # Between the look whether anybody erases its file and the commit.
        erasing = asyncio.create_task(erase_first())
        await eventually(is_done_or_waits, 20, "the other mail is erased, or waits for this one")
    assert await erasing
    assert await mail_office.blobs.exists(attachment_key(SHA256))
    assert not await mail_office.blobs.exists(first.name.key)


@DATABASES
async def test_a_mail_is_not_written_anew_with_files_that_are_going(mail_office: MailOffice) -> None:
    database, clock = mail_office.parts.database, mail_office.parts.clock
    now_ms = clock.now_ms()
    writer = IndexWriter(database)
    await writer.add(entry(1), came("m1"), stored_since_ms=now_ms)
    (erasure_id,) = await erase_rows(mail_office)
    await writer.add(entry(2, files=False), came("m2"), stored_since_ms=now_ms)
    async with database.begin() as connection:
        assert await erasures.claim(connection, erasure_id, now_ms=now_ms, until_ms=now_ms + 1_000)
    # A reader that finds more in it than the one before.
    with pytest.raises(StillErasing):
        await writer.replace(entry(2), stored_since_ms=now_ms)
    assert (await writer.replace(entry(2, files=False), stored_since_ms=now_ms)).outcome == "written"
    later_ms = now_ms + 1_000 + erasures.MARGIN_MS + 1
    assert (await writer.replace(entry(2), stored_since_ms=later_ms)).outcome == "written"
