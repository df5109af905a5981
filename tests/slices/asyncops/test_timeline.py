"""Promises of timelines: all that happened to a record, by whom, and each field before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def test_every_change_is_told_with_names_and_both_values(office: Office) -> None:
    on = (await office["ann"].post("/api/status", {"notes": "So so."})).headers["Location"]
    office.clock.jump(60)
    (await office["ann"].patch(on, {"health": "at_risk", "notes": "Worse."})).ok()
    events = (await office["otto"].get(f"{on}/timeline")).ok()["data"]
    assert [event["kind"] for event in events] == ["changed", "created"]
    changed = events[0]
    assert changed["actor"] == {"kind": "user", "id": office["ann"].user_id, "name": "Ann"}
    assert changed["changes"] == [
        {"field": "health", "before": "on_track", "after": "at_risk"},
        {"field": "notes", "before": "So so.", "after": "Worse."},
    ]
    assert (changed["data"], changed["people"], changed["pinned"], changed["corrects"]) == ({}, [], False, None)
    assert changed["at"] > events[1]["at"]


async def test_a_timeline_is_paged_filtered_and_read_from_either_end(office: Office) -> None:
    on = (await office["ann"].post("/api/status", {})).headers["Location"]
    for index in range(4):
        office.clock.jump(1)
        (await office["ann"].patch(on, {"notes": f"{index}"})).ok()
    (await office["bob"].post(f"{on}/comments", {"body": "Hm."})).ok(201)
    kinds = ["created", "changed", "changed", "changed", "changed", "comment"]
    for sort in ("at", "recorded_at"):
        oldest_first = await office["lea"].all_pages(f"{on}/timeline?sort={sort}&limit=4")
        assert [event["kind"] for event in oldest_first] == kinds
        newest_first = await office["lea"].all_pages(f"{on}/timeline?sort=-{sort}&limit=1")
        assert newest_first == oldest_first[::-1]
    page = (await office["lea"].get(f"{on}/timeline?kind=comment,created&facets=kind&include=total")).ok()
    assert [event["kind"] for event in page["data"]] == ["comment", "created"]
    assert (page["total"]["count"], page["facets"]["kind"]["changed"]) == (2, 4)


async def test_a_parameter_that_is_wrong_is_refused(office: Office) -> None:
    on = (await office["ann"].post("/api/status", {})).headers["Location"]
    for query in ("kind=x", "sort=id", "pinned=maybe", "at_after=today", "colour=red"):
        (await office["ann"].get(f"{on}/timeline?{query}")).refused(422, "VALIDATION_ERROR")


async def test_a_record_that_is_not_there_has_no_timeline(office: Office) -> None:
    (await office["ann"].get("/api/status/upd_1/timeline")).refused(404, "NOT_FOUND")
