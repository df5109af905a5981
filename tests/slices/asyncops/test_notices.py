"""Promises of mail about records: whoever wants it gets one, and nobody who should not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from wipsie.audit import list_events
from wipsie.auth.accounts import users_table

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def _body_to(office: Office, name: str) -> str:
    (body,) = [
        message["data"]["body"]
        for message in await office.published()
        if message.get("task_type") == "notification" and message["data"]["recipient"] == f"{name}@example.org"
    ]
    return body


async def test_without_a_choice_people_are_told_everything(office: Office) -> None:
    answer = await office["ann"].get("/api/preferences")
    assert answer.ok() == {
        "mail_followed": True,
        "mail_mentions": True,
        "mail_summary": True,
        "summary_sections": None,
        "version": 0,
    }
    assert (await office["ann"].get("/api/preferences", If_None_Match=answer.etag)).status == 304


async def test_preferences_are_ones_own_and_changes_of_a_stale_version_are_refused(office: Office) -> None:
    etag = (await office["ann"].get("/api/preferences")).etag
    sections = ["attention", "updates", "attention"]
    changed = await office["ann"].patch("/api/preferences", {"summary_sections": sections}, etag)
    assert changed.ok()["summary_sections"] == ["attention", "updates"]
    assert (changed.ok()["version"], (await office["bob"].get("/api/preferences")).ok()["version"]) == (1, 0)
    (await office["ann"].patch("/api/preferences", {"mail_summary": False}, etag)).refused(412, "PRECONDITION_FAILED")
    (await office["ann"].ask("PATCH", "/api/preferences", {})).refused(428, "PRECONDITION_REQUIRED")
    same = await office["ann"].patch("/api/preferences", {"mail_mentions": True})
    assert same.ok()["version"] == 1
    assert (await office["ann"].patch("/api/preferences", {"summary_sections": None})).ok()["summary_sections"] is None
    events = [event for event in await list_events(office.parts.database) if "preferences" in event.action]
    assert [event.facts["version"] for event in events] == [2, 1]


async def test_a_choice_that_is_none_is_refused(office: Office) -> None:
    wrong: list[dict[str, Any]] = [
        {"mail_followed": "no"},
        {"mail_followed": None},
        {"summary_sections": ["gossip"]},
        {"summary_sections": ["attention"] * 9},
        {"mail": True},
    ]
    for body in wrong:
        (await office["ann"].patch("/api/preferences", body)).refused(422, "VALIDATION_ERROR")


async def test_each_kind_of_mail_can_be_stopped_and_says_how(office: Office) -> None:
    on = (await office["ann"].post("/api/status", {})).headers["Location"]
    (await office["ann"].patch("/api/preferences", {"mail_followed": False})).ok()
    (await office["lea"].patch("/api/preferences", {"mail_mentions": False})).ok()
    mention = f"@[Lea]({office['lea'].user_id}) @[Ada]({office['ada'].user_id})"
    (await office["bob"].post(f"{on}/comments", {"body": mention})).ok(201)
    assert await office.mail_to("ann") == []
    # Lea follows from now on, and hears of it as a follower.
    assert await office.mail_to("lea") == ["Bob commented on a status update"]
    body = await _body_to(office, "ada")
    assert mention in body
    assert body.index(on) < body.index("-- \nYou are told because somebody mentions you.")
    assert 'set "mail_mentions" to false: PATCH /api/preferences' in body


async def test_who_left_is_told_nothing(office: Office) -> None:
    on = (await office["ann"].post("/api/status", {})).headers["Location"]
    async with office.parts.database.begin() as connection:
        await connection.execute(
            update(users_table).where(users_table.c.id == office["ann"].user_id).values(is_active=False)
        )
    (await office["bob"].post(f"{on}/comments", {"body": "Hm."})).ok(201)
    assert await office.mail_to("ann") == []


async def test_who_may_not_see_a_restricted_incident_any_more_is_told_nothing_more(office: Office) -> None:
    made = (await office["ann"].post("/api/incidents", {"title": "Leak", "severity": "sev1"})).ok(201)
    path = f"/api/incidents/{made['number']}"
    for name in ("bob", "lea"):
        (await office[name].ask("PUT", f"{path}/followers/me")).ok(204)
    (await office["ann"].patch(path, {"visibility": "restricted"})).ok()
    before = {name: len(await office.mail_to(name)) for name in ("bob", "lea")}
    mention = f"@[Bob]({office['bob'].user_id})"
    (await office["ann"].post(f"{path}/comments", {"body": f"Only for few. {mention}"})).ok(201)
    after = {name: len(await office.mail_to(name)) for name in ("bob", "lea")}
    assert (after["bob"] - before["bob"], after["lea"] - before["lea"]) == (0, 1)
    # They follow it still, should it open again, and do not see it in their list.
    assert (await office["bob"].get("/api/followed")).ok()["data"] == []
    for method, sub in (("PUT", "followers/me"), ("GET", "followers"), ("GET", "timeline"), ("GET", "comments")):
        (await office["bob"].ask(method, f"{path}/{sub}")).refused(404, "NOT_FOUND")
    (await office["bob"].get(f"{path}/links")).refused(404, "NOT_FOUND")


async def test_a_restricted_incident_is_left_out_of_links_from_either_side(office: Office) -> None:
    secret = {"title": "Leak", "severity": "sev1", "visibility": "restricted"}
    made = (await office["ann"].post("/api/incidents", secret)).ok(201)
    path = f"/api/incidents/{made['number']}"
    other = (await office["bob"].post("/api/status", {})).headers["Location"]
    to = {"to": {"kind": "status", "id": other.rpartition("/")[2]}}
    (await office["ann"].post(f"{path}/links", to)).ok(201)
    (await office["ann"].post(f"{path}/links", {"to": {"kind": "queue", "id": "default"}})).ok(201)
    link = (await office["lea"].get(f"{other}/links")).ok()["data"][0]
    assert link["to"]["label"] == made["number"]
    assert (await office["bob"].get(f"{other}/links")).ok()["data"] == []
    assert (await office["bob"].get("/api/links?to_kind=queue&to_id=default")).ok()["data"] == []
    assert len((await office["lea"].get("/api/links?to_kind=queue&to_id=default")).ok()["data"]) == 1
    (await office["bob"].ask("DELETE", f"/api/links/{link['id']}")).refused(404, "NOT_FOUND")
    to_secret = {"to": {"kind": "incident", "id": made["number"]}}
    (await office["bob"].post(f"{other}/links", to_secret)).refused(404, "NOT_FOUND")
    # The timeline of what everybody sees does not tell of it.
    events = (await office["bob"].get(f"{other}/timeline")).body
    assert made["id"] not in str(events)
    assert made["number"] not in str(events)
