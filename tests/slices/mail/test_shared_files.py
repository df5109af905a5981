"""Files that several mails have: none goes that a mail has, and an erasure that cannot go on holds up nobody else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from wipsie.blobs import BlobStore
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.document import attachment_key
from wipsie.slices.mail.service import erasing
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.store import erasures
from wipsie.slices.mail.store.tables import erasures_table, mails_table

if TYPE_CHECKING:
    from conftest import MailOffice

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
LOGO = b"the logo of a company"
LOGO_KEY = attachment_key(hashlib.sha256(LOGO).hexdigest())


def with_logo(number: int) -> bytes:
    lines = [
        "From: ann@example.org",
        f"Date: {1 + number:02d} Sep 2023 11:38:21 +0000",
        f"Message-ID: <{number}@example.org>",
        f"Subject: Report {number}",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=x",
        "",
        "--x",
        "",
        "Hello.",
        "--x",
        "Content-Disposition: attachment; filename=logo.bin",
        "",
        LOGO.decode(),
        "--x--",
        "",
    ]
    return "\r\n".join(lines).encode()


class LockedStore(BlobStore):
    """A bucket whose owner keeps some objects from being removed."""

    locked: frozenset[str] = frozenset()

    async def delete(self, key: str) -> bool:
        if key in self.locked:
            raise StorageUnavailable("The object store cannot be used now: AccessDenied.")
        return await super().delete(key)


def locked_eraser(mail_office: MailOffice, tmp_path_of_blobs: str, *locked: str) -> MailEraser:
    parts = mail_office.parts
    blobs = LockedStore(tmp_path_of_blobs)
    blobs.locked = frozenset(locked)
    return MailEraser(parts.database, blobs, parts.clock, Retention())


async def erase_rows(mail_office: MailOffice, eraser: MailEraser, *mail_ids: str) -> list[str]:
    """Have mails leave the index; the ids of their erasures."""
    async with mail_office.parts.database.begin() as connection:
        rows = (await connection.execute(mails_table.select().where(mails_table.c.id.in_(mail_ids)))).all()
        return [one.id for one in await eraser.erase_rows(connection, [row.number for row in rows])]


async def keys_of(mail_office: MailOffice, *mail_ids: str) -> list[str]:
    async with mail_office.parts.database.read() as connection:
        rows = (await connection.execute(mails_table.select().where(mails_table.c.id.in_(mail_ids)))).all()
    return [row.object_key for row in rows]


@pytest.fixture
def blobs_url(mail_office: MailOffice) -> str:
    return f"file://{mail_office.parts.settings.data_dir}/blobs"


@DATABASES
async def test_an_erasure_nobody_is_at_holds_up_no_mail_that_shares_a_file(
    mail_office: MailOffice, blobs_url: str
) -> None:
    (one,) = await mail_office.file(with_logo(1))
    eraser = locked_eraser(mail_office, blobs_url)
    (erasure_id,) = await erase_rows(mail_office, eraser, one)
    (other,) = await mail_office.file(with_logo(2))
    # And what that mail has is its own from then on.
    assert await eraser.carry_out(erasure_id)
    assert [key for key in await mail_office.objects() if key.startswith("mail/attachments")] == [LOGO_KEY]
    assert (await mail_office.office["ada"].get(f"/api/mail/{other}")).ok()["attachments"] == 1


@DATABASES
async def test_an_object_that_cannot_be_removed_holds_up_others_for_a_moment_only(
    mail_office: MailOffice, blobs_url: str
) -> None:
    (one,) = await mail_office.file(with_logo(1))
    eraser = locked_eraser(mail_office, blobs_url, *await keys_of(mail_office, one))
    await erase_rows(mail_office, eraser, one)
    clock = mail_office.office.clock
    for number in range(2, 5):
        with pytest.raises(StorageUnavailable):
            await eraser.sweep()
        await clock.advance(2 * erasures.MARGIN_MS / 1000 + 1)
        await mail_office.file(with_logo(number))
    assert LOGO_KEY in await mail_office.objects()


@DATABASES
async def test_those_that_fail_keep_no_others_from_their_turn(
    mail_office: MailOffice, blobs_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "ROWS_MAX", 2)
    ids = await mail_office.file(*(with_logo(number) for number in range(5)))
    locked = await keys_of(mail_office, *ids[:2])
    eraser = locked_eraser(mail_office, blobs_url, *locked)
    for one in ids:
        await erase_rows(mail_office, eraser, one)
        mail_office.office.clock.jump(1)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await eraser.sweep()
        # The upkeep comes every hour.
        mail_office.office.clock.jump(3600)
    assert sorted(key for key in await mail_office.objects() if key.startswith("emails/")) == sorted(locked)
    # Once they may go, they go.
    assert await locked_eraser(mail_office, blobs_url).sweep() == 2
    assert not [key for key in await mail_office.objects() if key.startswith(("emails/", "mail/"))]


@DATABASES
async def test_a_store_that_does_not_answer_is_not_asked_for_every_mail(
    mail_office: MailOffice, blobs_url: str
) -> None:
    ids = await mail_office.file(*(with_logo(number) for number in range(5)))
    clock = mail_office.office.clock
    asked: list[str] = []

    class Silent(BlobStore):
        async def delete(self, key: str) -> bool:
            asked.append(key)
            clock.jump(30)
            raise StorageUnavailable("The object store did not answer within 30 s; try again later.")

    eraser = MailEraser(mail_office.parts.database, Silent(blobs_url), mail_office.parts.clock, Retention())
    await erase_rows(mail_office, eraser, *ids)
    with pytest.raises(StorageUnavailable):
        await eraser.sweep()
    assert len(asked) == 3
    clock.jump(3600)
    assert await locked_eraser(mail_office, blobs_url).sweep() == 5


@DATABASES
async def test_what_cannot_be_removed_keeps_no_left_over_bytes(mail_office: MailOffice, blobs_url: str) -> None:
    (one,) = await mail_office.file(with_logo(1))
    eraser = locked_eraser(mail_office, blobs_url, *await keys_of(mail_office, one))
    await erase_rows(mail_office, eraser, one)
    left = "mail/incoming/2024-01-01/00000000-0000-0000-0000-000000000001.eml"
    await mail_office.blobs.put(left, b"old")
    with pytest.raises(StorageUnavailable):
        await eraser.upkeep()
    assert left not in await mail_office.objects()


@DATABASES
async def test_a_mail_that_is_there_keeps_its_document_whatever_erasure_is_noted(
    mail_office: MailOffice, blobs_url: str
) -> None:
    (one,) = await mail_office.file(with_logo(1))
    before = await mail_office.objects()
    (key,) = await keys_of(mail_office, one)
    async with mail_office.parts.database.begin() as connection:
        await connection.execute(
            erasures_table.insert().values(id="mera_1", object_key=key, erased_at_ms=1, claimed_until_ms=0)
        )
    assert await locked_eraser(mail_office, blobs_url).carry_out("mera_1")
    assert await mail_office.objects() == before
