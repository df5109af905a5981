"""Whatever was done to a vault behind its back is found, and nothing is found in one that is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Table, delete, text, update
from vault_room import AUDIT_KEYS, BOTH, OpenRoom, VaultRoom

from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import GivenKeys, KeyHolder, SealedStore
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.sweeping import Fate, OrphanSweep
from wipsie.slices.vault.service.verifying import VaultVerify, VerifyReport
from wipsie.slices.vault.store.objects import vault_key
from wipsie.slices.vault.store.tables import (
    files_table,
    identities_table,
    objects_table,
    report_files_table,
    reports_table,
    words_table,
)


async def verify(room: VaultRoom, *, quick: bool = False) -> VerifyReport:
    verifier = VaultVerify(
        room.database, room.blobs, room.sealed, room.keys, room.clock, room.indexer, audit_keys=AUDIT_KEYS
    )
    return await verifier.run(quick=quick)


async def found(room: VaultRoom, *, quick: bool = False) -> dict[str, int]:
    report = await verify(room, quick=quick)
    return {kind: count for kind, count in report.found.items() if count}


async def erase(room: VaultRoom, owner: str, report_id: str) -> None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.erase_reports(unit, ring, owner, [report_id], Viewer.owner(owner))


async def fill(room: VaultRoom) -> str:
    """Reports of every state, one waiting to be saved, and an archive; the owner."""
    owner = await room.owner()
    for number in range(3):
        await room.saved(owner, b"%d" % number * 100_000, text=f"word{number}")
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.delete(unit, ring, owner, 2, Viewer.owner(owner))
    erased = await room.saved(owner)
    await erase(room, owner, erased.report_id)
    await room.eraser.remove_bytes()
    await room.stage(owner, b"waits")
    await room.export(owner)
    return owner


@BOTH
async def test_a_vault_in_use_is_well(room: VaultRoom) -> None:
    await fill(room)
    report = await verify(room)
    assert (report.found, report.is_well) == (dict.fromkeys(report.found, 0), True)
    # Three reports, what waits, and the archive.
    assert (report.objects, report.reports, report.keys) == (5, 3, 5)
    assert report.bytes_read > 300_000
    assert report.events == len(await room.events())
    quick = await verify(room, quick=True)
    assert (quick.is_well, quick.objects, quick.bytes_read) == (True, 5, 0)


@pytest.mark.slow
async def test_a_vault_is_well_on_every_kind_of_store(open_room: OpenRoom, each_store: BlobStore) -> None:
    room = await open_room(each_store)
    await fill(room)
    assert await found(room) == {}


@pytest.mark.slow
async def test_a_vault_is_well_while_its_keys_rotate(room: VaultRoom) -> None:
    owner = await fill(room)
    await room.key_file.add()
    await room.keys.refresh()
    await room.saved(owner)
    assert await found(room) == {}


Spoil = Callable[[VaultRoom, str], Awaitable[None]]


async def an_object(room: VaultRoom) -> dict[str, Any]:
    return min((row for row in await room.rows(objects_table) if row["wrapped_key"]), key=lambda row: row["id"])


async def change(room: VaultRoom, table: Table, row_id: str, **values: Any) -> None:
    async with room.database.begin() as connection:
        await connection.execute(update(table).where(table.c.id == row_id).values(**values))


async def _flipped(room: VaultRoom, _owner: str) -> None:
    row = await an_object(room)
    sealed = (await room.blobs.get(row["object_key"])).content
    await room.blobs.put(row["object_key"], sealed[:-9] + bytes((sealed[-9] ^ 1,)) + sealed[-8:])


async def _cut(room: VaultRoom, _owner: str) -> None:
    row = await an_object(room)
    sealed = (await room.blobs.get(row["object_key"])).content
    await room.blobs.put(row["object_key"], sealed[:-20])


async def _swapped(room: VaultRoom, _owner: str) -> None:
    first, second, *_ = sorted(await room.rows(objects_table), key=lambda row: row["id"])
    await room.blobs.put(first["object_key"], (await room.blobs.get(second["object_key"])).content)


async def _chunks_swapped(room: VaultRoom, owner: str) -> None:
    await room.saved(owner, bytes(range(256)) * 4096)
    row = max(await room.rows(objects_table), key=lambda one: one["size"])
    sealed = (await room.blobs.get(row["object_key"])).content
    chunk = 262_144 + 16
    first, second = sealed[16 : 16 + chunk], sealed[16 + chunk : 16 + 2 * chunk]
    await room.blobs.put(row["object_key"], sealed[:16] + second + first + sealed[16 + 2 * chunk :])


async def _gone(room: VaultRoom, _owner: str) -> None:
    await room.blobs.delete((await an_object(room))["object_key"])


async def _key_swapped(room: VaultRoom, _owner: str) -> None:
    first, second, *_ = sorted(await room.rows(objects_table), key=lambda row: row["id"])
    await change(room, objects_table, first["id"], wrapped_key=second["wrapped_key"])


async def _another_key(room: VaultRoom, _owner: str) -> None:
    room.keys = KeyHolder(GivenKeys([bytes(range(32))]), room.clock)
    room.sealed = SealedStore(room.blobs, room.keys, work_dir=room.folder / "work")


async def _value_changed(room: VaultRoom, _owner: str) -> None:
    row = (await room.rows(files_table))[0]
    await change(room, files_table, row["id"], reading=row["reading"][:-1] + bytes((row["reading"][-1] ^ 1,)))


async def _value_swapped(room: VaultRoom, _owner: str) -> None:
    first, second, *_ = [row for row in await room.rows(reports_table) if row["details"]]
    await change(room, reports_table, first["id"], details=second["details"])


async def _file_lost(room: VaultRoom, _owner: str) -> None:
    async with room.database.begin() as connection:
        await connection.execute(delete(report_files_table).where(report_files_table.c.report == await shown(room)))


async def _number(room: VaultRoom, owner: str) -> None:
    await change(room, identities_table, owner, next_report=3)


async def _words_lost(room: VaultRoom, _owner: str) -> None:
    async with room.database.begin() as connection:
        await connection.execute(delete(words_table).where(words_table.c.report == await shown(room)))


async def _words_left(room: VaultRoom, _owner: str) -> None:
    await room.insert(words_table, token="0" * 32, report="rep_none")


async def _came_back(room: VaultRoom, _owner: str) -> None:
    (row,) = [one for one in await room.rows(objects_table) if one["removed_at_ms"] is not None]
    await room.blobs.put(row["object_key"], b"from a copy")


async def _left_over(room: VaultRoom, owner: str) -> None:
    room.clock.jump(2 * 86_400)
    old = new_object_id("obj", room.clock.now_ms() - 86_400_001)
    await room.blobs.put(f"staging/{owner}/{old}", b"of a process that was killed")


async def _foreign(room: VaultRoom, _owner: str) -> None:
    await room.blobs.put("vault/readme.txt", b"somebody's")


async def _log_changed(room: VaultRoom, _owner: str) -> None:
    # Who may write to the database file may drop what guards its rows.
    async with room.database.begin() as connection:
        for (name,) in (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))).all():
            await connection.execute(text(f'DROP TRIGGER "{name}"'))
        await connection.execute(text("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2"))


async def shown(room: VaultRoom) -> str:
    return min(row["id"] for row in await room.rows(reports_table) if row["number"] == 1)


# What was done, what a whole look finds, and what a quick one finds.
_SPOILED: dict[str, tuple[Spoil, dict[str, int], dict[str, int]]] = {
    "a byte of an object": (_flipped, {"object_changed": 1}, {}),
    "the end of an object": (_cut, {"object_changed": 1}, {"object_changed": 1}),
    "an object for another": (_swapped, {"object_changed": 1}, {}),
    "the order of an object's chunks": (_chunks_swapped, {"object_changed": 1}, {}),
    "an object that is gone": (_gone, {"object_missing": 1}, {"object_missing": 1}),
    "a key for another": (_key_swapped, {"object_changed": 1}, {"object_changed": 1}),
    "a value": (_value_changed, {"value_broken": 1}, {"value_broken": 1}),
    "a value for another": (_value_swapped, {"value_broken": 1}, {"value_broken": 1}),
    # Its words are not those of its file any more.
    "a file of a report": (
        _file_lost,
        {"report_incomplete": 1, "words_differ": 1},
        {"report_incomplete": 1, "words_differ": 1},
    ),
    "a number": (_number, {"number_given_twice": 1}, {"number_given_twice": 1}),
    "words": (_words_lost, {"words_differ": 1}, {"words_differ": 1}),
    "words of nothing": (_words_left, {"words_of_nothing": 1}, {"words_of_nothing": 1}),
    # Its bytes are noise; they are told twice, as what should be gone, and as what the upkeep removes.
    "erased bytes that are back": (
        _came_back,
        {"object_not_removed": 1, "left_over": 1},
        {"object_not_removed": 1, "left_over": 1},
    ),
    "the audit log": (_log_changed, {"audit": 1}, {"audit": 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize(("spoil", "whole", "quick"), _SPOILED.values(), ids=list(_SPOILED))
async def test_what_was_changed_is_found(
    room: VaultRoom, spoil: Spoil, whole: dict[str, int], quick: dict[str, int]
) -> None:
    owner = await fill(room)
    await spoil(room, owner)
    assert await found(room) == whole
    assert not (await verify(room)).is_well
    assert await found(room, quick=True) == quick


@pytest.mark.slow
async def test_without_its_key_a_vault_is_not_well_and_nothing_of_it_is_damaged(room: VaultRoom) -> None:
    await fill(room)
    await _another_key(room, "")
    report = await verify(room)
    assert report.found["key_missing"] == report.objects + report.values
    assert {kind for kind, count in report.found.items() if count} == {"key_missing"}
    assert not report.is_well


@pytest.mark.parametrize(
    ("spoil", "kind"), [(_left_over, "left_over"), (_foreign, "foreign")], ids=["left over", "foreign"]
)
async def test_what_is_told_and_is_no_damage(room: VaultRoom, spoil: Spoil, kind: str) -> None:
    owner = await fill(room)
    await spoil(room, owner)
    report = await verify(room)
    assert report.found[kind] == 1
    assert report.is_well


async def fates(room: VaultRoom) -> dict[str, Fate]:
    sweep = OrphanSweep(room.database, room.blobs, room.clock)
    return {one.key: one.fate async for one in sweep.stored()}


async def sweep(room: VaultRoom) -> int:
    return await OrphanSweep(room.database, room.blobs, room.clock).sweep()


@BOTH
async def test_a_copy_of_a_save_that_may_still_come_stays_until_its_file_is_gone(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner)]
    prepared = await room.saver.prepare(owner, "drf_1", files)
    assert set((await fates(room)).values()) == {Fate.IN_USE}
    room.clock.jump(3 * 86_400)
    assert await sweep(room) == 0
    assert (await room.commit(prepared)).is_new
    assert sorted((await fates(room)).values()) == [Fate.IN_USE, Fate.LEFT_OVER]
    assert await sweep(room) == 1
    (row,) = await room.rows(objects_table)
    assert await room.keys_in_store() == {row["object_key"]}


async def test_what_has_no_row_yet_stays_for_a_day(room: VaultRoom) -> None:
    owner = await room.owner()
    now_ms = room.clock.now_ms()
    object_id = new_object_id("obj", now_ms)
    keys = [f"staging/{owner}/{object_id}", vault_key(owner, object_id, now_ms), f"exports/{owner}/{object_id}"]
    for key in keys:
        await room.blobs.put(key, b"x")
    room.clock.jump(86_399)
    assert await fates(room) == dict.fromkeys(keys, Fate.YOUNG)
    assert await sweep(room) == 0
    room.clock.jump(1)
    assert await sweep(room) == 3


async def test_the_upkeep_sweeps_staging_each_time_and_all_of_it_once_a_day(room: VaultRoom) -> None:
    owner = await room.owner()
    object_id = new_object_id("obj", 0)
    in_staging, in_vault = f"staging/{owner}/{object_id}", vault_key(owner, object_id, 0)
    orphans = OrphanSweep(room.database, room.blobs, room.clock)
    await orphans.upkeep()
    for key in (in_staging, in_vault):
        await room.blobs.put(key, b"x")
    room.clock.jump(86_399)
    await orphans.upkeep()
    assert await room.keys_in_store() == {in_vault}
    room.clock.jump(1)
    await orphans.upkeep()
    assert await room.keys_in_store() == set()


async def test_what_is_not_ours_is_never_swept(room: VaultRoom) -> None:
    object_id = new_object_id("obj", 0)
    keys = [
        "vault/readme.txt",
        f"vault/a/{object_id}",
        f"staging/{object_id}",
        f"exports/a/b/{object_id}",
        "exports/2026/mails.mbox",
        f"emails/{object_id}",
    ]
    for key in keys:
        await room.blobs.put(key, b"x")
    assert set((await fates(room)).values()) == {Fate.FOREIGN}
    assert await sweep(room) == 0
    assert await room.keys_in_store() == set(keys)


async def test_a_sweep_looks_at_more_keys_than_one_portion(room: VaultRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wipsie.slices.vault.service.keeping.sweeping._PORTION", 2)
    owner = await fill(room)
    for _ in range(3):
        await room.blobs.put(f"staging/{owner}/{new_object_id('obj', 0)}", b"x")
    assert await sweep(room) == 3
    assert await found(room) == {}
