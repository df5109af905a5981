"""Exports: what goes out comes back, to the byte; and a file is there whole or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import mailbox
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepers import LETTER, Keepers, mail
from test_verifying import spoil

from wipsie.blobs import BlobStore
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.arrival import raw_key
from wipsie.slices.mail.domain.document import ArchivedMail
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.service.exporting import Exported, export_mbox, export_parquet, mbox_chunks
from wipsie.slices.mail.service.exporting.letter_mime import letter_as_mime
from wipsie.slices.mail.service.exporting.mbox import CHUNK_BYTES
from wipsie.slices.mail.service.exporting.new_file import new_file
from wipsie.slices.mail.service.importing.mbox import MboxReader
from wipsie.slices.mail.store.selection import SelectedMail, Selection, select_mails
from wipsie.testing.leaks import no_leaks

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
DAY_S = 86_400


async def as_mbox(keepers: Keepers, path: Path, selection: Selection | None = None) -> Exported:
    with path.open("wb") as file:

        async def write(chunk: bytes) -> None:
            assert len(chunk) < 2 * CHUNK_BYTES
            file.write(chunk)

        rows = select_mails(keepers.desk.database, selection or Selection())
        return await export_mbox(rows, write, blobs=keepers.desk.blobs, work=keepers.work)


async def as_table(keepers: Keepers, path: Path, blobs: BlobStore | None = None) -> Exported:
    return await export_parquet(
        lambda: select_mails(keepers.desk.database, Selection()), path, blobs=blobs or keepers.desk.blobs
    )


def contents(path: Path) -> list[bytes]:
    found = [one.content for one in MboxReader(path, folder=path.parent / "spill", bytes_max=1 << 30).mails()]
    return [one.read_bytes() if isinstance(one, Path) else one or b"" for one in found]


MAILS = [
    mail(1, body="From here\r\n>From there"),
    mail(2, attachment=b"x" * 2_000_000),
    mail(3) + b"no end of the line",
    mail(4, body="y" * 3_000_000),
]


@DATABASES
async def test_an_mbox_has_the_originals_to_the_byte_oldest_first_and_is_imported_to_the_same_archive(
    keepers: Keepers, tmp_path: Path
) -> None:
    await keepers.file(*reversed(MAILS))
    before = await keepers.keys("emails"), await keepers.keys("mail/attachments")
    report = await as_mbox(keepers, tmp_path / "out.mbox")
    assert (report.mails, report.unreadable, report.bytes) == (4, 0, (tmp_path / "out.mbox").stat().st_size)
    # A file of this kind has no other way to end a message than with the end of a line.
    assert contents(tmp_path / "out.mbox") == [*MAILS[:2], MAILS[2] + b"\n", MAILS[3]]
    with contextlib.closing(mailbox.mbox(tmp_path / "out.mbox", create=False)) as others:
        subjects = [one["Subject"] for one in others]
    assert subjects == ["Report 1", "Report 2", "Report 3", "Report 4"]
    await keepers.take(tmp_path / "out.mbox", archive=True)
    assert (await keepers.keys("emails"), await keepers.keys("mail/attachments")) == before


@DATABASES
async def test_a_selection_is_by_day_and_sender(keepers: Keepers, tmp_path: Path) -> None:
    await keepers.file(*(mail(number) for number in range(20)), LETTER)
    first_s = int(datetime(2023, 9, 5, tzinfo=UTC).timestamp())

    async def subjects(**chosen: object) -> list[str]:
        await as_mbox(keepers, tmp_path / "out.mbox", Selection(**chosen))  # pyright: ignore[reportArgumentType]
        parsed = [email.message_from_bytes(one, policy=email.policy.default) for one in contents(tmp_path / "out.mbox")]
        return [str(one["Subject"]) for one in parsed]

    days = await subjects(from_s=first_s, until_s=first_s + 2 * DAY_S)
    assert days == ["Report 4", "Report 5"]
    assert await subjects(sender="Ann7@Example.org") == ["Report 7"]
    assert await subjects(sender="John doe") == ["Happy new year!"]
    assert len(await subjects(sender="@example.org")) == 20
    assert await subjects(sender="@ample.org") == await subjects(sender="%") == await subjects(sender="ann_@x") == []
    assert len(await subjects()) == 21


async def test_letters_are_exported_as_mails_and_the_same_each_time(keepers: Keepers, tmp_path: Path) -> None:
    letters = [
        LETTER,
        Letter(
            subject="Grüße =?utf-8?q?x?= " + "lang " * 40,
            sender='Ännchen "von" Tharau <ann@example.org>',
            timestamp_s=1693561102,
            content="From here\r\nto Ärger = \t \n\n.\nend ",
        ),
        Letter(subject="Plain", sender="ann@example.org", timestamp_s=1693561103, content="a\0b\x7f" + "x" * 5000),
    ]
    await keepers.file(*letters)
    await as_mbox(keepers, tmp_path / "one.mbox")
    await as_mbox(keepers, tmp_path / "two.mbox")
    assert (tmp_path / "one.mbox").read_bytes() == (tmp_path / "two.mbox").read_bytes()
    parsed = [email.message_from_bytes(one, policy=email.policy.default) for one in contents(tmp_path / "one.mbox")]
    for letter, one in zip(letters, parsed, strict=True):
        assert str(one["Subject"]) == letter.subject
        assert one["Date"].datetime == datetime.fromtimestamp(letter.timestamp_s, UTC)
        assert one.get_content() == letter.content.replace("\r\n", "\n") + "\n"
        assert one.defects == []
    assert [one["From"].addresses[0].addr_spec for one in parsed] == [
        "unknown@letter.invalid",
        "ann@example.org",
        "ann@example.org",
    ]
    assert parsed[0]["From"].addresses[0].display_name == "John doe"


@given(
    subject=st.text(max_size=200),
    sender=st.text(max_size=200),
    content=st.text(max_size=500),
    timestamp_s=st.integers(0, 2**32 - 1),
)
def test_no_letter_makes_headers_of_its_own(subject: str, sender: str, content: str, timestamp_s: int) -> None:
    letter = ArchivedMail(subject=subject, sender=sender, timestamp_s=timestamp_s, content=content)
    written = letter_as_mime("mail_1", letter)
    header, _, _ = written.partition(b"\n\n")
    names = [line.partition(b":")[0] for line in header.split(b"\n") if not line.startswith(b" ")]
    assert names == [
        b"From",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"MIME-Version",
        b"Content-Type",
        b"Content-Transfer-Encoding",
    ]
    assert max(map(len, written.split(b"\n"))) <= 998
    assert written.isascii()
    assert b"\r" not in header
    assert written.endswith(b"\n")


async def test_a_mail_whose_bytes_are_gone_or_changed_is_left_out_and_told(keepers: Keepers, tmp_path: Path) -> None:
    await keepers.file(LETTER, *(mail(number) for number in range(1, 5)), MAILS[3])
    rows = await keepers.desk.mails()
    keys = [raw_key(one["raw_sha256"]) if one["raw_sha256"] else one["object_key"] for one in rows]
    gone, changed, large = (
        keys[1],
        keys[2],
        next(key for key, one in zip(keys, rows, strict=True) if (one["raw_size"] or 0) > 10**6),
    )
    await keepers.desk.blobs.delete(gone)
    for key in (changed, large):
        spoil(keepers.path(key))
    report = await as_mbox(keepers, tmp_path / "out.mbox")
    assert (report.mails, report.unreadable) == (3, 3)
    assert sorted(one.reason for one in report.missing) == [
        "its bytes are gone",
        "its bytes are not those that were stored",
        "its bytes are not those that were stored",
    ]
    assert len(contents(tmp_path / "out.mbox")) == 3
    for one in rows[:2]:
        spoil(keepers.path(one["object_key"]))
    report = await as_table(keepers, tmp_path / "out.parquet")
    assert (report.mails, report.unreadable) == (4, 2)
    assert pl.read_parquet(tmp_path / "out.parquet").height == 4


async def test_a_stream_that_is_left_early_closes_everything(keepers: Keepers) -> None:
    await keepers.file(*MAILS)
    rows = select_mails(keepers.desk.database, Selection())
    chunks = mbox_chunks(rows, blobs=keepers.desk.blobs, work=keepers.work, report=Exported())
    assert (await anext(chunks)).startswith(b"From ann1@example.org Sat Sep  2 11:38:21 2023\n")
    assert (await anext(chunks)).startswith(b"From ann2@example.org Sun Sep  3 11:38:21 2023\n")
    assert len(list((keepers.desk.folder / "upkeep").iterdir())) == 1
    await chunks.aclose()
    assert list((keepers.desk.folder / "upkeep").iterdir()) == []


@DATABASES
async def test_a_table_has_a_row_for_each_mail_with_what_it_says(keepers: Keepers, tmp_path: Path) -> None:
    await keepers.file(*MAILS[:2], LETTER)
    report = await as_table(keepers, tmp_path / "out.parquet")
    assert (report.mails, report.unreadable) == (3, 0)
    table = pl.read_parquet(tmp_path / "out.parquet")
    rows = {one["subject"]: one for one in table.to_dicts()}
    mails = {one["subject"]: one for one in await keepers.desk.mails()}
    for subject, row in rows.items():
        assert (row["id"], row["key"]) == (mails[subject]["id"], mails[subject]["object_key"])
        assert row["timestamp"] == datetime.fromtimestamp(mails[subject]["timestamp_s"], UTC)
        assert row["sender_address"] == mails[subject]["sender_address"]
    with_file = rows["Report 2"]
    assert (with_file["attachment_names"], with_file["attachment_sizes"]) == (["file.bin"], [2_000_000])
    assert len(with_file["attachment_digests"][0]) == 64
    assert with_file["to"] == [{"name": "", "address": "bob@example.org"}]
    assert with_file["message_id"] == "2@example.org"
    letter = rows[LETTER.subject]
    assert (letter["text"], letter["to"], letter["message_id"], letter["verdicts"]) == (LETTER.content, [], None, [])
    assert table.schema["timestamp"] == pl.Datetime("ms", "UTC")


async def test_a_table_of_no_mails_has_its_columns(keepers: Keepers, tmp_path: Path) -> None:
    assert (await as_table(keepers, tmp_path / "out.parquet")).mails == 0
    table = pl.read_parquet(tmp_path / "out.parquet")
    assert (table.height, table.width) == (0, 14)


async def test_a_table_of_many_mails_keeps_their_order(keepers: Keepers, tmp_path: Path) -> None:
    await keepers.file(*(mail(number, body="y" * 20_000) for number in range(200)))
    assert (await as_table(keepers, tmp_path / "out.parquet")).mails == 200
    ids = pl.read_parquet(tmp_path / "out.parquet")["id"].to_list()
    assert ids == [one["id"] for one in await keepers.desk.mails()]


async def test_a_table_that_is_not_finished_stops_its_thread_and_tells_why(keepers: Keepers, tmp_path: Path) -> None:
    await keepers.file(mail(1), mail(2))
    await as_table(keepers, tmp_path / "warm.parquet")
    tables = tmp_path / "tables"
    tables.mkdir()
    reached, end = asyncio.Event(), asyncio.Event()

    async def rows() -> AsyncGenerator[SelectedMail]:
        async for row in select_mails(keepers.desk.database, Selection()):
            yield row
        if calls == 2:
            reached.set()
            await end.wait()
            raise StorageUnavailable("The database cannot be used now.")

    calls = 0

    def counted() -> AsyncGenerator[SelectedMail]:
        nonlocal calls
        calls += 1
        return rows()

    async with no_leaks(tables):
        writing = asyncio.create_task(export_parquet(counted, tables / "one.parquet", blobs=keepers.desk.blobs))
        await asyncio.wait_for(reached.wait(), 20)
        end.set()
        with pytest.raises(StorageUnavailable):
            await writing
        calls = 0
        reached.clear()
        end.clear()
        writing = asyncio.create_task(export_parquet(counted, tables / "two.parquet", blobs=keepers.desk.blobs))
        await asyncio.wait_for(reached.wait(), 20)
        writing.cancel()
        end.set()
        with pytest.raises(asyncio.CancelledError):
            await writing


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_a_file_takes_its_place_when_it_is_whole_and_an_old_one_stays_until_then(tmp_path: Path) -> None:
    path = tmp_path / "out.mbox"
    path.write_bytes(b"old")

    async def fails() -> None:
        async with new_file(path) as fresh:
            fresh.write_bytes(b"half")
            assert path.read_bytes() == b"old"
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await fails()
    assert names(tmp_path) == ["out.mbox"]
    async with new_file(path) as fresh:
        fresh.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["out.mbox"]
