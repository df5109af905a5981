"""Promises of blockers: who is blocked, who hears of it, who may end it, and how old it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from wipsie.audit import list_events
from wipsie.slices.asyncops.store.followers import followers_of
from wipsie.slices.asyncops.store.search import search_documents_table
from wipsie.slices.asyncops.store.timeline import events_of

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office

LANDLORD = {"kind": "external", "name": "the landlord"}
NEW: dict[str, Any] = {
    "title": "No key to the server room",
    "details": "It is **locked**.",
    "waiting_on": LANDLORD,
    "severity": "hard",
}


async def _opened(office: Office, name: str = "ann", **fields: Any) -> Answer:
    answer = await office[name].post("/api/blockers", {**NEW, **fields})
    answer.ok(201)
    return answer


async def _waits_on_bob(office: Office) -> str:
    answer = await _opened(office, waiting_on={"kind": "user", "id": office["bob"].user_id})
    return answer.headers["Location"]


async def test_a_blocker_is_kept_as_it_was_written(office: Office) -> None:
    answer = await _opened(office)
    written = answer.body
    assert {name: written[name] for name in ("title", "details", "severity")} == {
        name: NEW[name] for name in ("title", "details", "severity")
    }
    assert written["blocked"] == written["created_by"] == {"id": office["ann"].user_id, "name": "Ann"}
    assert written["waiting_on"] == {"kind": "external", "id": "the landlord", "name": "the landlord"}
    assert (written["number"], written["status"], written["since"]) == ("BLK-1", "open", written["created_at"])
    assert written["next_statuses"] == ["acknowledged", "resolved", "withdrawn"]
    for path in (answer.headers["Location"], "/api/blockers/BLK-1", "/api/blockers/blk-1"):
        shown = await office["otto"].get(path)
        assert (shown.ok(), shown.etag) == (written, answer.etag)


async def test_numbers_count_up_without_gaps(office: Office) -> None:
    (await office["ann"].post("/api/blockers", {**NEW, "title": "  "})).refused(422, "VALIDATION_ERROR")
    assert [(await _opened(office)).body["number"] for _ in range(3)] == ["BLK-1", "BLK-2", "BLK-3"]


async def test_whoever_is_waited_on_is_told_and_follows(office: Office) -> None:
    path = await _waits_on_bob(office)
    blocker_id = path.rsplit("/", 1)[1]
    assert await office.mail_to("bob") == ["BLK-1: Ann waits on Bob: No key to the server room"]
    assert await office.mail_to("ann") == []
    async with office.parts.database.read() as connection:
        assert set(await followers_of(connection, blocker_id)) == {office["ann"].user_id, office["bob"].user_id}
    (await office["ann"].patch(path, {"waiting_on": {"kind": "user", "id": office["lea"].user_id}})).ok()
    sentence = "BLK-1: Ann waits on Lea now: No key to the server room"
    assert await office.mail_to("lea") == [sentence]
    assert (await office.mail_to("bob"))[-1] == sentence


async def test_a_change_is_one_commit_with_timeline_search_and_audit_event(office: Office) -> None:
    path = (await _opened(office)).headers["Location"]
    blocker_id = path.rsplit("/", 1)[1]
    moved = await office["ann"].move(f"{path}/transitions", {"to": "resolved", "text": "He came."})
    assert (moved.ok()["resolution"], moved.body["status"], moved.body["version"]) == ("He came.", "resolved", 2)
    async with office.parts.database.read() as connection:
        events = await events_of(connection, blocker_id)
        found = select(search_documents_table).where(search_documents_table.c.object_id == blocker_id)
        document = (await connection.execute(found)).mappings().one()
    assert [(one.kind, one.body) for one in events] == [("created", None), ("transition", "He came.")]
    assert events[1].data is not None
    assert (events[1].data["from"], events[1].data["to"]) == ("open", "resolved")
    assert document["title_words"] == "blk 1 no key to the server room"
    assert document["body_words"] == "it is locked the landlord he came"
    logged = await list_events(office.parts.database)
    assert [(one.action, dict(one.facts)) for one in reversed(logged)] == [
        ("asyncops:blocker:open", {"version": 1, "severity": "hard", "waiting_kind": "external"}),
        (
            "asyncops:blocker:move",
            {"version": 2, "fields": "closed_at_ms+resolution+status", "from_state": "open", "to_state": "resolved"},
        ),
    ]


async def test_a_reopened_blocker_keeps_the_time_since_which_it_stands(office: Office) -> None:
    # Friday, Monday, and Tuesday until 14:00: today, 2025-10-04, is a Saturday.
    path = (await _opened(office, since="2025-10-03T11:00:00+02:00")).headers["Location"]
    office.clock.jump(3 * 24 * 3600)
    closed = (await office["ann"].move(f"{path}/transitions", {"to": "resolved"})).ok()
    assert closed["age_working_hours"] == 8 + 8 + 5
    office.clock.jump(24 * 3600)
    assert (await office["ann"].get(path)).ok()["age_working_hours"] == 8 + 8 + 5
    again = (await office["ann"].move(f"{path}/transitions", {"to": "open", "text": "Lost again."})).ok()
    assert (again["since"], again["closed_at"], again["resolution"]) == ("2025-10-03T09:00:00.000000Z", None, "")
    assert (again["age_working_hours"], again["age_hours"]) == (8 + 8 + 8 + 5, 5 * 24 + 5)


async def test_a_blocker_is_stale_after_three_working_days_where_its_owner_is(office: Office) -> None:
    await office.hire("kei", "member", timezone="Asia/Tokyo", work_days=[1, 2, 3, 4])
    for name in ("ann", "kei"):
        await _opened(office, name, since="2025-10-03T14:00:00Z")
    # Ann: 3 h on Friday, then Monday, Tuesday and 5 h of Wednesday. Kei: Tuesday and Wednesday.
    office.clock.jump(4 * 24 * 3600 - 1)
    assert (await office["lea"].get("/api/blockers?stale=true")).ok()["data"] == []
    office.clock.jump(1)
    stale = (await office["lea"].get("/api/blockers?stale=true")).ok()["data"]
    fresh = (await office["lea"].get("/api/blockers?stale=false")).ok()["data"]
    assert [(one["blocked"]["name"], one["stale"], one["age_working_hours"]) for one in stale] == [("Ann", True, 24.0)]
    assert [(one["blocked"]["name"], one["stale"], one["age_working_hours"]) for one in fresh] == [("Kei", False, 16.0)]
    (await office["ann"].move("/api/blockers/BLK-1/transitions", {"to": "withdrawn"})).ok()
    assert (await office["lea"].get("/api/blockers?stale=true")).ok()["data"] == []


async def test_a_member_opens_for_themselves_and_a_lead_for_others(office: Office) -> None:
    other = {**NEW, "blocked": office["bob"].user_id}
    (await office["ann"].post("/api/blockers", other)).refused(403, "FORBIDDEN")
    (await office["otto"].post("/api/blockers", NEW)).refused(403, "FORBIDDEN")
    nobody = await office["lea"].post("/api/blockers", {**NEW, "blocked": "usr_nobody"})
    assert nobody.refused(422, "VALIDATION_ERROR").details["field"] == "blocked"
    opened = (await office["lea"].post("/api/blockers", other)).ok(201)
    assert (opened["blocked"]["name"], opened["created_by"]["name"]) == ("Bob", "Lea")
    assert await office.mail_to("bob") == ["BLK-1: Bob waits on the landlord: No key to the server room"]


async def test_whoever_is_waited_on_may_acknowledge_and_resolve_and_nothing_else(office: Office) -> None:
    path = await _waits_on_bob(office)
    bob = office["bob"]
    (await bob.patch(path, {"title": "x"})).refused(403, "FORBIDDEN")
    (await bob.delete(path)).refused(403, "FORBIDDEN")
    (await bob.move(f"{path}/transitions", {"to": "withdrawn"})).refused(403, "FORBIDDEN")
    (await bob.move(f"{path}/transitions", {"to": "acknowledged"})).ok()
    assert (await office.mail_to("ann")) == ["BLK-1 is acknowledged: No key to the server room"]
    (await bob.move(f"{path}/transitions", {"to": "resolved"})).ok()
    (await bob.move(f"{path}/transitions", {"to": "open"})).refused(403, "FORBIDDEN")


@pytest.mark.parametrize(("other", "may"), [("bob", False), ("otto", False), ("lea", True), ("ada", True)])
async def test_others_read_and_leads_do_all(office: Office, other: str, may: bool) -> None:
    path = (await _opened(office)).headers["Location"]
    desk = office[other]
    (await desk.get(path)).ok()
    answers = [
        await desk.patch(path, {"severity": "soft"}),
        await desk.move(f"{path}/transitions", {"to": "acknowledged"}),
        await desk.delete(path),
    ]
    if may:
        assert [answer.status for answer in answers] == [200, 200, 204]
        (await desk.get(path)).refused(404, "NOT_FOUND")
    else:
        for answer in answers:
            answer.refused(403, "FORBIDDEN")


async def test_an_illegal_move_names_the_legal_ones(office: Office) -> None:
    path = (await _opened(office)).headers["Location"]
    (await office["ann"].move(f"{path}/transitions", {"to": "resolved"})).ok()
    refused = (await office["ann"].move(f"{path}/transitions", {"to": "acknowledged"})).refused(
        409, "ILLEGAL_TRANSITION"
    )
    assert refused.details == {"from": "resolved", "to": "acknowledged", "legal": ["open"]}


async def test_a_stale_change_is_refused_with_what_is_there_now(office: Office) -> None:
    opened = await _opened(office)
    path = opened.headers["Location"]
    (await office["ann"].post(f"{path}/transitions", {"to": "resolved"})).refused(428, "PRECONDITION_REQUIRED")
    fresh = await office["ann"].patch(path, {"title": "No key"}, opened.etag)
    refused = await office["ann"].move(f"{path}/transitions", {"to": "resolved"}, opened.etag)
    assert refused.refused(412, "PRECONDITION_FAILED").details["current"] == fresh.ok()


async def test_a_repeat_with_its_key_opens_one(office: Office) -> None:
    first = await office["ann"].post("/api/blockers", NEW, Idempotency_Key="one")
    again = await office["ann"].post("/api/blockers", NEW, Idempotency_Key="one")
    assert again.ok(201) == first.ok(201)
    assert len(await office["ann"].all_pages("/api/blockers")) == 1


async def test_blockers_wait_on_each_other_and_never_in_a_circle(office: Office) -> None:
    await _opened(office)
    second = (await _opened(office, waiting_on={"kind": "blocker", "id": "BLK-1"})).body
    assert second["waiting_on"]["name"] == "BLK-1"
    third = (await _opened(office, waiting_on={"kind": "blocker", "id": second["id"]})).body
    assert third["waiting_on"] == {"kind": "blocker", "id": second["id"], "name": "BLK-2"}
    for number in ("BLK-1", "BLK-2", "BLK-3"):
        change = {"waiting_on": {"kind": "blocker", "id": number}}
        refused = (await office["ann"].patch("/api/blockers/BLK-1", change)).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"] == "waiting_on"


async def test_one_waits_on_incidents_one_may_see_by_their_numbers(office: Office) -> None:
    incident = (await office["lea"].post("/api/incidents", {"title": "Mail stands still", "severity": "sev2"})).ok(201)
    opened = (await _opened(office, waiting_on={"kind": "incident", "id": "INC-1"})).body
    assert opened["waiting_on"] == {"kind": "incident", "id": incident["id"], "name": "INC-1"}
    secret = {"title": "A leak", "severity": "sev1", "visibility": "restricted"}
    (await office["lea"].post("/api/incidents", secret)).ok(201)
    unseen = {**NEW, "waiting_on": {"kind": "incident", "id": "INC-2"}}
    absent = {**NEW, "waiting_on": {"kind": "incident", "id": "INC-3"}}
    for name in (unseen, absent):
        (await office["ann"].post("/api/blockers", name)).refused(422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("title", "a\nb"),
        ("title", "a\u202eb"),
        ("details", "x" * 20_001),
        ("details", "a\u0000"),
        ("severity", "medium"),
        ("waiting_on", {"kind": "somebody", "name": "x"}),
        ("waiting_on", {"kind": "external"}),
        ("waiting_on", {"kind": "external", "id": "x"}),
        ("waiting_on", {"kind": "user", "name": "Bob"}),
        ("waiting_on", {"kind": "user", "id": "usr_nobody"}),
        ("waiting_on", {"kind": "blocker", "id": "BLK-77"}),
        ("waiting_on", {"kind": "queue", "id": "default", "name": "x"}),
        ("waiting_on", {"kind": "queue", "id": "no such name"}),
        ("waiting_on", {"kind": "task", "id": "<id>"}),
        ("since", "2025-10-04"),
        ("since", "2025-10-04T10:00:00"),
        ("since", "2025-10-04T14:02:00Z"),
        ("since", "2024-10-01T00:00:00Z"),
        ("since", "0001-01-01T00:00:00+14:00"),
        ("since", "9999-12-31T23:59:59-14:00"),
        ("status", "resolved"),
    ],
)
async def test_a_field_that_is_wrong_is_named(office: Office, field: str, value: Any) -> None:
    refused = (await office["ann"].post("/api/blockers", {**NEW, field: value})).refused(422, "VALIDATION_ERROR")
    assert refused.details["field"].startswith(field)


async def test_nobody_waits_on_themselves(office: Office) -> None:
    me = {"kind": "user", "id": office["ann"].user_id}
    (await office["ann"].post("/api/blockers", {**NEW, "waiting_on": me})).refused(422, "VALIDATION_ERROR")


async def test_texts_come_back_as_they_were_written(office: Office) -> None:
    hostile = {"title": "<script>alert(1)</script> 👩‍👩‍👧‍👦 עברית", "details": "[x](javascript:alert(1)) \u202eevil"}
    written = (await _opened(office, **hostile)).body
    assert {name: written[name] for name in hostile} == hostile


async def test_a_list_is_filtered_sorted_and_counted(office: Office) -> None:
    await _opened(office)
    await _waits_on_bob(office)
    await _opened(office, "bob", severity="soft", since="2025-10-01T00:00:00Z")
    await _opened(office, "lea", blocked=office["bob"].user_id, waiting_on={"kind": "queue", "id": "default"})
    (await office["ann"].move("/api/blockers/BLK-1/transitions", {"to": "resolved"})).ok()

    async def numbers(name: str, query: str) -> list[str]:
        return [one["number"] for one in await office[name].all_pages(f"/api/blockers?limit=2&{query}")]

    assert await numbers("ann", "blocked=me") == ["BLK-2", "BLK-1"]
    assert await numbers("bob", "waiting_on=me") == ["BLK-2"]
    assert await numbers("bob", "waiting_on=default&waiting_kind=queue") == ["BLK-4"]
    assert await numbers("bob", "open=true&sort=since") == ["BLK-3", "BLK-2", "BLK-4"]
    assert await numbers("bob", "open=false") == ["BLK-1"]
    assert await numbers("bob", "status=standing&severity=hard") == ["BLK-4", "BLK-2"]
    assert await numbers("bob", "since_before=2025-10-02T00:00:00Z") == ["BLK-3"]
    page = (await office["bob"].get("/api/blockers?facets=status,severity&severity=soft&include=total")).ok()
    assert page["facets"]["severity"] == {"soft": 1, "hard": 3}
    assert page["facets"]["status"] == {"open": 1, "acknowledged": 0, "resolved": 0, "withdrawn": 0}
    assert page["total"]["count"] == 1
