"""Whoever sees something of a report stands in the audit log; who may not see it is told nothing by the answer."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from vault_room import BLOOD_TEST, BOTH, VaultRoom

from wipsie.kernel.errors import NotFound
from wipsie.slices.vault.domain.dates.partial_date import PartialDate
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.service.keeping import reading_room
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.reading_room import ListFilter, ReportPage
from wipsie.slices.vault.store.reports import Report
from wipsie.slices.vault.store.tables import objects_table, words_table


async def list_page(room: VaultRoom, owner: str, page: int = 1, wanted: ListFilter | None = None) -> ReportPage:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return await room.reading.list(unit, ring, Viewer.owner(owner), owner, wanted, page=page)


async def search(room: VaultRoom, owner: str, text: str) -> list[int]:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return [one.number for one in await room.reading.search(unit, ring, Viewer.owner(owner), owner, text)]


async def get(room: VaultRoom, owner: str, number: int) -> Report | None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return await room.reading.get(unit, ring, Viewer.owner(owner), owner, number)


@BOTH
async def test_a_list_has_ten_reports_a_page_the_last_saved_first(room: VaultRoom) -> None:
    owner = await room.owner()
    for _ in range(12):
        await room.saved(owner)
    first, second, third = [await list_page(room, owner, page) for page in (1, 2, 3)]
    assert [one.number for one in first.reports] == list(range(12, 2, -1))
    assert [one.number for one in second.reports] == [2, 1]
    assert (first.has_more, second.has_more, third.has_more, third.reports) == (True, False, False, ())
    assert [event.facts["found"] for event in await room.events("vault:report:list")] == [10, 2, 0]


async def test_a_list_is_filtered_by_type_year_and_person(room: VaultRoom) -> None:
    owner = await room.owner()
    other = ReportDetails(date=PartialDate(2024, 5), type="imaging", person="Asha")
    for details in (BLOOD_TEST, other, msgspec.structs.replace(other, date=PartialDate(2025, 1, 2)), ReportDetails()):
        await room.saved(owner, details=details)

    async def numbers(**wanted: object) -> list[int]:
        page = await list_page(room, owner, 1, msgspec.convert(wanted, ListFilter))
        return [one.number for one in page.reports]

    assert await numbers(type="imaging") == [3, 2]
    assert await numbers(year=2024) == [2]
    # The clock of the test stands in 2025: a report without a date is of the year in which it was saved.
    assert await numbers(year=2025) == [4, 3, 1]
    assert await numbers(type="imaging", year=2025) == [3]
    assert await numbers(person="asha") == [3, 2]
    assert await numbers(type="none") == []


async def test_a_list_goes_on_behind_what_a_filter_leaves_out(room: VaultRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_room, "_PORTION", 3)
    owner = await room.owner()
    await room.saved(owner, details=ReportDetails(type="imaging"))
    for _ in range(6):
        await room.saved(owner)
    page = await list_page(room, owner, 1, ListFilter(type="imaging"))
    assert [one.number for one in page.reports] == [1]


@BOTH
async def test_a_search_finds_whole_words_of_details_and_files_and_all_must_be_there(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, text="Hämoglobin 13.5 g/dL")
    await room.saved(owner, text="Cholesterol", details=ReportDetails(hospital="São João", date=PartialDate(2024, 5)))
    assert await search(room, owner, "hamoglobin") == [1]
    assert await search(room, owner, "HÄMOGLOBIN lakeside") == [1]
    assert await search(room, owner, "hamoglobin cholesterol") == []
    assert await search(room, owner, "hamo") == []
    assert await search(room, owner, "joao 2024") == [2]
    assert await search(room, owner, "may") == await search(room, owner, "maio") == [2]
    assert await search(room, owner, "Bluttest") == [1]
    assert await search(room, owner, "") == await search(room, owner, "!!") == []


async def test_a_search_shows_the_last_saved_five(room: VaultRoom) -> None:
    owner = await room.owner()
    for _ in range(7):
        await room.saved(owner)
    assert await search(room, owner, "lakeside") == [7, 6, 5, 4, 3]
    (event,) = await room.events("vault:report:search")
    assert event.facts == {"words": 1, "found": 5}


async def test_words_of_two_owners_never_meet(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    await room.saved(owner)
    await room.saved(other)
    tokens = [row["token"] for row in await room.rows(words_table)]
    assert len(tokens) == len(set(tokens))
    assert await search(room, await room.owner(), "lakeside") == []


async def test_a_text_of_any_length_is_indexed_up_to_its_bound(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, text=" ".join(f"word{number}" for number in range(30_000)))
    assert len(await room.rows(words_table)) == 5_001
    assert await search(room, owner, "lakeside word1000") == [1]


async def test_a_text_that_is_read_later_is_found_from_then_on(room: VaultRoom) -> None:
    owner = await room.owner()
    saved = await room.saved(owner, text="page one")
    await room.read_again(saved.report_id, "page one and page two")
    assert await search(room, owner, "two") == [1]


async def test_somebody_elses_number_and_none_are_answered_alike_and_recorded(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    await room.saved(owner)
    await room.saved(other)
    await room.saved(other)
    assert await get(room, owner, 2) is await get(room, owner, 99) is await get(room, owner, -(2**70)) is None
    events = await room.events("vault:report:miss")
    assert {(event.actor, event.object) for event in events} == {(f"owner:{owner}", f"owner:{owner}")}
    assert len(events) == 3


async def test_a_look_of_the_staff_says_why_and_stands_in_the_history_of_the_owner(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    await room.saved(owner)
    await room.saved(other)
    ring, staff = await room.ring(), Viewer(actor="user:usr_ada", reason="patient_asked")
    async with room.database.unit_of_work() as unit:
        assert await room.reading.get(unit, ring, staff, owner, 1, purpose="break_glass") is not None
    async with room.database.unit_of_work() as unit:
        entries = await room.reading.history(unit, ring, Viewer.owner(owner), owner)
        of_report = await room.reading.history(unit, ring, Viewer.owner(owner), owner, 1)
        nobodys = await room.reading.history(unit, ring, Viewer.owner(owner), owner, 2)
    assert entries is not None
    assert [(one.actor, one.action, one.number, one.reason) for one in entries] == [
        ("user:usr_ada", "vault:report:view", 1, "patient_asked"),
        (f"owner:{owner}", "vault:report:save", 1, None),
    ]
    assert of_report == entries
    assert nobodys is None


async def test_bytes_are_given_after_the_event_is_on_the_disk(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, b"the original")
    (row,) = await room.rows(objects_table)
    async with room.reading.opened(await room.ring(), Viewer.owner(owner), row["id"], purpose="file") as (_, content):
        (event,) = await room.events("vault:report:open")
        assert event.facts == {"number": 1, "purpose": "file", "file": row["id"]}
        assert [piece async for piece in content.pieces()] == [b"the original"]


async def test_bytes_of_a_report_that_is_hidden_are_not_given(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    (row,) = await room.rows(objects_table)
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.delete(unit, ring, owner, 1, Viewer.owner(owner))
    with pytest.raises(NotFound):
        await room.open_bytes(owner, row["id"])
    assert await room.events("vault:report:open") == []


async def test_what_was_staged_is_not_given_by_the_reading_room(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.stage(owner)
    (row,) = await room.rows(objects_table)
    with pytest.raises(NotFound):
        await room.open_bytes(owner, row["id"])


async def test_a_file_that_came_again_is_told_with_its_report(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    file, foreign = await room.stage(owner), await room.stage(other)
    await room.save(owner, [file])
    await room.save(other, [foreign])
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        viewer = Viewer.owner(owner)
        known = await room.reading.with_file(unit, ring, viewer, owner, ["vfl_none", foreign, file])
        assert known is not None
        assert known.number == 1
        assert await room.reading.with_file(unit, ring, viewer, owner, [foreign]) is None
    assert [event.facts["purpose"] for event in await room.events("vault:report:view")] == ["duplicate"]


async def test_readers_beside_each_other_are_all_recorded(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    assert None not in await asyncio.gather(*(get(room, owner, 1) for _ in range(16)))
    assert len(await room.events("vault:report:view")) == 16
