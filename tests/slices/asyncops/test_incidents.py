"""Promises of incidents: declared in one step, told to whom it concerns, changed by those whose business it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wipsie.audit import list_events
from wipsie.kernel.clock import iso_utc_ms
from wipsie.slices.asyncops.store.followers import followers_of
from wipsie.slices.asyncops.store.timeline import TimelineEvent, events_of

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office

MAIL = {"title": "Mail stands still", "severity": "sev2", "affected": ["mail", "Archive"], "summary": "Nothing moves."}
PATH = "/api/incidents"


async def declared(office: Office, name: str = "ann", **fields: Any) -> dict[str, Any]:
    return (await office[name].post(PATH, {**MAIL, **fields})).ok(201)


async def moved(office: Office, incident: dict[str, Any], to: str, name: str = "lea", **fields: Any) -> dict[str, Any]:
    return (await office[name].move(f"{PATH}/{incident['id']}/transitions", {"to": to, **fields})).ok()


async def timeline(office: Office, incident: dict[str, Any]) -> list[TimelineEvent]:
    async with office.parts.database.read() as connection:
        return await events_of(connection, incident["id"])


def at(office: Office, seconds: float = 0) -> str:
    return iso_utc_ms(office.clock.now_ms() + round(seconds * 1000))


async def test_an_incident_is_declared_in_one_step_and_found_by_its_number(office: Office) -> None:
    answer = await office["ann"].post(PATH, MAIL)
    incident = answer.ok(201)
    assert {name: incident[name] for name in MAIL} == MAIL
    assert (incident["number"], incident["severity_label"]) == ("INC-1", "high")
    assert (incident["status"], incident["status_label"], incident["source"]) == ("declared", "open", "manual")
    assert incident["declared_at"] == at(office)
    assert incident["declared_by"] == {"id": office["ann"].user_id, "name": "Ann"}
    assert incident["next_update_due_at"] == at(office, 3600)
    assert answer.headers["Location"] == f"{PATH}/{incident['id']}"
    for reference in (incident["id"], "INC-1", "inc-1"):
        shown = await office["bob"].get(f"{PATH}/{reference}")
        assert (shown.ok(), shown.etag) == (incident, answer.etag)
    assert (await declared(office))["number"] == "INC-2"


async def test_simple_clients_may_use_their_own_words(office: Office) -> None:
    words = {"critical": "sev1", "high": "sev2", "medium": "sev3", "low": "sev4"}
    for word, severity in words.items():
        incident = await declared(office, severity=word, status="open")
        assert (incident["severity"], incident["severity_label"]) == (severity, word)
        assert [one["id"] for one in await office["bob"].all_pages(f"{PATH}?severity={word}&status=open")] == [
            incident["id"]
        ]


async def test_leads_hear_of_grave_incidents_and_of_proposals_and_roles_of_their_own(office: Office) -> None:
    await declared(office, severity="sev3")
    assert await office.mail_to("lea") == []
    await declared(office, severity="sev1", lead=office["bob"].user_id)
    await declared(office, severity="sev4", status="proposed")
    assert await office.mail_to("lea") == [
        "INC-2 was declared (sev1): Mail stands still",
        "INC-3 was proposed (sev4): Mail stands still",
    ]
    assert await office.mail_to("bob") == ["INC-2 was declared (sev1): Mail stands still"]
    assert await office.mail_to("ann") == []


async def test_whoever_gets_a_role_follows_and_the_timeline_knows_who_gave_it_up(office: Office) -> None:
    incident = await declared(office, lead=office["bob"].user_id)
    path = f"{PATH}/{incident['id']}"
    changed = (await office["lea"].patch(path, {"lead": office["lea"].user_id, "scribe": office["bob"].user_id})).ok()
    assert (changed["lead"]["name"], changed["scribe"]["name"], changed["comms"]) == ("Lea", "Bob", None)
    roles = [event.data for event in await timeline(office, incident) if event.kind == "role"]
    ann, bob, lea = (office[name].user_id for name in ("ann", "bob", "lea"))
    assert roles == [
        {"role": "lead", "assumed": bob, "renounced": None},
        {"role": "lead", "assumed": lea, "renounced": bob},
        {"role": "scribe", "assumed": bob, "renounced": None},
    ]
    async with office.parts.database.read() as connection:
        assert await followers_of(connection, incident["id"]) == [ann, bob, lea]
    (await office["lea"].patch(path, {"comms": "usr_nobody"})).refused(422, "VALIDATION_ERROR")


async def test_a_worse_severity_is_told_and_brings_the_next_update_forward(office: Office) -> None:
    incident = await declared(office, severity="sev3")
    changed = (await office["ann"].patch(f"{PATH}/{incident['id']}", {"severity": "critical"})).ok()
    assert (changed["severity"], changed["next_update_due_at"]) == ("sev1", at(office, 1800))
    bob = await office["bob"].patch(f"{PATH}/{incident['id']}", {"severity": "sev4"})
    bob.refused(403, "FORBIDDEN")
    (await office["lea"].patch(f"{PATH}/{incident['id']}", {"severity": "sev4"})).ok()
    assert await office.mail_to("ann") == ["INC-1: it is sev4 now: Mail stands still"]


async def test_a_member_steers_what_they_declared_or_lead_and_nothing_else(office: Office) -> None:
    incident = await declared(office)
    path = f"{PATH}/{incident['id']}"
    (await office["bob"].patch(path, {"summary": "x"})).refused(403, "FORBIDDEN")
    (await office["bob"].move(f"{path}/transitions", {"to": "investigating"})).refused(403, "FORBIDDEN")
    (await office["ann"].patch(path, {"lead": office["bob"].user_id})).ok()
    (await office["bob"].patch(path, {"summary": "Mine now."})).ok()
    assert (await moved(office, incident, "resolved", "bob"))["status"] == "resolved"
    # Ending and taking up again is for leads.
    (await office["bob"].move(f"{path}/transitions", {"to": "closed"})).refused(403, "FORBIDDEN")
    (await office["bob"].move(f"{path}/transitions", {"to": "investigating", "reason": "x"})).refused(403, "FORBIDDEN")
    (await office["bob"].move(f"{path}/merge", {"into": "INC-1"})).refused(403, "FORBIDDEN")


async def test_an_auditor_reads_and_changes_nothing(office: Office) -> None:
    incident = await declared(office)
    path = f"{PATH}/{incident['id']}"
    assert (await office["otto"].get(path)).ok() == incident
    refused = [
        await office["otto"].post(PATH, MAIL),
        await office["otto"].patch(path, {"title": "x"}),
        await office["otto"].move(f"{path}/transitions", {"to": "resolved"}),
        await office["otto"].move(f"{path}/merge", {"into": "INC-2"}),
        await office["otto"].post(f"{path}/updates", {"condition": "x", "actions": "y"}),
        await office["otto"].delete(path),
    ]
    assert {answer.refused(403, "FORBIDDEN").status for answer in refused} == {403}


async def test_only_one_open_incident_has_a_dedupe_key(office: Office) -> None:
    first = await declared(office, dedupe_key="queue_stuck:mail")
    refused = (await office["bob"].post(PATH, {**MAIL, "dedupe_key": "queue_stuck:mail"})).refused(409, "CONFLICT")
    assert refused.details["id"] == first["id"]
    await moved(office, first, "resolved")
    second = await declared(office, dedupe_key="queue_stuck:mail")
    # The number that was refused was not used up.
    assert second["number"] == "INC-2"
    again = {"to": "investigating", "reason": "Again."}
    refused = (await office["lea"].move(f"{PATH}/{first['id']}/transitions", again)).refused(409, "CONFLICT")
    assert refused.details["id"] == second["id"]


async def test_a_stale_change_is_refused_with_what_is_there_now(office: Office) -> None:
    answer = await office["ann"].post(PATH, MAIL)
    path, stale = answer.headers["Location"], answer.etag
    await declared(office)
    (await office["ann"].ask("PATCH", path, {"title": "x"})).refused(428, "PRECONDITION_REQUIRED")
    (await office["ann"].ask("POST", f"{path}/transitions", {"to": "resolved"})).refused(428, "PRECONDITION_REQUIRED")
    fresh = await office["ann"].patch(path, {"title": "First"}, stale)
    refused: list[Answer] = [
        await office["ann"].patch(path, {"title": "Second"}, stale),
        await office["ann"].move(f"{path}/transitions", {"to": "resolved"}, stale),
        await office["lea"].move(f"{path}/merge", {"into": "INC-2"}, stale),
        await office["lea"].delete(path, stale),
    ]
    for answer in refused:
        assert answer.refused(412, "PRECONDITION_FAILED").details["current"] == fresh.ok()


async def test_only_what_was_no_incident_can_be_removed(office: Office) -> None:
    incident = await declared(office)
    path = f"{PATH}/{incident['id']}"
    (await office["lea"].delete(path)).refused(409, "CONFLICT")
    await moved(office, incident, "canceled", reason="A drill.")
    (await office["ann"].delete(path)).refused(403, "FORBIDDEN")
    assert (await office["lea"].delete(path)).status == 204
    (await office["lea"].get(path)).refused(404, "NOT_FOUND")
    actions = [event.action for event in await list_events(office.parts.database)]
    assert actions == ["asyncops:incident:remove", "asyncops:incident:move", "asyncops:incident:declare"]


WRONG: tuple[tuple[str, Any], ...] = (
    ("title", ""),
    ("title", "  "),
    ("title", "x" * 201),
    ("title", "a\nb"),
    ("title", "a\u202eb"),
    ("title", "a\u0000b"),
    ("title", None),
    ("severity", "sev5"),
    ("status", "closed"),
    ("status", "resolved"),
    ("visibility", "secret"),
    ("summary", "x" * 20_001),
    ("summary", "a\u0000b"),
    ("affected", ["x" * 101]),
    ("affected", ["x"] * 51),
    ("affected", ["a\nb"]),
    ("affected", "mail"),
    ("lead", "usr_nobody"),
    ("lead", "x" * 201),
    ("dedupe_key", ""),
    ("dedupe_key", "a\nb"),
    ("impact_started_at", "yesterday"),
    ("impact_started_at", "2025-10-04T13:00:00"),
    ("impact_started_at", "1999-12-31T23:59:59Z"),
    ("impact_started_at", "0001-01-01T00:00:00+14:00"),
    ("impact_started_at", "9999-12-31T23:59:59-14:00"),
    ("declared_at", "2025-10-04T14:02:00Z"),
    ("mitigated_at", "2025-10-04T13:00:00Z"),
    ("number", 7),
    ("created_by", "usr_1"),
)


async def test_a_field_that_is_wrong_is_named(office: Office) -> None:
    for field, value in WRONG:
        refused = (await office["ann"].post(PATH, {**MAIL, field: value})).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"].startswith(field), (field, value)


async def test_what_is_affected_is_compared_without_case(office: Office) -> None:
    incident = await declared(office, affected=["Mail", "mail", "Straße"])
    other = await declared(office, affected=["archive"])
    assert incident["affected"] == ["Mail", "Straße"]
    lea = office["lea"]
    assert [one["id"] for one in await lea.all_pages(f"{PATH}?affected=MAIL")] == [incident["id"]]
    assert [one["id"] for one in await lea.all_pages(f"{PATH}?affected=STRASSE")] == [incident["id"]]
    (await lea.patch(f"{PATH}/{incident['id']}", {"affected": ["archive"]})).ok()
    assert await lea.all_pages(f"{PATH}?affected=mail") == []
    found = await lea.all_pages(f"{PATH}?affected=archive&limit=1&sort=created_at")
    assert [one["id"] for one in found] == [incident["id"], other["id"]]


async def test_the_list_is_filtered_sorted_and_counted(office: Office) -> None:
    grave = await declared(office, severity="sev1", declared_at=at(office, -3600), lead=office["lea"].user_id)
    small = await declared(office, severity="sev4")
    proposed = await declared(office, severity="sev3", status="proposed")
    await moved(office, small, "resolved")
    lea = office["lea"]

    async def ids(query: str) -> list[str]:
        return [one["id"] for one in await lea.all_pages(f"{PATH}?{query}&limit=1")]

    every = [grave["id"], small["id"], proposed["id"]]
    assert await ids("sort=created_at") == every
    assert await ids("sort=severity") == [grave["id"], proposed["id"], small["id"]]
    assert await ids("sort=declared_at") == every
    assert await ids("sort=-updated_at") == every[::-1]
    assert await ids("open=true") == [proposed["id"], grave["id"]]
    assert await ids("open=false") == [small["id"]]
    assert await ids("lead=me") == [grave["id"]]
    assert await ids("lead=none&status=open") == [proposed["id"]]
    assert await ids(f"declared_before={at(office)}") == [grave["id"]]
    assert await ids("status=resolved,closed") == [small["id"]]
    assert await ids("update_overdue=true") == []
    office.clock.jump(1801)
    assert await ids("update_overdue=true") == [grave["id"]]
    assert await ids("update_overdue=false") == [proposed["id"], small["id"]]
    page = (await lea.get(f"{PATH}?facets=status,severity&open=true&include=total")).ok()
    assert page["total"] == {"count": 2, "exact": True}
    assert page["facets"]["severity"] == {"sev1": 1, "sev2": 0, "sev3": 1, "sev4": 0}
    assert {status: count for status, count in page["facets"]["status"].items() if count} == {
        "proposed": 1,
        "declared": 1,
    }


async def test_an_update_tells_followers_and_moves_the_clock_on(office: Office) -> None:
    incident = await declared(office)
    path = f"{PATH}/{incident['id']}"
    office.clock.jump(1800)
    update = {"condition": "4,000 wait", "actions": "Moving the archive", "needs": "A key"}
    answer = await office["bob"].post(f"{path}/updates", {**update, "message": "More **later**."})
    told = answer.ok(201)
    assert (told["last_update_at"], told["next_update_due_at"]) == (at(office), at(office, 3600))
    event = (await timeline(office, incident))[-1]
    assert (event.kind, event.data and {name: event.data[name] for name in update}) == ("update", update)
    assert await office.mail_to("ann") == ["INC-1, an update: Mail stands still"]
    sooner = await office["bob"].post(f"{path}/updates", {**update, "next_update_in": "45m"})
    assert sooner.ok(201)["next_update_due_at"] == at(office, 2700)
    never = await office["bob"].post(f"{path}/updates", {**update, "next_update_in": None})
    assert never.ok(201)["next_update_due_at"] is None
    for wrong in ("soon", "30s", "31d", "nan", "1e999", "-5m"):
        (await office["bob"].post(f"{path}/updates", {**update, "next_update_in": wrong})).refused(
            422, "VALIDATION_ERROR"
        )
    await moved(office, incident, "resolved")
    (await office["bob"].post(f"{path}/updates", update)).refused(409, "CONFLICT")


async def test_texts_come_back_as_they_were_written(office: Office) -> None:
    hostile: dict[str, Any] = {
        "title": "<script>alert(1)</script> '; DROP TABLE incidents; --",
        "affected": ["<b>mail</b>", "👩‍👩‍👧‍👦"],
        "summary": "# Not\n\n<img src=x onerror=alert(1)> [x](javascript:alert(1)) \u202eevil",
    }
    incident = await declared(office, **hostile)
    assert {name: incident[name] for name in hostile} == hostile


async def test_what_was_made_when_is_told_to_the_millisecond(office: Office) -> None:
    made = [await declared(office)]
    for _ in range(3):
        office.clock.jump(0.001)
        made.append(await declared(office))
    lea = office["lea"]
    after = await lea.all_pages(f"{PATH}?created_after={made[1]['created_at']}&sort=created_at&limit=1")
    assert [one["id"] for one in after] == [one["id"] for one in made[1:]]
    before = await lea.all_pages(f"{PATH}?created_before={made[2]['created_at']}&sort=created_at&limit=1")
    assert [one["id"] for one in before] == [one["id"] for one in made[:2]]
    both = f"created_after={made[1]['created_at']}&created_before={made[3]['created_at']}&include=total"
    assert (await lea.get(f"{PATH}?{both}")).ok()["total"]["count"] == 2
