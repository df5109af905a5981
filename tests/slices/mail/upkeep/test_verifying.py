"""Verifying finds each kind of damage, says where, mends what it promises, and leaves everything else as it is."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from keepers import LETTER, Keepers, mail
from sqlalchemy import update

from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.arrival import raw_key
from wipsie.slices.mail.domain.document import attachment_key
from wipsie.slices.mail.service.intake import RAW_TYPE
from wipsie.slices.mail.service.verifying import KINDS, VerifyReport
from wipsie.slices.mail.store import index
from wipsie.slices.mail.store.tables import mails_table

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
SPEEDS = pytest.mark.parametrize("quick", [False, True], ids=["whole", "quick"])
PART = b"x" * 1000


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoil(path: Path, *, longer: bool = False) -> None:
    """Change one byte, or add one."""
    content = path.read_bytes()
    path.write_bytes(content + b"!" if longer else bytes([content[0] ^ 1]) + content[1:])


async def fill(keepers: Keepers) -> None:
    """Five mails of four days; two share an attachment."""
    await keepers.file(LETTER, mail(1), mail(2, attachment=PART), mail(3, attachment=PART), mail(29))


async def key_of(keepers: Keepers, subject: str) -> str:
    return next(one["object_key"] for one in await keepers.desk.mails() if one["subject"] == subject)


async def raw_of(keepers: Keepers, subject: str) -> str:
    return next(raw_key(one["raw_sha256"]) for one in await keepers.desk.mails() if one["subject"] == subject)


PART_KEY = attachment_key(hashlib.sha256(PART).hexdigest())


async def unindex(keepers: Keepers) -> str:
    (number, key) = next(
        (one["number"], one["object_key"]) for one in await keepers.desk.mails() if one["subject"] == "Report 1"
    )
    async with keepers.desk.database.begin() as connection:
        await index.remove(connection, [number])
    return key


async def lose_document(keepers: Keepers) -> str:
    key = await key_of(keepers, "Report 1")
    assert await keepers.desk.blobs.delete(key)
    return key


async def lose_a_whole_day(keepers: Keepers) -> str:
    key = await key_of(keepers, "Report 2")
    assert await keepers.desk.blobs.delete(key)
    return key


async def change_document(keepers: Keepers) -> str:
    key = await key_of(keepers, "Report 1")
    spoil(keepers.path(key))
    return key


async def lengthen_document(keepers: Keepers) -> str:
    key = await key_of(keepers, "Report 1")
    spoil(keepers.path(key), longer=True)
    return key


async def replace_document(keepers: Keepers) -> str:
    """By another that the store takes for right."""
    key = await key_of(keepers, "Report 1")
    content = (await keepers.desk.blobs.get(key)).content.replace(b"Hello.", b"Hollo.")
    await keepers.desk.blobs.put(key, content)
    return key


async def change_index(keepers: Keepers) -> str:
    key = await key_of(keepers, "Report 1")
    async with keepers.desk.database.begin() as connection:
        await connection.execute(update(mails_table).where(mails_table.c.object_key == key).values(sha256="0" * 64))
    return key


async def lose_original(keepers: Keepers) -> str:
    key = await raw_of(keepers, "Report 1")
    assert await keepers.desk.blobs.delete(key)
    return key


async def change_original(keepers: Keepers) -> str:
    key = await raw_of(keepers, "Report 1")
    spoil(keepers.path(key))
    return key


async def lengthen_original(keepers: Keepers) -> str:
    key = await raw_of(keepers, "Report 1")
    spoil(keepers.path(key), longer=True)
    return key


async def lose_attachment(keepers: Keepers) -> str:
    assert await keepers.desk.blobs.delete(PART_KEY)
    return PART_KEY


async def change_attachment(keepers: Keepers) -> str:
    spoil(keepers.path(PART_KEY))
    return PART_KEY


async def lengthen_attachment(keepers: Keepers) -> str:
    spoil(keepers.path(PART_KEY), longer=True)
    return PART_KEY


async def leave_a_stranger_among_originals(keepers: Keepers) -> str:
    await keepers.desk.blobs.put("mail/raw/zz/readme.txt", b"hello")
    return "mail/raw/zz/readme.txt"


async def leave_a_misplaced_attachment(keepers: Keepers) -> str:
    key = "mail/attachments/00/" + "f" * 64
    await keepers.desk.blobs.put(key, b"hello")
    return key


async def leave_a_stranger_among_documents(keepers: Keepers) -> str:
    await keepers.desk.blobs.put("emails/2023/09/01/readme.txt", b"hello")
    return "emails/2023/09/01/readme.txt"


Damage = Callable[[Keepers], Awaitable[str]]
DAMAGES: dict[Damage, tuple[str, bool, bool]] = {
    # What is found, whether a quick look finds it, whether it can be mended.
    unindex: ("not_indexed", True, True),
    lose_document: ("object_missing", True, False),
    lose_a_whole_day: ("object_missing", True, False),
    change_document: ("document_changed", False, False),
    lengthen_document: ("document_changed", True, False),
    replace_document: ("document_changed", False, False),
    change_index: ("document_changed", False, False),
    lose_original: ("original_missing", True, False),
    change_original: ("original_changed", False, False),
    lengthen_original: ("original_changed", True, False),
    lose_attachment: ("attachment_missing", True, True),
    change_attachment: ("attachment_changed", False, True),
    lengthen_attachment: ("attachment_changed", True, True),
    leave_a_stranger_among_originals: ("not_a_mail", True, False),
    leave_a_misplaced_attachment: ("not_a_mail", True, False),
    leave_a_stranger_among_documents: ("not_a_mail", True, False),
}


@DATABASES
@SPEEDS
async def test_an_archive_that_is_well_is_found_so_and_not_touched(keepers: Keepers, *, quick: bool) -> None:
    await fill(keepers)
    before = tree(keepers.desk.folder / "blobs"), await keepers.rows()
    report = await keepers.verify(quick=quick, repair=True)
    assert (report.is_well, report.findings) == (True, [])
    assert (report.documents, report.originals, report.attachments) == (5, 4, 1)
    assert (report.bytes_read == 0) == quick
    assert (tree(keepers.desk.folder / "blobs"), await keepers.rows()) == before


def of(report: VerifyReport) -> dict[str, int]:
    return {kind: count for kind, count in report.found.items() if count and kind != "unreferenced"}


@DATABASES
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_each_damage_is_found_and_mended_where_it_can_be(keepers: Keepers, damage: Damage) -> None:
    kind, found_quickly, is_mended = DAMAGES[damage]
    await fill(keepers)
    right = tree(keepers.desk.folder / "blobs"), await keepers.rows(mails_table)
    key = await damage(keepers)
    quick = await keepers.verify(quick=True)
    assert of(quick) == ({kind: 1} if found_quickly else {})
    whole = await keepers.verify()
    assert of(whole) == {kind: 1}
    (finding,) = [one for one in whole.findings if one.kind != "unreferenced"]
    assert (finding.kind, finding.key, finding.mended) == (kind, key, False)
    before = tree(keepers.desk.folder / "blobs")
    repaired = await keepers.verify(repair=True)
    assert (repaired.found[kind], repaired.mended[kind], repaired.is_well) == (1, int(is_mended), is_mended)
    after = await keepers.verify()
    assert after.is_well == is_mended
    if is_mended:
        assert (tree(keepers.desk.folder / "blobs"), await keepers.rows(mails_table)) == right
    else:
        assert tree(keepers.desk.folder / "blobs") == before


async def test_several_damages_of_one_day_and_of_many_are_all_found(keepers: Keepers) -> None:
    await keepers.file(*(mail(number) for number in range(60)))
    keys = await keepers.keys("emails")
    gone = keys[::3]
    for key in gone:
        await keepers.desk.blobs.delete(key)
    report = await keepers.verify(quick=True)
    assert of(report) == {"object_missing": len(gone)}
    assert sorted(one.key for one in report.findings) == gone


async def test_all_of_an_index_that_was_lost_is_indexed_again(keepers: Keepers) -> None:
    await fill(keepers)
    right = await keepers.rows(mails_table)
    async with keepers.desk.database.begin() as connection:
        await index.remove(connection, [one["number"] for one in right["mails"]])
    report = await keepers.verify(quick=True)
    # What no mail refers to: none is known.
    assert (report.found["not_indexed"], report.found["unreferenced"], report.is_well) == (5, 5, False)
    report = await keepers.verify(repair=True)
    assert (report.mended["not_indexed"], report.found["unreferenced"], report.is_well) == (5, 0, True)
    assert await keepers.rows(mails_table) == right


async def test_an_attachment_that_no_original_holds_any_more_stays_lost_and_is_told(keepers: Keepers) -> None:
    await fill(keepers)
    await lose_attachment(keepers)
    for subject in ("Report 2", "Report 3"):
        await keepers.desk.blobs.delete(await raw_of(keepers, subject))
    report = await keepers.verify(repair=True)
    assert of(report) == {"original_missing": 2, "attachment_missing": 1}
    assert not any(report.mended.values())


async def test_an_attachment_comes_back_from_any_original_that_is_left(keepers: Keepers) -> None:
    await fill(keepers)
    await lose_attachment(keepers)
    await keepers.desk.blobs.delete(await raw_of(keepers, "Report 2"))
    report = await keepers.verify(repair=True)
    assert report.mended["attachment_missing"] == 1
    assert (await keepers.desk.blobs.get(PART_KEY)).content == PART


async def test_what_no_mail_refers_to_is_told_and_is_no_damage(keepers: Keepers) -> None:
    await fill(keepers)
    waiting = await keepers.desk.blobs.put_by_digest(raw_key, mail(50), RAW_TYPE)
    left = await keepers.desk.blobs.put_by_digest(attachment_key, b"left")
    report = await keepers.verify(repair=True)
    assert {one.key for one in report.findings} == {waiting.key, left.key}
    assert (report.found["unreferenced"], report.is_well) == (2, True)


async def test_a_mail_that_is_archived_meanwhile_is_no_finding(keepers: Keepers) -> None:
    await fill(keepers)
    rows = [one["number"] for one in await keepers.desk.mails()]
    restored = asyncio.Event()

    class Clock:
        """Between the two looks, a worker writes its rows."""

        async def sleep(self, seconds: float) -> None:
            del seconds
            await keepers.reindex()
            restored.set()

    async with keepers.desk.database.begin() as connection:
        await index.remove(connection, rows)
    verifier = keepers.verifier(clock=Clock())
    assert (await verifier.run(quick=True)).is_well
    assert restored.is_set()


async def test_a_store_that_is_away_ends_the_look_with_its_error(keepers: Keepers) -> None:
    await fill(keepers)
    folder = keepers.desk.folder / "blobs"
    away = keepers.desk.folder / "away"
    folder.rename(away)
    folder.write_text("a file where the store was")
    with pytest.raises(StorageUnavailable):
        await keepers.verify()
    folder.unlink()
    away.rename(folder)
    assert (await keepers.verify()).is_well


async def test_findings_beyond_the_first_thousand_are_counted(keepers: Keepers) -> None:
    for number in range(1_003):
        path = keepers.path(f"emails/2023/09/01/stranger-{number}.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"hello")
    report = await keepers.verify(quick=True)
    assert (report.found["not_a_mail"], len(report.findings)) == (1_003, 1_000)


@DATABASES
@pytest.mark.parametrize(
    "damage", [lose_original, change_attachment, leave_a_misplaced_attachment], ids=lambda one: one.__name__
)
async def test_a_large_archive_is_gone_through_in_shares_and_the_same_is_found(
    keepers: Keepers, damage: Damage
) -> None:
    await fill(keepers)
    left = await keepers.desk.blobs.put_by_digest(attachment_key, b"left")
    key = await damage(keepers)
    told: set[tuple[str, int | None]] = set()
    whole = await keepers.verify()
    shares = await keepers.verifier(whole_max=0).run(on_progress=lambda what, done, of: told.add((what, of)))
    assert (shares.found, shares.originals, shares.attachments) == (whole.found, whole.originals, whole.attachments)
    assert {one.key for one in shares.findings} == {key, left.key}
    assert told == {("documents", 5), ("originals", 256), ("attachments", 256)}


async def test_progress_is_told_for_every_part(keepers: Keepers) -> None:
    await fill(keepers)
    told: dict[str, tuple[int, int | None]] = {}
    verifier = keepers.verifier()
    await verifier.run(on_progress=lambda what, done, of: told.update({what: (done, of)}))
    assert told == {"documents": (5, 5), "originals": (1, 1), "attachments": (1, 1)}
    assert set(KINDS) == set((await verifier.run()).found)
