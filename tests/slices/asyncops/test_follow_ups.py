"""Promises of follow-ups: somebody's, with a day, and never dropped without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from test_incidents import PATH, declared, moved, timeline

from wipsie.audit import list_events

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office

TASK = {"text": "Alarm when writes are refused", "due_on": "2025-10-10"}


async def added(office: Office, incident: dict[str, Any], name: str = "bob", **fields: Any) -> dict[str, Any]:
    return (await office[name].post(f"{PATH}/{incident['id']}/follow-ups", {**TASK, **fields})).ok(201)


async def test_whose_it_is_hears_of_it_and_follows(office: Office) -> None:
    incident = await declared(office)
    answer = await office["bob"].post(f"{PATH}/INC-1/follow-ups", {**TASK, "owner": office["lea"].user_id})
    follow_up = answer.ok(201)
    assert {name: follow_up[name] for name in TASK} == TASK
    assert (follow_up["state"], follow_up["owner"]["name"], follow_up["overdue"]) == ("outstanding", "Lea", False)
    assert follow_up["object"] == {
        "kind": "incident",
        "id": incident["id"],
        "number": "INC-1",
        "title": incident["title"],
        "path": f"{PATH}/{incident['id']}",
    }
    shown = await office["ann"].get(answer.headers["Location"])
    assert (shown.ok(), shown.etag) == (follow_up, answer.etag)
    assert (await office.mail_to("lea"))[-1] == "INC-1, a follow-up is yours: Mail stands still"
    event = (await timeline(office, incident))[-1]
    assert (event.kind, event.body) == ("follow_up", TASK["text"])
    assert (await list_events(office.parts.database))[0].action == "asyncops:incident:add_follow_up"


async def test_it_is_completed_or_given_up_with_a_reason(office: Office) -> None:
    follow_up = await added(office, await declared(office))
    path = f"/api/follow-ups/{follow_up['id']}"
    refused = (await office["bob"].patch(path, {"state": "not_doing"})).refused(422, "VALIDATION_ERROR")
    assert refused.details["field"] == "reason"
    (await office["bob"].patch(path, {"reason": "Why?"})).refused(422, "VALIDATION_ERROR")
    given_up = (await office["bob"].patch(path, {"state": "not_doing", "reason": "It moves away."})).ok()
    assert (given_up["reason"], given_up["done_at"] is None) == ("It moves away.", False)
    again = (await office["bob"].patch(path, {"state": "outstanding"})).ok()
    assert (again["reason"], again["done_at"]) == ("", None)
    done = await office["bob"].patch(path, {"state": "completed", "due_on": None})
    assert (done.ok()["state"], done.body["due_on"]) == ("completed", None)
    assert (await office["bob"].patch(path, {"state": "completed"}, done.etag)).etag == done.etag


async def test_others_do_not_touch_it(office: Office) -> None:
    await office.hire("eve", "member")
    follow_up = await added(office, await declared(office), owner=office["bob"].user_id)
    path = f"/api/follow-ups/{follow_up['id']}"
    for name in ("eve", "otto"):
        (await office[name].patch(path, {"state": "completed"})).refused(403, "FORBIDDEN")
    (await office["otto"].post(f"{PATH}/INC-1/follow-ups", TASK)).refused(403, "FORBIDDEN")
    for name in ("bob", "ann", "lea"):
        (await office[name].patch(path, {"text": f"By {name}"})).ok()


async def test_a_stale_change_is_refused(office: Office) -> None:
    answer = await office["bob"].post(f"{PATH}/{(await declared(office))['id']}/follow-ups", TASK)
    path = answer.headers["Location"]
    (await office["bob"].ask("PATCH", path, {"text": "x"})).refused(428, "PRECONDITION_REQUIRED")
    fresh = await office["bob"].patch(path, {"text": "x"}, answer.etag)
    stale: Answer = await office["bob"].patch(path, {"text": "y"}, answer.etag)
    assert stale.refused(412, "PRECONDITION_FAILED").details["current"] == fresh.ok()


async def test_the_list_over_all_is_filtered_and_sorted(office: Office) -> None:
    first, second = await declared(office), await declared(office)
    late = await added(office, first, due_on="2025-10-03", owner=office["bob"].user_id)
    today = await added(office, second, due_on="2025-10-04")
    whenever = await added(office, second, due_on=None, owner=office["lea"].user_id)
    done = await added(office, first, due_on="2025-09-01")
    (await office["bob"].patch(f"/api/follow-ups/{done['id']}", {"state": "completed"})).ok()

    async def ids(name: str, query: str) -> list[str]:
        return [one["id"] for one in await office[name].all_pages(f"/api/follow-ups?{query}&limit=1")]

    assert await ids("ann", "sort=due_on") == [done["id"], late["id"], today["id"], whenever["id"]]
    assert await ids("ann", "overdue=true") == [late["id"]]
    assert await ids("ann", "overdue=false&sort=created_at") == [today["id"], whenever["id"], done["id"]]
    assert await ids("bob", "owner=me") == [late["id"]]
    assert await ids("bob", "owner=none&state=outstanding") == [today["id"]]
    assert await ids("bob", "due_on_from=2025-10-04&due_on_to=2025-12-31") == [today["id"]]
    page = (await office["otto"].get("/api/follow-ups?facets=state&state=completed")).ok()
    assert page["facets"]["state"] == {"outstanding": 3, "completed": 1, "not_doing": 0}
    one = await office["otto"].all_pages(f"{PATH}/{second['id']}/follow-ups?sort=created_at")
    assert [each["id"] for each in one] == [today["id"], whenever["id"]]


async def test_nothing_follows_from_what_was_no_incident(office: Office) -> None:
    incident = await declared(office, status="proposed")
    await moved(office, incident, "declined")
    (await office["lea"].post(f"{PATH}/INC-1/follow-ups", TASK)).refused(409, "CONFLICT")


WRONG: tuple[tuple[str, Any], ...] = (
    ("text", ""),
    ("text", " "),
    ("text", "x" * 501),
    ("text", "a\nb"),
    ("owner", "usr_nobody"),
    ("due_on", "tomorrow"),
    ("due_on", "2025-02-30"),
    ("due_on", "9999-12-31"),
    ("due_on", "0001-01-01"),
    ("state", "completed"),
    ("reason", "x"),
)


async def test_a_field_that_is_wrong_is_named(office: Office) -> None:
    await declared(office)
    for field, value in WRONG:
        answer = await office["ann"].post(f"{PATH}/INC-1/follow-ups", {**TASK, field: value})
        assert answer.refused(422, "VALIDATION_ERROR").details["field"].startswith(field), (field, value)
