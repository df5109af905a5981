"""Mails that somebody erases while somebody else is at them: they do not come back, and nobody is told what is not so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.auth.principal import Principal
from wipsie.blobs import BlobStore
from wipsie.blobs.store import BlobInfo
from wipsie.kernel.errors import NotFound
from wipsie.slices.mail.domain.arrival import Envelope, NotAnArrival, RawArrival, RawMail, raw_body, raw_key
from wipsie.slices.mail.gateways.buckets import MailBuckets
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.archive import MailArchive
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.index_writer import IndexWriter
from wipsie.slices.mail.service.steering import MailSteering
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store import erasures, index
from wipsie.slices.mail.store.erasures import Erasure
from wipsie.slices.mail.store.tables import mails_table
from wipsie.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from conftest import MailOffice

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
SERVER = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
ADA = Principal(kind="user", id="usr_1")
MAIL = (
    b"From: ann@example.org\r\nDate: Fri, 01 Sep 2023 11:38:21 +0200\r\nMessage-ID: <1@example.org>\r\nSubject: A file\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nSee it.\r\n--x\r\n"
    b"Content-Disposition: attachment; filename=a.pdf\r\n\r\na contract\r\n--x--\r\n"
)


def eraser_of(mail_office: MailOffice) -> MailEraser:
    return MailEraser(mail_office.parts.database, mail_office.blobs, mail_office.parts.clock, Retention())


async def erase_rows(mail_office: MailOffice) -> list[str]:
    """Have all mails leave the index; the ids of their erasures."""
    async with mail_office.parts.database.unit_of_work() as unit:
        numbers = [row.number for row in await unit.connection.execute(mails_table.select())]
        return [one.id for one in await eraser_of(mail_office).erase_rows(unit.connection, numbers)]


class Interrupted(BlobStore):
    """Lets something happen right before a document is written anew, or right after."""

    before: Callable[[], Awaitable[object]] | None = None
    after: Callable[[], Awaitable[object]] | None = None

    async def put(self, key: str, content: bytes, content_type: str = "") -> BlobInfo:
        if self.before is not None:
            await self.before()
        info = await super().put(key, content, content_type)
        if self.after is not None:
            await self.after()
        return info


async def archive_anew(mail_office: MailOffice, blobs: BlobStore, folder: Path) -> None:
    """As a worker does that has the message."""
    async with mail_office.parts.database.read() as connection:
        (row,) = (await connection.execute(mails_table.select())).all()
    source = RawMail(key=raw_key(row.raw_sha256), sha256=row.raw_sha256, size=row.raw_size)
    archive = MailArchive(
        blobs,
        IndexWriter(mail_office.parts.database),
        work=WorkFolder(folder),
        buckets=MailBuckets(frozenset(), lambda _: blobs),
        clock=mail_office.parts.clock,
        metrics=MailMetrics(Metrics()),
        carry_out=eraser_of(mail_office).carry_out,
    )
    body = raw_body(RawArrival(source=source, envelope=Envelope(door="smtp", received_at_ms=1), again=True))
    await archive.archive(body, message_id="m", sent_at_ms=1, run_cpu=mail_office.parts.cpu_pool.run)


@DATABASES
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_mail_that_is_erased_while_it_is_archived_anew_does_not_come_back(
    mail_office: MailOffice, tmp_path: Path, moment: str
) -> None:
    await mail_office.file(MAIL)

    async def erase() -> None:
        for erasure_id in await erase_rows(mail_office):
            assert await eraser_of(mail_office).carry_out(erasure_id)

    blobs = Interrupted(f"file://{mail_office.parts.settings.data_dir}/blobs")
    setattr(blobs, moment, erase)
    with pytest.raises(NotAnArrival):
        await archive_anew(mail_office, blobs, tmp_path / "work")
    assert not [key for key in await mail_office.objects() if key.startswith(("emails/", "mail/"))]
    # And what was never there is not made.
    async with mail_office.parts.database.read() as connection:
        assert (await connection.execute(mails_table.select())).first() is None


@DATABASES
async def test_a_document_without_a_row_is_not_taken_for_an_erased_one(mail_office: MailOffice, tmp_path: Path) -> None:
    await mail_office.file(MAIL)
    before = await mail_office.objects()

    async def lose_the_index() -> None:
        async with mail_office.parts.database.begin() as connection:
            numbers = [row.number for row in await connection.execute(mails_table.select())]
            await index.remove(connection, numbers)

    blobs = Interrupted(f"file://{mail_office.parts.settings.data_dir}/blobs")
    blobs.before = lose_the_index
    with pytest.raises(NotAnArrival):
        await archive_anew(mail_office, blobs, tmp_path / "work")
    assert await eraser_of(mail_office).sweep() == 0
    assert await mail_office.objects() == before


class Beaten(MailEraser):
    """Somebody else is always faster."""

    rows: bool = False

    async def erase_rows(self, connection: Any, numbers: Any) -> list[Erasure]:
        if self.rows:
            other = MailEraser(self._database, self._blobs, self._clock, Retention())

            async def erase() -> None:
                async with self._database.begin() as theirs:
                    await other.erase_rows(theirs, numbers)

            await asyncio.create_task(erase())
        return await super().erase_rows(connection, numbers)

    async def carry_out(self, erasure_id: str) -> bool:
        async with self._database.begin() as connection:
            now_ms = self._clock.now_ms()
            await erasures.claim(connection, erasure_id, now_ms=now_ms, until_ms=now_ms + 1_000)
        return await super().carry_out(erasure_id)


def steering(mail_office: MailOffice, eraser: MailEraser) -> MailSteering:
    parts = mail_office.parts
    return MailSteering(parts.database, mail_office.blobs, mail_office.intake, eraser, parts.clock)


@DATABASES
async def test_a_mail_is_told_to_be_gone_only_when_its_objects_are(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    parts = mail_office.parts
    beaten = Beaten(parts.database, mail_office.blobs, parts.clock, Retention())
    erased = await steering(mail_office, beaten).erase(ADA, one)
    assert erased.objects == "going"
    assert [key for key in await mail_office.objects() if key.startswith("emails/")]


@SERVER
async def test_a_mail_that_somebody_else_erased_in_this_moment_is_not_told_to_be_held(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    parts = mail_office.parts
    beaten = Beaten(parts.database, mail_office.blobs, parts.clock, Retention())
    beaten.rows = True
    with pytest.raises(NotFound):
        await steering(mail_office, beaten).erase(ADA, one)
