"""Promises of status updates: one for each person and day, one's own alone, and nothing written is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from wipsie.audit import list_events
from wipsie.slices.asyncops.store.followers import followers_of
from wipsie.slices.asyncops.store.search import search_documents_table
from wipsie.slices.asyncops.store.timeline import events_of

if TYPE_CHECKING:
    from wipsie.testing.office import Office

DAY = {"health": "at_risk", "done": ["Moved the queue"], "next": ["Watch it"], "notes": "Two leases **left**."}


async def _written(office: Office, name: str = "ann", **fields: Any) -> dict[str, Any]:
    return (await office[name].post("/api/status", {**DAY, **fields})).ok(201)


async def test_an_update_is_kept_as_it_was_written(office: Office) -> None:
    answer = await office["ann"].post("/api/status", DAY)
    written = answer.ok(201)
    assert written["author"] == {"id": office["ann"].user_id, "name": "Ann"}
    assert (written["for_date"], written["late"], written["version"]) == ("2025-10-04", False, 1)
    assert {name: written[name] for name in DAY} == DAY
    assert answer.headers["Location"] == f"/api/status/{written['id']}"
    shown = await office["bob"].get(answer.headers["Location"])
    assert (shown.ok(), shown.etag) == (written, answer.etag)


async def test_a_change_is_one_commit_with_its_timeline_its_search_and_its_audit_event(office: Office) -> None:
    written = await _written(office)
    (await office["ann"].patch(f"/api/status/{written['id']}", {"health": "on_track", "notes": "Done."})).ok()
    async with office.parts.database.read() as connection:
        events = await events_of(connection, written["id"])
        document = (await connection.execute(select(search_documents_table))).mappings().one()
        followers = await followers_of(connection, written["id"])
    assert [(event.kind, event.actor) for event in events] == [
        ("created", f"user:{office['ann'].user_id}"),
        ("changed", f"user:{office['ann'].user_id}"),
    ]
    assert events[1].data == {
        "changes": {"health": ["at_risk", "on_track"], "notes": ["Two leases **left**.", "Done."]}
    }
    assert (document["title"], document["body_words"]) == ("Ann, 2025-10-04", "moved the queue watch it done")
    assert followers == [office["ann"].user_id]
    logged = await list_events(office.parts.database)
    assert [(event.action, event.object) for event in reversed(logged)] == [
        ("asyncops:status:create", f"status:{written['id']}"),
        ("asyncops:status:change", f"status:{written['id']}"),
    ]
    assert logged[0].facts == {"fields": "health+notes", "version": 2}


async def test_a_day_has_one_update(office: Office) -> None:
    written = await _written(office)
    refused = (await office["ann"].post("/api/status", DAY)).refused(409, "CONFLICT")
    assert refused.details["id"] == written["id"]
    # Others, and other days, are others.
    await _written(office, "bob")
    await _written(office, for_date="2025-10-03")


async def test_today_is_the_day_where_the_author_is(office: Office) -> None:
    tokyo, honolulu = (
        await office.hire("kei", "member", timezone="Asia/Tokyo"),
        await office.hire("noa", "member", timezone="Pacific/Honolulu"),
    )
    # 15:30 UTC: past midnight in Tokyo, early morning in Honolulu.
    office.clock.jump(1.5 * 3600)
    assert (await tokyo.post("/api/status", DAY)).ok(201)["for_date"] == "2025-10-05"
    assert (await honolulu.post("/api/status", DAY)).ok(201)["for_date"] == "2025-10-04"


async def test_a_late_update_is_taken_and_marked(office: Office) -> None:
    assert (await _written(office, for_date="2025-09-30"))["late"] is True
    (await office["ann"].post("/api/status", {**DAY, "for_date": "2025-01-01"})).refused(422, "VALIDATION_ERROR")
    (await office["ann"].post("/api/status", {**DAY, "for_date": "2025-10-06"})).refused(422, "VALIDATION_ERROR")


@pytest.mark.parametrize("other", ["bob", "lea", "ada"])
async def test_nobody_writes_for_somebody_else(office: Office, other: str) -> None:
    written = await _written(office)
    path = f"/api/status/{written['id']}"
    (await office[other].patch(path, {"notes": "x"})).refused(403, "FORBIDDEN")
    (await office[other].delete(path)).refused(403, "FORBIDDEN")
    assert (await office[other].get(path)).ok() == written


async def test_an_auditor_reads_and_writes_nothing(office: Office) -> None:
    written = await _written(office)
    assert (await office["otto"].get("/api/status")).ok()["data"] == [written]
    (await office["otto"].post("/api/status", DAY)).refused(403, "FORBIDDEN")


async def test_a_stale_change_is_refused_with_what_is_there_now(office: Office) -> None:
    answer = await office["ann"].post("/api/status", DAY)
    path, stale = answer.headers["Location"], answer.etag
    (await office["ann"].ask("PATCH", path, {"notes": "x"})).refused(428, "PRECONDITION_REQUIRED")
    fresh = await office["ann"].patch(path, {"notes": "First"}, stale)
    refused = (await office["ann"].patch(path, {"notes": "Second"}, stale)).refused(412, "PRECONDITION_FAILED")
    assert refused.details["current"] == fresh.ok()
    assert refused.details["etag"] == fresh.etag
    (await office["ann"].delete(path, stale)).refused(412, "PRECONDITION_FAILED")


async def test_a_change_that_changes_nothing_leaves_the_version(office: Office) -> None:
    answer = await office["ann"].post("/api/status", DAY)
    again = await office["ann"].patch(answer.headers["Location"], {"health": "at_risk"}, answer.etag)
    assert (again.ok(), again.etag) == (answer.ok(201), answer.etag)


async def test_an_unchanged_update_is_not_sent_again(office: Office) -> None:
    answer = await office["ann"].post("/api/status", DAY)
    same = await office["bob"].get(answer.headers["Location"], If_None_Match=answer.etag)
    assert (same.status, same.body, same.etag) == (304, "", answer.etag)


async def test_a_repeat_with_its_key_is_answered_as_the_first_and_writes_nothing(office: Office) -> None:
    first = await office["ann"].post("/api/status", DAY, Idempotency_Key="day-1")
    again = await office["ann"].post("/api/status", DAY, Idempotency_Key="day-1")
    assert again.ok(201) == first.ok(201)
    assert (again.headers["Idempotency-Replayed"], again.etag) == ("true", first.etag)
    other = await office["ann"].post("/api/status", {**DAY, "mood": "x"}, Idempotency_Key="day-1")
    other.refused(409, "IDEMPOTENCY_KEY_REUSED")
    # A key is one's own.
    assert (await office["bob"].post("/api/status", DAY, Idempotency_Key="day-1")).ok(201) != first.body
    assert len(await office["ann"].all_pages("/api/status")) == 2


async def test_what_is_taken_back_is_gone_with_all_that_hangs_on_it(office: Office) -> None:
    written = await _written(office)
    path = f"/api/status/{written['id']}"
    assert (await office["ann"].delete(path)).status == 204
    (await office["ann"].get(path)).refused(404, "NOT_FOUND")
    async with office.parts.database.read() as connection:
        assert await events_of(connection, written["id"]) == []
        assert await followers_of(connection, written["id"]) == []
        assert (await connection.execute(select(search_documents_table))).all() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("health", "fine"),
        ("done", "text"),
        ("done", [""]),
        ("done", ["x" * 501]),
        ("done", ["x"] * 51),
        ("done", ["a\nb"]),
        ("next", ["a\u202eb"]),
        ("next", ["\u200b\u0000"]),
        ("notes", "x" * 20_001),
        ("notes", "a\u0000b"),
        ("notes", None),
        ("mood", "x" * 21),
        ("mood", "  "),
        ("for_date", "yesterday"),
        ("for_date", "2025-02-30"),
        ("author", "usr_1"),
    ],
)
async def test_a_field_that_is_wrong_is_named(office: Office, field: str, value: Any) -> None:
    refused = await office["ann"].post("/api/status", {**DAY, field: value})
    refused.refused(422, "VALIDATION_ERROR")
    assert refused.details["field"].startswith(field)


async def test_texts_come_back_as_they_were_written(office: Office) -> None:
    hostile: dict[str, Any] = {
        "done": ["<script>alert(1)</script>", "'; DROP TABLE users; --", "👩‍👩‍👧‍👦 עברית العربية"],
        "notes": "# Not\n\n<img src=x onerror=alert(1)> [x](javascript:alert(1)) \u202eevil",
    }
    written = await _written(office, **hostile)
    assert {name: written[name] for name in hostile} == hostile


async def test_a_list_is_filtered_sorted_and_counted(office: Office) -> None:
    for day in range(1, 5):
        await _written(office, for_date=f"2025-10-0{day}", health="on_track" if day % 2 else "off_track")
    await _written(office, "bob")
    lea = office["lea"]
    mine = await office["ann"].all_pages("/api/status?author=me&limit=3")
    assert [one["for_date"] for one in mine] == ["2025-10-04", "2025-10-03", "2025-10-02", "2025-10-01"]
    by_day = await lea.all_pages(f"/api/status?author={office['ann'].user_id}&sort=for_date&health=off_track&limit=1")
    assert [one["for_date"] for one in by_day] == ["2025-10-02", "2025-10-04"]
    page = (await lea.get("/api/status?facets=health&include=total&health=off_track&limit=1")).ok()
    assert page["total"] == {"count": 2, "exact": True}
    # A facet counts what its own filter would leave out: what one could choose instead.
    assert page["facets"] == {"health": {"on_track": 2, "at_risk": 1, "off_track": 2}}
    assert (await lea.get("/api/status?for_date_from=2025-10-02&for_date_to=2025-10-03&include=total")).ok()["total"][
        "count"
    ] == 2
    assert len((await lea.get("/api/status?late=true")).ok()["data"]) == 3


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "health=fine",
        "health=",
        "sort=mood",
        "limit=0",
        "limit=101",
        "limit=x",
        "facets=author",
        "include=all",
        "created_after=today",
        "created_after=2025-10-04T10:00:00",
        "for_date_from=x",
        "late=maybe",
        "author=" + "x" * 201,
        "health=on_track&health=at_risk",
    ],
)
async def test_a_parameter_that_is_wrong_is_refused_and_never_ignored(office: Office, query: str) -> None:
    (await office["ann"].get(f"/api/status?{query}")).refused(422, "VALIDATION_ERROR")
