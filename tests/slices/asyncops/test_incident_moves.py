"""Promises of an incident's course: only the moves that are drawn, each with its time, its line on the timeline and its mail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from test_incidents import PATH, at, declared, moved, timeline

from wipsie.audit import list_events
from wipsie.slices.asyncops.store.followers import followers_of
from wipsie.slices.asyncops.store.links import links_table

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def test_every_move_sets_its_time_and_is_on_the_timeline_and_told(office: Office) -> None:
    incident = await declared(office, severity="sev3")
    course = ("investigating", "identified", "mitigated", "resolved", "closed")
    for to in course:
        office.clock.jump(600)
        incident = await moved(office, incident, to)
        assert (incident["status"], incident["acknowledged_at" if to == "investigating" else f"{to}_at"]) == (
            to,
            at(office),
        )
    events = [event for event in await timeline(office, incident) if event.kind == "transition"]
    assert [event.data and (event.data["from"], event.data["to"]) for event in events] == list(
        zip(("declared", *course), course, strict=False)
    )
    assert await office.mail_to("ann") == [f"INC-1 is now {to}: Mail stands still" for to in course]
    assert (incident["next_statuses"], incident["next_update_due_at"]) == (["resolved", "investigating"], None)
    assert incident["durations"] == {
        "time_to_detect_ms": None,
        "time_to_acknowledge_ms": 600_000,
        "time_to_mitigate_ms": 1_800_000,
        "time_to_resolve_ms": 2_400_000,
    }
    logged = (await list_events(office.parts.database))[0]
    assert (logged.action, logged.facts["from"], logged.facts["to"], logged.facts["override"]) == (
        "asyncops:incident:move",
        "resolved",
        "closed",
        False,
    )


async def test_a_move_may_have_happened_earlier(office: Office) -> None:
    incident = await declared(office, declared_at=at(office, -3600))
    incident = await moved(office, incident, "mitigated", at=at(office, -600))
    assert (incident["mitigated_at"], incident["acknowledged_at"]) == (at(office, -600), at(office, -600))
    event = (await timeline(office, incident))[-1]
    assert (event.at_ms, event.recorded_at_ms) == (office.clock.now_ms() - 600_000, office.clock.now_ms())
    path = f"{PATH}/{incident['id']}/transitions"
    for wrong in (at(office, -700), at(office, 61)):
        refused = (await office["lea"].move(path, {"to": "resolved", "at": wrong})).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"] == "at"


async def test_an_illegal_move_is_refused_with_the_legal_ones(office: Office) -> None:
    incident = await declared(office)
    path = f"{PATH}/{incident['id']}/transitions"
    for to in ("closed", "proposed", "declined", "merged", "declared"):
        refused = (await office["lea"].move(path, {"to": to, "reason": "x"})).refused(409, "ILLEGAL_TRANSITION")
        assert refused.details == {"from": "declared", "to": to, "legal": incident["next_statuses"]}
    (await office["lea"].move(path, {"to": "burning"})).refused(422, "VALIDATION_ERROR")
    (await office["lea"].patch(f"{PATH}/{incident['id']}", {"status": "closed"})).refused(422, "VALIDATION_ERROR")


async def test_going_back_and_calling_off_take_a_reason(office: Office) -> None:
    incident = await moved(office, await declared(office), "mitigated")
    path = f"{PATH}/{incident['id']}/transitions"
    for to in ("identified", "canceled"):
        refused = (await office["ann"].move(path, {"to": to, "reason": "  "})).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"] == "reason"
    back = await moved(office, incident, "identified", "ann", reason="It is the other disk.")
    # What was skipped on the way there is reached now.
    assert (back["mitigated_at"], back["identified_at"]) == (None, at(office))
    assert (await timeline(office, incident))[-1].body == "It is the other disk."


async def test_leads_take_up_again_what_was_over(office: Office) -> None:
    incident = await moved(office, await declared(office, severity="sev1"), "resolved")
    office.clock.jump(60)
    reopened = await moved(office, incident, "investigating", reason="Again.")
    assert (reopened["status"], reopened["resolved_at"]) == ("investigating", None)
    assert (reopened["acknowledged_at"], reopened["next_update_due_at"]) == (at(office, -60), at(office, 1800))
    closed = await moved(office, await moved(office, incident, "resolved"), "closed")
    assert closed["closed_at"] == at(office)
    assert (await moved(office, closed, "resolved", reason="Not yet."))["closed_at"] is None


async def test_what_is_proposed_is_accepted_by_anybody_and_declined_by_leads(office: Office) -> None:
    proposed = await declared(office, "bob", status="proposed")
    assert (proposed["declared_at"], proposed["declared_by"], proposed["next_update_due_at"]) == (None, None, None)
    path = f"{PATH}/{proposed['id']}/transitions"
    (await office["ann"].move(path, {"to": "declined"})).refused(403, "FORBIDDEN")
    accepted = (await office["ann"].move(path, {"to": "open"}, "*")).ok()
    assert (accepted["status"], accepted["declared_by"]["name"]) == ("declared", "Ann")
    # Whoever accepted it declared it: it is theirs.
    assert (await moved(office, accepted, "resolved", "ann"))["status"] == "resolved"
    other = await declared(office, "bob", status="proposed")
    declined = await moved(office, other, "declined")
    assert (declined["next_statuses"], declined["status_label"]) == ([], "closed")
    (await office["lea"].patch(f"{PATH}/{other['id']}", {"title": "x"})).refused(409, "CONFLICT")


async def test_times_can_be_put_right_in_their_order(office: Office) -> None:
    incident = await moved(office, await declared(office), "mitigated")
    path = f"{PATH}/{incident['id']}"
    office.clock.jump(7200)
    sent = {
        "impact_started_at": at(office, -9000),
        "detected_at": at(office, -8000),
        "declared_at": at(office, -7000),
        "identified_at": at(office, -6000),
        "acknowledged_at": at(office, -6500),
        "mitigated_at": at(office, -5000),
    }
    changed = (await office["ann"].patch(path, sent)).ok()
    assert {name: changed[name] for name in sent} == sent
    assert changed["durations"]["time_to_mitigate_ms"] == 4_000_000
    for wrong in (
        {"impact_started_at": at(office, -7500)},
        {"declared_at": at(office, -8500)},
        {"mitigated_at": at(office, 120)},
        {"mitigated_at": None},
        {"declared_at": None},
        {"resolved_at": at(office)},
        {"next_update_due_at": at(office, -3600)},
        {"next_update_due_at": at(office, 31 * 86_400)},
    ):
        refused = (await office["ann"].patch(path, wrong)).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"] in MOMENTS
    assert (await office["ann"].patch(path, {"impact_started_at": None})).ok()["impact_started_at"] is None
    assert (await office["ann"].patch(path, {"next_update_due_at": None})).ok()["next_update_due_at"] is None


MOMENTS = (
    "impact_started_at",
    "detected_at",
    "declared_at",
    "acknowledged_at",
    "identified_at",
    "mitigated_at",
    "resolved_at",
    "next_update_due_at",
)


@pytest.mark.parametrize("severity", ["sev1", "sev2", "sev3"])
async def test_a_grave_incident_does_not_end_with_follow_ups_outstanding_unless_a_lead_says_so(
    office: Office, severity: str
) -> None:
    incident = await declared(office, severity=severity)
    path = f"{PATH}/{incident['id']}"
    (await office["ann"].post(f"{path}/follow-ups", {"text": "Alarm on it"})).ok(201)
    cancel = {"to": "canceled", "reason": "x"}
    if severity == "sev3":
        assert (await office["ann"].move(f"{path}/transitions", cancel)).ok()["status"] == "canceled"
        return
    # Nor is it called off instead: ``override`` is no word for members.
    (await office["ann"].move(f"{path}/transitions", cancel)).refused(409, "CONFLICT")
    (await office["ann"].move(f"{path}/transitions", {**cancel, "override": True})).refused(403, "FORBIDDEN")
    await moved(office, incident, "resolved")
    refused = (await office["lea"].move(f"{path}/transitions", {"to": "closed"})).refused(409, "CONFLICT")
    assert refused.details["outstanding"] == 1
    closed = await moved(office, incident, "closed", override=True)
    assert closed["status"] == "closed"
    event = (await timeline(office, incident))[-1]
    assert event.data is not None
    assert event.data["override"] == 1
    assert (await list_events(office.parts.database))[0].facts["override"] is True


async def test_a_merged_incident_leaves_followers_and_follow_ups_to_the_other(office: Office) -> None:
    first, second = await declared(office, "ann"), await declared(office, "bob", title="No mail")
    path = f"{PATH}/{second['id']}"
    kept = (await office["bob"].post(f"{path}/follow-ups", {"text": "Still to do"})).ok(201)
    done = (await office["bob"].post(f"{path}/follow-ups", {"text": "Done"})).ok(201)
    (await office["bob"].patch(f"/api/follow-ups/{done['id']}", {"state": "completed"})).ok()
    merged = (await office["lea"].move(f"{path}/merge", {"into": "INC-1", "reason": "The same."})).ok()
    assert (merged["status"], merged["duplicate_of"]) == ("merged", {"id": first["id"], "number": "INC-1"})
    assert (merged["next_statuses"], merged["closed_at"]) == ([], at(office))
    (taken,) = await office["ann"].all_pages(f"{PATH}/INC-1/follow-ups")
    assert (taken["id"], taken["object"]["number"], taken["version"]) == (kept["id"], "INC-1", 2)
    assert [one["id"] for one in await office["ann"].all_pages(f"{path}/follow-ups")] == [done["id"]]
    async with office.parts.database.read() as connection:
        assert set(await followers_of(connection, first["id"])) >= {office["ann"].user_id, office["bob"].user_id}
        link = (await connection.execute(links_table.select())).mappings().one()
    assert (link["from_id"], link["relation"], link["to_id"]) == (second["id"], "duplicates", first["id"])
    assert [event.kind for event in await timeline(office, first)][-1] == "link"
    for number, other in (("INC-1", second), ("INC-2", first)):
        assert other["id"] in str((await office["ann"].get(f"{PATH}/{number}/links")).ok()["data"])
    assert (await office.mail_to("bob"))[-1] == "INC-2 goes on as INC-1: No mail"
    # Over for good: nothing goes into it, and it goes nowhere else.
    for body, where in (({"into": "INC-2"}, "INC-1"), ({"into": "INC-1"}, "INC-2")):
        (await office["lea"].move(f"{PATH}/{where}/merge", body)).refused(409, "ILLEGAL_TRANSITION")
    for into in ("INC-1", "INC-99", "inc_nothing", "x" * 60):
        (await office["lea"].move(f"{PATH}/INC-1/merge", {"into": into})).refused(422, "VALIDATION_ERROR")
    (await office["lea"].delete(f"{PATH}/INC-2")).ok(204)


async def test_what_others_were_merged_into_cannot_be_removed(office: Office) -> None:
    await declared(office)
    await declared(office)
    (await office["lea"].move(f"{PATH}/INC-2/merge", {"into": "INC-1"})).ok()
    await moved(office, {"id": "INC-1"}, "canceled", reason="x")
    (await office["lea"].delete(f"{PATH}/INC-1")).refused(409, "CONFLICT")
    (await office["lea"].delete(f"{PATH}/INC-2")).ok(204)
    (await office["lea"].delete(f"{PATH}/INC-1")).ok(204)


async def test_two_merges_against_each_other_leave_one_that_goes_on(office: Office) -> None:
    first, second = await declared(office), await declared(office)
    answers = await asyncio.gather(
        office["lea"].move(f"{PATH}/{first['id']}/merge", {"into": second["id"]}),
        office["ada"].move(f"{PATH}/{second['id']}/merge", {"into": first["id"]}),
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert sorted(one["status"] for one in await office["lea"].all_pages(PATH)) == ["declared", "merged"]


async def test_two_who_move_at_once_do_not_overtake_each_other(office: Office) -> None:
    incident = await declared(office)
    path = f"{PATH}/{incident['id']}/transitions"
    answers = await asyncio.gather(
        office["lea"].move(path, {"to": "resolved"}, '"1"'), office["ada"].move(path, {"to": "mitigated"}, '"1"')
    )
    assert sorted(answer.status for answer in answers) == [200, 412]
    transitions: list[Any] = [event for event in await timeline(office, incident) if event.kind == "transition"]
    assert len(transitions) == 1
