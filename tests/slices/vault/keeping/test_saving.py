"""A report is saved once, whole, under a number that is its owner's and never given twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vault_room import BLOOD_TEST, BOTH, OpenRoom, VaultRoom

from wipsie.blobs import BlobStore
from wipsie.blobs.errors import BlobNotFound
from wipsie.blobs.sealing import SealBroken
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.store.reports import report_by_number
from wipsie.slices.vault.store.tables import files_table, objects_table, report_files_table, reports_table, words_table


@BOTH
async def test_a_saved_report_lies_in_the_vault_under_its_number_and_nothing_is_left_in_staging(
    room: VaultRoom,
) -> None:
    owner = await room.owner()
    files = [await room.stage(owner, b"page one"), await room.stage(owner, b"page two", scan="not_scanned")]
    saved = await room.save(owner, files)
    assert (saved.number, saved.is_new) == (1, True)
    async with room.database.read() as connection:
        report = await report_by_number(connection, await room.ring(), owner, 1)
    assert report is not None
    assert (report.details, report.files, report.version, report.scan) == (BLOOD_TEST, 2, 1, "not_scanned")
    assert [row["file"] for row in await room.rows(report_files_table)] == files
    objects = {row["file"]: row["object_key"] for row in await room.rows(objects_table)}
    assert all(key.startswith(f"vault/{owner}/2025/obj_") for key in objects.values())
    assert await room.keys_in_store() == set(objects.values())
    assert {row["state"] for row in await room.rows(files_table)} == {"saved"}
    assert (await room.identity(owner))["stored_bytes"] == 16
    (event,) = await room.events("vault:report:save")
    assert (event.actor, event.object) == (f"owner:{owner}", f"report:{report.id}")
    assert event.facts == {"number": 1, "files": 2, "scan": "not_scanned"}


async def test_a_report_is_kept_on_every_kind_of_store(open_room: OpenRoom, each_store: BlobStore) -> None:
    room = await open_room(each_store)
    owner = await room.owner()
    await room.saved(owner, b"the original")
    (row,) = await room.rows(objects_table)
    async with room.reading.opened(await room.ring(), Viewer.owner(owner), row["id"], purpose="get") as (_, content):
        assert b"".join([piece async for piece in content.pieces()]) == b"the original"


async def test_what_was_written_stands_nowhere_in_the_clear(room: VaultRoom) -> None:
    owner = await room.owner()
    details = ReportDetails(hospital="Canary Clinic", type_text="Canarygram", person="Canaria", note="canary note")
    await room.save(owner, [await room.stage(owner, b"canary bytes", text="canary words", name="canary.pdf")], details)
    for table in (files_table, objects_table, reports_table, words_table):
        for row in await room.rows(table):
            assert "canar" not in repr(row).lower()
    assert all(b"canary" not in content for content in (await room.whole_store()).values())
    assert all("canar" not in repr(event).lower() for event in await room.events())


@BOTH
async def test_a_save_that_is_repeated_finds_what_it_did(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner)]
    first = await room.save(owner, files, draft="drf_1")
    again = await room.save(owner, files, draft="drf_1")
    assert (again.report_id, again.number, again.is_new) == (first.report_id, 1, False)
    assert len(await room.rows(reports_table)) == 1
    assert (await room.identity(owner))["next_report"] == 2
    assert len(await room.events("vault:report:save")) == 1


@BOTH
async def test_repeats_beside_each_other_save_once(open_room: OpenRoom) -> None:
    rooms = [await open_room() for _ in range(3)]
    owner = await rooms[0].owner()
    files = [await rooms[0].stage(owner)]
    saved = await asyncio.gather(*(one.save(owner, files, draft="drf_1") for one in rooms))
    assert sorted(one.is_new for one in saved) == [False, False, True]
    assert {one.number for one in saved} == {1}
    assert len(await rooms[0].rows(reports_table)) == 1


@BOTH
async def test_saves_of_one_owner_beside_each_other_have_numbers_of_their_own(open_room: OpenRoom) -> None:
    rooms = [await open_room() for _ in range(2)]
    owner, other = await rooms[0].owner(), await rooms[0].owner()
    files = [[await rooms[0].stage(owner, b"%d" % number)] for number in range(8)]
    foreign = [[await rooms[0].stage(other, b"%d" % number)] for number in range(3)]
    saves = [rooms[at % 2].save(owner, one) for at, one in enumerate(files)]
    saved = await asyncio.gather(*saves, *(rooms[0].save(other, one) for one in foreign))
    assert sorted(one.number for one in saved[:8]) == list(range(1, 9))
    assert sorted(one.number for one in saved[8:]) == [1, 2, 3]


async def test_a_crash_before_the_commit_leaves_a_copy_and_a_repeat_saves(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner, b"the original")]
    await room.saver.prepare(owner, "drf_1", files)
    assert await room.rows(reports_table) == []
    assert len(await room.keys_in_store()) == 2
    saved = await room.save(owner, files, draft="drf_1")
    assert saved.is_new
    assert len(await room.keys_in_store()) == 1


async def test_a_unit_that_fails_after_the_save_keeps_nothing_of_it(room: VaultRoom) -> None:
    owner = await room.owner()
    prepared = await room.saver.prepare(owner, "drf_1", [await room.stage(owner)])
    await room.die_before_commit(prepared)
    assert await room.rows(reports_table) == await room.rows(words_table) == []
    assert (await room.identity(owner))["next_report"] == 1
    assert await room.events() == []
    assert (await room.commit(prepared)).number == 1


async def test_a_crash_after_the_commit_leaves_staging_and_a_repeat_sweeps_it(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner)]
    prepared = await room.saver.prepare(owner, "drf_1", files)
    await room.commit(prepared)
    assert len(await room.keys_in_store()) == 2
    await room.saver.sweep(prepared)
    await room.saver.sweep(prepared)
    (row,) = await room.rows(objects_table)
    assert await room.keys_in_store() == {row["object_key"]}


async def test_staging_that_was_changed_is_not_saved(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner, b"the original")]
    (key,) = await room.keys_in_store()
    sealed = (await room.blobs.get(key)).content
    # As somebody does who may write to the store and knows how it proves what it holds.
    await room.blobs.put(key, sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    with pytest.raises(SealBroken, match="not what was sealed"):
        await room.saver.prepare(owner, "drf_1", files)


async def test_staging_that_is_gone_is_not_saved(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner)]
    (key,) = await room.keys_in_store()
    await room.blobs.delete(key)
    with pytest.raises(BlobNotFound):
        await room.saver.prepare(owner, "drf_1", files)


_CHOICES: dict[str, Callable[[str, str, str], list[str]]] = {
    "none": lambda _mine, _others, _saved: [],
    "one twice": lambda mine, _others, _saved: [mine, mine],
    "somebody else's": lambda mine, others, _saved: [mine, others],
    "one that is saved": lambda mine, _others, saved: [mine, saved],
    "one that is none": lambda mine, _others, _saved: [mine, "vfl_none"],
}


@pytest.mark.parametrize("choice", _CHOICES.values(), ids=list(_CHOICES))
async def test_files_that_are_not_there_to_be_saved_are_refused(
    room: VaultRoom, choice: Callable[[str, str, str], list[str]]
) -> None:
    owner, other = await room.owner(), await room.owner()
    saved = await room.stage(owner, b"saved")
    await room.save(owner, [saved])
    files = choice(await room.stage(owner), await room.stage(other), saved)
    prepared = await room.saver.prepare(owner, "drf_1", files)
    with pytest.raises(Conflict):
        await room.commit(prepared)
    assert len(await room.rows(reports_table)) == 1
    assert (await room.identity(owner))["next_report"] == 2


async def test_a_file_that_was_discarded_meanwhile_is_not_saved(room: VaultRoom) -> None:
    owner = await room.owner()
    files = [await room.stage(owner)]
    prepared = await room.saver.prepare(owner, "drf_1", files)
    async with room.database.unit_of_work() as unit:
        assert await room.eraser.discard(unit, owner, files) == files
    with pytest.raises(Conflict):
        await room.commit(prepared)
    await room.eraser.remove_bytes()
    assert await room.keys_in_store() == set()


async def test_nothing_is_saved_for_somebody_who_is_gone(room: VaultRoom) -> None:
    prepared = await room.saver.prepare("own_gone", "drf_1", ["vfl_1"])
    with pytest.raises(NotFound):
        await room.commit(prepared)


@BOTH
async def test_an_edit_changes_what_is_known_and_is_recorded_without_saying_it(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, text="haemoglobin")
    ring = await room.ring()
    other = msgspec.structs.replace(BLOOD_TEST, hospital="Riverside Clinic", person="Asha")
    async with room.database.unit_of_work() as unit:
        edited = await room.saver.edit(unit, ring, owner, 1, other, Viewer.owner(owner))
    assert (edited.version, edited.details) == (2, other)
    (event,) = await room.events("vault:report:edit")
    assert event.facts.keys() == {"number", "hospital", "person"}
    assert str(event.facts["person"]).startswith("none-")
    async with room.database.unit_of_work() as unit:
        viewer = Viewer.owner(owner)
        assert [one.number for one in await room.reading.search(unit, ring, viewer, owner, "riverside")] == [1]
        assert await room.reading.search(unit, ring, viewer, owner, "lakeside") == ()
        assert [one.number for one in await room.reading.search(unit, ring, viewer, owner, "haemoglobin")] == [1]


async def test_an_edit_that_changes_nothing_is_none(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        assert (await room.saver.edit(unit, ring, owner, 1, BLOOD_TEST, Viewer.owner(owner))).version == 1
    assert await room.events("vault:report:edit") == []


@pytest.mark.parametrize("number", [0, 2, -1, 2**31, 2**80])
async def test_a_report_that_is_not_there_is_not_edited(room: VaultRoom, number: int) -> None:
    owner, other = await room.owner(), await room.owner()
    await room.saved(owner)
    await room.saved(other)
    await room.saved(other)
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        with pytest.raises(NotFound):
            await room.saver.edit(unit, ring, owner, number, ReportDetails(), Viewer.owner(owner))


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["save", "fail", "repeat", "delete", "erase", "restore"]), max_size=12))
async def test_numbers_only_grow_whatever_is_done(room: VaultRoom, steps: list[str]) -> None:
    owner, given = await room.owner(), list[int]()
    viewer, ring = Viewer.owner(owner), await room.ring()
    last: Any = None
    for step in steps:
        if step == "save":
            last = await room.saver.prepare(owner, f"drf_{len(given)}", [await room.stage(owner)])
            given.append((await room.commit(last)).number)
        elif step == "fail":
            prepared = await room.saver.prepare(owner, "drf_fails", [await room.stage(owner)])
            await room.die_before_commit(prepared)
        elif not given:
            continue
        elif step == "repeat":
            async with room.database.read() as connection:
                is_there = await report_by_number(connection, ring, owner, given[-1])
            if is_there is not None:
                assert (await room.commit(last)).number == given[-1]
        else:
            async with room.database.unit_of_work() as unit:
                if step == "restore":
                    await room.eraser.restore(unit, ring, owner, viewer)
                elif step == "erase":
                    await room.eraser.erase_reports(unit, ring, owner, [last.report_id], viewer)
                else:
                    is_there = await report_by_number(unit.connection, ring, owner, given[-1])
                    if is_there is not None and is_there.deleted_at_ms is None:
                        await room.eraser.delete(unit, ring, owner, given[-1], viewer)
    assert given == list(range(1, len(given) + 1))
