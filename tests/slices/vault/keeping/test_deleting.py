"""What is deleted comes back within a week, and what is erased comes back for nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from vault_room import BLOOD_TEST, BOTH, OpenRoom, VaultRoom

from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import SealBroken, WrappedKey
from wipsie.kernel.errors import NotFound, StorageUnavailable
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.service.keeping.deleting import HIDDEN_MS, Erased
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.store.files import file_of
from wipsie.slices.vault.store.reports import Report
from wipsie.slices.vault.store.tables import files_table, objects_table, reports_table, words_table

DAY_S = 86_400.0


async def delete(room: VaultRoom, owner: str, number: int) -> Report:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return await room.eraser.delete(unit, ring, owner, number, Viewer.owner(owner))


async def restore(room: VaultRoom, owner: str, number: int | None = None) -> int | None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        report = await room.eraser.restore(unit, ring, owner, Viewer.owner(owner), number)
        return None if report is None else report.number


async def erase(room: VaultRoom, owner: str, report_id: str) -> Erased:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return await room.eraser.erase_reports(unit, ring, owner, [report_id], Viewer.owner(owner))


async def erase_owner(room: VaultRoom, owner: str) -> Erased:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return await room.eraser.erase_owner(unit, ring, owner, Viewer.owner(owner))


async def shown(room: VaultRoom, owner: str) -> list[int]:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        page = await room.reading.list(unit, ring, Viewer.owner(owner), owner)
        found = await room.reading.search(unit, ring, Viewer.owner(owner), owner, "lakeside")
    numbers = [one.number for one in page.reports]
    assert [one.number for one in found] == numbers
    return numbers


@BOTH
async def test_a_deleted_report_is_shown_nowhere_and_comes_back_within_a_week(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    await room.saved(owner)
    deleted = await delete(room, owner, 1)
    assert deleted.erase_at_ms == room.clock.now_ms() + HIDDEN_MS
    assert await shown(room, owner) == [2]
    with pytest.raises(NotFound):
        await delete(room, owner, 1)
    room.clock.jump(7 * DAY_S - 1)
    await room.eraser.upkeep()
    assert await restore(room, owner, 1) == 1
    assert await shown(room, owner) == [2, 1]
    assert await restore(room, owner, 1) is None
    actions = [event.action for event in await room.events() if event.object == f"report:{deleted.id}"]
    assert actions == ["vault:report:save", "vault:report:delete", "vault:report:restore"]


async def test_what_was_deleted_last_comes_back_first(room: VaultRoom) -> None:
    owner = await room.owner()
    for _ in range(3):
        await room.saved(owner)
    for number in (2, 3, 1):
        await delete(room, owner, number)
        room.clock.jump(1)
    assert [await restore(room, owner) for _ in range(4)] == [1, 3, 2, None]


async def test_nobody_restores_or_deletes_what_is_somebody_elses(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    await room.saved(owner)
    await delete(room, owner, 1)
    assert await restore(room, other) is await restore(room, other, 1) is None
    with pytest.raises(NotFound):
        await delete(room, other, 1)


@BOTH
async def test_after_a_week_the_keys_are_destroyed_and_the_bytes_removed(room: VaultRoom) -> None:
    owner = await room.owner()
    saved = await room.saved(owner, b"the original")
    await room.saved(owner)
    await delete(room, owner, 1)
    room.clock.jump(7 * DAY_S)
    await room.eraser.upkeep()
    assert await restore(room, owner) is None
    erased, left = sorted(await room.rows(objects_table), key=lambda row: row["wrapped_key"] is not None)
    assert (erased["wrapped_key"], erased["kek_id"]) == (None, None)
    assert erased["erased_at_ms"] == erased["removed_at_ms"] == room.clock.now_ms()
    assert await room.keys_in_store() == {left["object_key"]}
    (row,) = [one for one in await room.rows(reports_table) if one["id"] == saved.report_id]
    assert (row["details"], row["number"]) == (b"", 1)
    assert {one["report"] for one in await room.rows(words_table)} != {saved.report_id}
    assert (await room.identity(owner))["stored_bytes"] == left["size"]
    (event,) = await room.events("vault:report:erase")
    assert (event.actor, event.object) == ("system:retention", f"report:{saved.report_id}")
    assert (await room.saved(owner)).number == 3


async def test_a_copy_of_the_store_opens_nothing_that_was_erased(open_room: OpenRoom, each_store: BlobStore) -> None:
    room = await open_room(each_store)
    owner = await room.owner()
    saved = await room.saved(owner, b"the original")
    (before,) = await room.rows(objects_table)
    copies = await room.whole_store()
    await erase(room, owner, saved.report_id)
    await room.eraser.remove_bytes()
    assert await room.keys_in_store() == set()
    # Somebody brings the bytes back from a copy, and has all that is in the database.
    for key, content in copies.items():
        await room.blobs.put(key, content)
    (after,) = await room.rows(objects_table)
    assert after["wrapped_key"] is None
    with pytest.raises(NotFound):
        await room.open_bytes(owner, after["id"])
    # Whatever key there is for other objects, it is none for this one.
    await room.saved(owner, b"another")
    (other,) = [row for row in await room.rows(objects_table) if row["id"] != after["id"]]
    with pytest.raises(SealBroken):
        await room.sealed.get(before["object_key"], before["id"], WrappedKey.decode(other["wrapped_key"]))


async def test_an_erased_file_leaves_a_row_that_says_nothing(room: VaultRoom) -> None:
    owner = await room.owner()
    file = await room.stage(owner, text="canary")
    saved = await room.save(owner, [file])
    assert await erase(room, owner, saved.report_id) == Erased(reports=1, files=1, objects=1)
    async with room.database.read() as connection:
        row = await file_of(connection, await room.ring(), file)
    assert row is not None
    assert (row.state, row.details.file_name, row.details.media_id) == ("erased", None, "")
    (stored,) = await room.rows(files_table)
    assert stored["reading"] is stored["content_token"] is None


async def test_an_erasure_may_be_done_twice(room: VaultRoom) -> None:
    owner = await room.owner()
    saved = await room.saved(owner)
    await erase(room, owner, saved.report_id)
    assert await erase(room, owner, saved.report_id) == Erased()
    assert await room.eraser.remove_bytes() == 1
    assert await room.eraser.remove_bytes() == 0
    assert len(await room.events("vault:report:erase")) == 1
    assert (await room.identity(owner))["stored_bytes"] == 0


async def test_a_crash_between_the_erasure_and_the_removal_leaves_noise_that_goes_later(room: VaultRoom) -> None:
    owner = await room.owner()
    # The process died after the commit of the save too: what it copied from is still in staging.
    prepared = await room.saver.prepare(owner, "drf_1", [await room.stage(owner)])
    saved = await room.commit(prepared)
    await erase(room, owner, saved.report_id)
    assert len(await room.keys_in_store()) == 2
    (row,) = await room.rows(objects_table)
    with pytest.raises(NotFound):
        await room.open_bytes(owner, row["id"])
    await room.eraser.upkeep()
    assert await room.keys_in_store() == set()


async def test_a_copy_that_a_save_left_goes_with_its_discarded_file(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner)]
    await room.saver.prepare(owner, "drf_1", files)
    async with room.database.unit_of_work() as unit:
        assert await room.eraser.discard(unit, owner, files) == files
    assert len(await room.keys_in_store()) == 2
    await room.eraser.upkeep()
    assert await room.keys_in_store() == set()


async def test_what_a_report_has_is_not_discarded(room: VaultRoom) -> None:
    owner = await room.owner()
    file = await room.stage(owner)
    await room.save(owner, [file])
    async with room.database.unit_of_work() as unit:
        assert await room.eraser.discard(unit, owner, [file]) == []
    await room.eraser.upkeep()
    assert len(await room.keys_in_store()) == 1


@BOTH
async def test_everything_of_an_owner_is_erased_and_nothing_of_others(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    for _ in range(3):
        await room.saved(owner)
    await delete(room, owner, 2)
    await room.stage(owner)
    await room.saved(other)
    assert await erase_owner(room, owner) == Erased(reports=3, files=1, objects=1)
    await room.eraser.remove_bytes()
    assert await shown(room, owner) == []
    assert await shown(room, other) == [1]
    assert [row["owner"] for row in await room.rows(objects_table) if row["wrapped_key"] is not None] == [other]
    assert len(await room.keys_in_store()) == 1
    assert (await room.identity(owner))["stored_bytes"] == 0
    (event,) = await room.events("vault:owner:erase")
    assert event.object == f"owner:{owner}"
    again = await erase_owner(room, owner)
    assert again == Erased()
    assert (await room.saved(owner)).number == 4


async def test_a_store_that_is_away_keeps_bytes_for_later_and_says_so(open_room: OpenRoom, tmp_path: Path) -> None:
    room = await open_room(BlobStore(f"file://{tmp_path}/blobs"))
    owner = await room.owner()
    saved = await room.saved(owner)
    await erase(room, owner, saved.report_id)
    blobs = room.folder / "blobs"
    blobs.rename(room.folder / "away")
    blobs.write_text("not a folder")
    with pytest.raises(StorageUnavailable):
        await room.eraser.upkeep()
    blobs.unlink()
    (room.folder / "away").rename(blobs)
    assert await room.eraser.remove_bytes() == 1
    assert await room.keys_in_store() == set()


_LATE: dict[str, Callable[[VaultRoom, str, str], Awaitable[object]]] = {
    "edited": lambda room, owner, _: edit(room, owner),
    "found by new text": lambda room, _, report_id: room.indexer_runs(report_id),
}


async def edit(room: VaultRoom, owner: str) -> None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        with pytest.raises(NotFound):
            await room.saver.edit(unit, ring, owner, 1, ReportDetails(), Viewer.owner(owner))


@pytest.mark.parametrize("late", _LATE.values(), ids=list(_LATE))
async def test_what_is_erased_is_not(room: VaultRoom, late: Callable[[VaultRoom, str, str], Awaitable[object]]) -> None:
    owner = await room.owner()
    saved = await room.saved(owner, details=BLOOD_TEST)
    await erase(room, owner, saved.report_id)
    await late(room, owner, saved.report_id)
    assert await room.rows(words_table) == []
