"""Promises of notes: what happened earlier stands at its time, a correction leaves what it corrects, a pin changes no word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from test_incidents import PATH, at, declared

from wipsie.audit import list_events

if TYPE_CHECKING:
    from wipsie.testing.office import Office

ON = f"{PATH}/INC-1/timeline"


async def test_a_note_stands_where_it_happened_and_followers_are_told(office: Office) -> None:
    await declared(office)
    note = (await office["bob"].post(ON, {"body": "The first mail bounced.", "at": at(office, -1200)})).ok(201)
    assert (note["kind"], note["at"], note["recorded_at"]) == ("note", at(office, -1200), at(office))
    assert note["actor"]["name"] == "Bob"
    by_time = (await office["ann"].get(f"{ON}?sort=at")).ok()["data"]
    assert by_time[0] == note
    assert await office.mail_to("ann") == ["INC-1, a note: Mail stands still"]
    shown = await office["ann"].get(f"{PATH}/INC-1")
    assert shown.ok()["version"] == 1


async def test_a_correction_stands_beside_what_it_corrects(office: Office) -> None:
    await declared(office)
    note = (await office["bob"].post(ON, {"body": "At nine.", "at": at(office, -1200)})).ok(201)
    office.clock.jump(60)
    correction = (await office["ann"].post(ON, {"body": "At eight.", "corrects": note["id"]})).ok(201)
    assert (correction["corrects"], correction["at"]) == (note["id"], note["at"])
    events = (await office["ann"].get(f"{ON}?kind=note&sort=recorded_at")).ok()["data"]
    assert [event["body"] for event in events] == ["At nine.", "At eight."]
    await declared(office)
    elsewhere = await office["ann"].post(f"{PATH}/INC-2/timeline", {"body": "x", "corrects": note["id"]})
    assert elsewhere.refused(422, "VALIDATION_ERROR").details["field"] == "corrects"


async def test_events_are_pinned_and_unpinned(office: Office) -> None:
    await declared(office)
    created = (await office["ann"].get(ON)).ok()["data"][0]
    pin = f"{ON}/{created['id']}/pin"
    for _ in range(2):
        assert (await office["bob"].ask("PUT", pin)).ok() == {**created, "pinned": True}
    assert (await office["ann"].get(f"{ON}?pinned=true")).ok()["data"] == [{**created, "pinned": True}]
    assert (await office["bob"].ask("DELETE", pin)).ok() == created
    assert (await office["ann"].get(f"{ON}?pinned=true")).ok()["data"] == []
    actions = [event.action for event in await list_events(office.parts.database)]
    assert actions == ["asyncops:incident:unpin", "asyncops:incident:pin", "asyncops:incident:declare"]
    (await office["otto"].ask("PUT", pin)).refused(403, "FORBIDDEN")
    await declared(office)
    for wrong in (f"{PATH}/INC-2/timeline/{created['id']}/pin", f"{ON}/tle_nothing/pin", f"{ON}/{'x' * 61}/pin"):
        (await office["bob"].ask("PUT", wrong)).refused(404, "NOT_FOUND")


WRONG: tuple[tuple[str, Any], ...] = (
    ("body", ""),
    ("body", " \n "),
    ("body", "x" * 20_001),
    ("body", "a\u0000b"),
    ("at", "2025-10-04T14:01:01Z"),
    ("at", "noon"),
    ("corrects", "tle_nothing"),
    ("kind", "created"),
    ("pinned", "yes"),
)


async def test_a_field_that_is_wrong_is_named(office: Office) -> None:
    await declared(office)
    for field, value in WRONG:
        answer = await office["ann"].post(ON, {"body": "x", field: value})
        assert answer.refused(422, "VALIDATION_ERROR").details["field"] == field, (field, value)


async def test_an_auditor_adds_nothing(office: Office) -> None:
    await declared(office)
    (await office["otto"].post(ON, {"body": "x"})).refused(403, "FORBIDDEN")
