"""Imports: every mail that is found is taken once or told, whatever lies beside it, and nothing of a mailbox is changed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from keepers import Keepers, mail, mbox

from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.service.importing import ImportReport, MailImport
from wipsie.slices.mail.service.importing.mbox import MEMORY_BYTES_MAX
from wipsie.slices.mail.service.importing.takers import Take
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
WAYS = pytest.mark.parametrize("archive", [False, True], ids=["by the queue", "at once"])


def maildir(folder: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Everything below a folder."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def mailboxes(folder: Path) -> Path:
    """One of each kind, with ten mails in all."""
    (folder / "old").mkdir(parents=True)
    (folder / "inbox").write_bytes(mbox([mail(1), mail(2, body="From me\r\n>From you")]))
    (folder / "old" / "letter without an ending").write_bytes(mail(3))
    (folder / "old" / "utf16.eml").write_bytes(b"\xff\xfe" + mail(4).decode().encode("utf-16-le"))
    box = maildir(folder / "Maildir")
    (box / "new" / "1700000001.M1.host").write_bytes(mail(5))
    (box / "cur" / "1700000002.M2.host:2,S").write_bytes(mail(6))
    (box / "cur" / "1700000003.M3.host:2,RST").write_bytes(mail(7, attachment=b"x" * 100))
    (box / "tmp" / "1700000004.M4.host").write_bytes(mail(99))
    (box / "dovecot.index").write_bytes(b"\0\1\2")
    sub = maildir(box / ".Sent" / "")
    (sub / "cur" / "1700000005.M5.host:2,").write_bytes(mail(8))
    deep = maildir(box / ".Sent.2023")
    (deep / "new" / "1700000006.M6.host").write_bytes(mail(9))
    (deep / "cur" / "1700000007.M7.host:2,").write_bytes(mail(10))
    return folder


@DATABASES
@WAYS
async def test_mailboxes_of_all_kinds_are_archived_once_however_often_they_are_imported(
    keepers: Keepers, tmp_path: Path, *, archive: bool
) -> None:
    folder = mailboxes(tmp_path / "boxes")
    before = tree(folder)
    for _ in range(2):
        report = await keepers.take(folder, archive=archive)
        assert (report.found, report.taken, report.skipped, report.interrupted) == (10, 10, 0, False)
        await keepers.desk.work()
    assert tree(folder) == before
    mails = await keepers.desk.mails()
    assert sorted(one["subject"] for one in mails) == sorted(f"Report {number}" for number in range(1, 11))
    assert {one["copies"] for one in mails} == {0}
    assert len(await keepers.keys("mail/raw")) == 10
    assert (await keepers.verify()).is_well
    assert list((keepers.desk.folder / "upkeep").iterdir()) == []


async def test_the_archive_has_the_bytes_of_the_mailbox_and_where_they_came_from(
    keepers: Keepers, tmp_path: Path
) -> None:
    messages = [mail(1, body="From here"), mail(2)]
    file = mbox(messages)
    (tmp_path / "in\udcff box").write_bytes(file)
    await keepers.take(tmp_path / "in\udcff box", archive=True)
    documents = await keepers.desk.documents()
    raws = {(await keepers.desk.blobs.get(one["email_mime"]["raw"]["key"])).content for one in documents.values()}
    assert raws == set(messages)
    envelopes = [one["email_mime"]["envelope"] for one in documents.values()]
    assert {one["door"] for one in envelopes} == {"import"}
    second = len(mbox(messages[:1]))
    assert {one["reference"] for one in envelopes} == {"in\ufffd box@0", f"in\ufffd box@{second}"}
    assert {one["received_at_ms"] for one in envelopes} == {1_700_000_000_000}


async def test_a_mail_without_a_date_is_filed_by_the_mailbox_and_each_time_the_same_way(
    keepers: Keepers, tmp_path: Path
) -> None:
    undated = b"From: ann@example.org\r\nSubject: %d\r\n\r\nNo date.\r\n"
    box = maildir(tmp_path / "box")
    (box / "cur" / "1700000001.M1.host:2,S").write_bytes(undated % 1)
    (tmp_path / "in.mbox").write_bytes(mbox([undated % 2], timestamp_s=1_700_000_002))
    (tmp_path / "single.eml").write_bytes(undated % 3)
    os.utime(tmp_path / "single.eml", (1_700_000_003, 1_700_000_003))
    for _ in range(2):
        await keepers.take(box, tmp_path / "in.mbox", tmp_path / "single.eml", archive=True)
    assert [one["timestamp_s"] for one in await keepers.desk.mails()] == [1_700_000_001, 1_700_000_002, 1_700_000_003]


async def test_what_is_no_mail_is_told_with_its_reason_and_the_others_are_taken(
    keepers: Keepers, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "picture").write_bytes(os.urandom(100_000))
    (folder / "empty").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"Shopping: milk\nFrom: the shop\n")
    (folder / "novel.txt").write_bytes(b"From the hills came\na sound: of thunder\n" * 100)
    (folder / "prose.txt").write_bytes(b"Chapter one\n\nFrom: here\n")
    (folder / "line").write_bytes(b"x" * 10_000_000)
    (folder / "good.eml").write_bytes(mail(1))
    (folder / "link.eml").symlink_to(folder / "good.eml")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    secret = folder / "secret"
    secret.write_bytes(mail(2))
    secret.unlink()
    (folder / "hollow.mbox").write_bytes(mbox([b"", mail(3), b""]))
    report = await keepers.take(folder, secret, archive=True)
    reasons = {Path(one.where).name.partition(",")[0]: one.reason for one in report.skips}
    assert reasons == {
        "picture": "it is neither a mail nor an mbox file",
        "empty": "it is empty",
        "novel.txt": "it is neither a mail nor an mbox file",
        "prose.txt": "it is neither a mail nor an mbox file",
        "line": "it is neither a mail nor an mbox file",
        "link.eml": "it is a link; name it itself",
        "loop": "it is a link; name it itself",
        "pipe": "it is neither a file nor a folder",
        "secret": "it cannot be read: No such file or directory",
        "hollow.mbox": "it is empty",
    }
    assert sorted(one["subject"] for one in await keepers.desk.mails()) == ["", "Report 1", "Report 3"]
    assert (report.found, report.taken, report.skipped) == (3, 3, 11)


async def test_mails_over_the_bound_are_told_and_those_below_it_go_through_a_file(
    keepers: Keepers, tmp_path: Path
) -> None:
    large = mail(1, body="y" * 80 + "\r\n" + "z\r\n" * MEMORY_BYTES_MAX)
    larger = mail(2, body="z\r\n" * 2 * MEMORY_BYTES_MAX)
    (tmp_path / "in.mbox").write_bytes(mbox([large, larger, mail(3)]))
    (tmp_path / "larger.eml").write_bytes(larger)
    (tmp_path / "large.eml").write_bytes(large)
    paths = [tmp_path / name for name in ("in.mbox", "larger.eml", "large.eml")]
    report = await keepers.take(*paths, bytes_max=len(larger) - 1, archive=True)
    assert (report.found, report.taken, report.skipped) == (3, 3, 2)
    assert all(f"at most {len(larger) - 1} are taken" in one.reason for one in report.skips)
    assert {one["raw_size"] for one in await keepers.desk.mails()} == {len(large), len(mail(3))}
    (found,) = [one for one in await keepers.desk.mails() if one["raw_size"] == len(large)]
    assert found["copies"] == 1
    assert list((keepers.desk.folder / "upkeep").iterdir()) == []


async def test_an_import_that_was_killed_is_run_again_and_ends_in_one_archive(keepers: Keepers, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(mbox(mail(number) for number in range(60)))

    class Dies(Exception):
        """The process is killed."""

    taken = 0

    async def take(content: bytes | Path, envelope: Envelope) -> None:
        nonlocal taken
        taken += 1
        if taken > 37:
            raise Dies
        await keepers.desk.intake.accept_raw(content, envelope)

    with pytest.raises(Dies):
        await importer(keepers, take).run([tmp_path / "in.mbox"])
    report = await keepers.take(tmp_path / "in.mbox")
    assert report.taken == 60
    await keepers.desk.work()
    assert len(await keepers.desk.mails()) == len(await keepers.desk.documents()) == 60
    assert (await keepers.verify()).is_well


async def test_an_import_that_is_stopped_ends_soon_says_so_and_leaves_nothing_behind(
    keepers: Keepers, tmp_path: Path
) -> None:
    (tmp_path / "in.mbox").write_bytes(mbox(mail(number) for number in range(100)))
    running: list[MailImport] = []

    async def take(content: bytes | Path, envelope: Envelope) -> None:
        running[0].stop()
        await keepers.desk.intake.accept_raw(content, envelope)

    running.append(importer(keepers, take))
    report = await running[0].run([tmp_path / "in.mbox"])
    assert report.interrupted
    assert 0 < report.taken == report.found < 100
    assert (await keepers.desk.counts()).ready == report.taken
    assert list((keepers.desk.folder / "upkeep").iterdir()) == []


async def test_an_import_that_is_cancelled_closes_what_it_had_open(keepers: Keepers, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(mbox(mail(number) for number in range(100)))
    began = asyncio.Event()

    async def take(content: bytes | Path, envelope: Envelope) -> None:
        del content, envelope
        began.set()
        await asyncio.Event().wait()

    run = asyncio.create_task(importer(keepers, take).run([tmp_path / "in.mbox"]))
    await asyncio.wait_for(began.wait(), 10)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert list((keepers.desk.folder / "upkeep").iterdir()) == []


async def test_a_full_queue_is_waited_for_and_then_everything_is_taken(keepers: Keepers, tmp_path: Path) -> None:
    desk = keepers.desk
    settings = await desk.engine.queue_settings(desk.engine.resolve("mail"))
    await desk.engine.change_queue(msgspec.structs.replace(settings, max_messages=5))
    (tmp_path / "in.mbox").write_bytes(mbox(mail(number) for number in range(12)))
    waited: list[ImportReport] = []

    def watch(report: ImportReport) -> None:
        if report.is_waiting:
            waited.append(report)

    run = asyncio.create_task(keepers.take(tmp_path / "in.mbox", on_progress=watch))
    await eventually(lambda: bool(waited), 10, "the import waits")
    worker = desk.new_worker()
    await worker.start()
    report = await asyncio.wait_for(run, 30)
    await worker.drain()
    await desk.work()
    assert (report.found, report.taken, report.is_waiting) == (12, 12, False)
    assert len(await desk.mails()) == 12


async def test_a_store_that_stays_away_ends_the_import_after_a_minute(keepers: Keepers, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(mbox([mail(1)]))
    clock = FakeClock()

    async def take(content: bytes | Path, envelope: Envelope) -> None:
        del content, envelope
        raise StorageUnavailable("The object store cannot be used now.")

    run = asyncio.create_task(
        MailImport(take, work=keepers.work, clock=clock).run([tmp_path / "in.mbox"]),
    )

    async def is_over() -> bool:
        await clock.advance(5.0)
        return run.done()

    await eventually(is_over, 20, "the import ends")
    with pytest.raises(StorageUnavailable):
        await run
    assert 60 <= clock.monotonic() <= 120


async def test_a_mail_that_is_being_erased_is_told_and_the_others_are_taken(keepers: Keepers, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(mbox([mail(1), mail(2)]))
    await keepers.take(tmp_path / "in.mbox", archive=True)
    await erase(keepers, "Report 1")
    report = await keepers.take(tmp_path / "in.mbox", archive=True)
    assert (report.taken, report.skipped) == (1, 1)
    assert report.skips[0].reason == "it is being erased from the archive; import it again later"


async def erase(keepers: Keepers, subject: str) -> None:
    """Have a mail erased, its objects to go later."""
    from wipsie.slices.mail.service.erasing import MailEraser, Retention

    (number,) = [one["number"] for one in await keepers.desk.mails() if one["subject"] == subject]
    eraser = MailEraser(keepers.desk.database, keepers.desk.blobs, keepers.desk.clock, Retention())
    async with keepers.desk.database.begin() as connection:
        assert len(await eraser.erase_rows(connection, [number])) == 1


def importer(keepers: Keepers, take: Take, **options: Any) -> MailImport:
    return MailImport(take, work=keepers.work, clock=keepers.desk.clock, **options)
