"""Promises of restricted incidents: they are there for leads, admins, auditors, whoever declared them and those with a role in
them; for others there is nothing, wherever they look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from test_incidents import PATH, declared, moved

from wipsie.auth.principal import Principal
from wipsie.slices.asyncops.store.incidents import COLUMNS, INCIDENTS, Incident
from wipsie.slices.asyncops.store.records import RecordTable
from wipsie.testing.office import PEOPLE

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office

SECRET = "Zanzibar"


@pytest.fixture
async def incident(office: Office) -> dict[str, Any]:
    """Restricted, with everything on it that can hang on an incident; eve sees nothing of it."""
    await office.hire("eve", "member")
    made = await declared(
        office,
        title=f"{SECRET} leaks",
        summary=SECRET,
        affected=[SECRET],
        visibility="restricted",
        comms=office["bob"].user_id,
    )
    path = f"{PATH}/{made['id']}"
    (await office["ann"].post(f"{path}/follow-ups", {"text": SECRET, "due_on": "2025-10-01"})).ok(201)
    (await office["ann"].post(f"{path}/timeline", {"body": SECRET})).ok(201)
    (await office["ann"].post(f"{path}/comments", {"body": f"{SECRET} indeed"})).ok(201)
    (await office["bob"].post(f"{path}/updates", {"condition": SECRET, "actions": SECRET})).ok(201)
    made = await moved(office, made, "resolved")
    (await office["lea"].post(f"{path}/postmortem", {})).ok(201)
    return made


async def test_those_concerned_see_it(office: Office, incident: dict[str, Any]) -> None:
    for name in ("ann", "bob", "lea", "ada", "otto"):
        path = f"{PATH}/{incident['id']}"
        for shown in (path, f"{path}/timeline", f"{path}/follow-ups", f"{path}/postmortem", f"{path}/comments"):
            assert SECRET in str((await office[name].get(shown)).ok())
        for listed in (PATH, "/api/follow-ups", "/api/postmortems"):
            assert SECRET in str((await office[name].get(listed)).ok())
        found = (await office[name].get(f"/api/search?q={SECRET}&include=total&facets=kind")).ok()
        # The incident, and what was said and done about it.
        assert found["facets"]["kind"]["incident"] == 1
        assert found["total"]["count"] >= 2


async def test_for_others_it_is_not_there(office: Office, incident: dict[str, Any]) -> None:
    eve, number = office["eve"], incident["number"]
    follow_up = (await office["ann"].get("/api/follow-ups")).ok()["data"][0]["id"]
    event = (await office["ann"].get(f"{PATH}/{number}/timeline")).ok()["data"][0]["id"]
    note = {"body": "x"}
    for path in (f"{PATH}/{incident['id']}", f"{PATH}/{number}"):
        refused: list[Answer] = [
            await eve.get(path),
            await eve.patch(path, {"title": "x"}),
            await eve.move(f"{path}/transitions", {"to": "closed"}),
            await eve.post(f"{path}/updates", {"condition": "x", "actions": "x"}),
            await eve.get(f"{path}/timeline"),
            await eve.post(f"{path}/timeline", note),
            await eve.ask("PUT", f"{path}/timeline/{event}/pin"),
            await eve.ask("DELETE", f"{path}/timeline/{event}/pin"),
            await eve.get(f"{path}/follow-ups"),
            await eve.post(f"{path}/follow-ups", {"text": "x"}),
            await eve.get(f"{path}/postmortem"),
            await eve.get(f"{path}/postmortem.md"),
            await eve.post(f"{path}/postmortem", {}),
            await eve.patch(f"{path}/postmortem", {"owner": None}),
            await eve.move(f"{path}/postmortem/transitions", {"to": "in_review"}),
            await eve.get(f"{path}/comments"),
            await eve.post(f"{path}/comments", note),
            await eve.get(f"{path}/followers"),
            await eve.ask("PUT", f"{path}/followers/me"),
            await eve.get(f"{path}/links"),
            await eve.get(f"/api/follow-ups/{follow_up}"),
            await eve.patch(f"/api/follow-ups/{follow_up}", {"state": "completed"}),
        ]
        for answer in refused:
            assert answer.status == 404, answer.body
            assert SECRET not in str(answer.body)
        # What members never may is refused before anybody looks whether it is there.
        for answer in (await eve.delete(path), await eve.move(f"{path}/merge", {"into": number})):
            assert answer.refused(403, "FORBIDDEN").details["permission"] == "incidents:close"
    for listed in (
        PATH,
        f"{PATH}?affected={SECRET}&include=total&facets=severity",
        "/api/follow-ups?overdue=true&include=total&facets=state",
        "/api/postmortems?include=total",
        f"/api/search?q={SECRET}&include=total&facets=kind",
        f"/api/search?q={number}&include=total&facets=kind",
    ):
        page = (await eve.get(listed)).ok()
        assert page["data"] == []
        assert page.get("total", {"count": 0})["count"] == 0
        assert not any(count for counts in page.get("facets", {}).values() for count in counts.values())


async def test_who_loses_their_role_is_told_nothing_more(office: Office, incident: dict[str, Any]) -> None:
    path = f"{PATH}/{incident['id']}"
    (await office["lea"].patch(path, {"comms": None})).ok()
    before = await office.mail_to("bob")
    await moved(office, incident, "closed", override=True)
    assert await office.mail_to("bob") == before
    assert await office.mail_to("ann") != []
    (await office["bob"].get(path)).refused(404, "NOT_FOUND")


async def test_a_restricted_incident_that_is_opened_is_there_for_all(office: Office, incident: dict[str, Any]) -> None:
    path = f"{PATH}/{incident['id']}"
    (await office["lea"].patch(path, {"visibility": "team"})).ok()
    assert (await office["eve"].get(path)).ok()["title"] == f"{SECRET} leaks"
    (await office["lea"].patch(path, {"visibility": "restricted"})).ok()
    (await office["eve"].get(path)).refused(404, "NOT_FOUND")


async def test_the_key_of_a_hidden_trouble_is_taken_and_nothing_is_told_of_it(office: Office) -> None:
    await office.hire("eve", "member")
    await declared(office, dedupe_key="k", visibility="restricted")
    refused = (await office["eve"].post(PATH, {"title": "x", "dedupe_key": "k"})).refused(409, "CONFLICT")
    assert refused.details == {"field": "dedupe_key"}


async def test_what_is_hidden_is_exactly_what_is_not_seen(office: Office) -> None:
    await office.hire("eve", "member")
    bob = office["bob"].user_id
    await declared(office)
    await declared(office, "lea", visibility="restricted")
    await declared(office, "lea", visibility="restricted", scribe=bob)
    await declared(office, "lea", visibility="restricted", lead=bob, comms=bob)
    for name in ("ann", "bob", "eve", "lea", "otto"):
        desk, role = office[name], {"eve": "member", **PEOPLE}[name]
        extents = office.parts.rights.of(role)
        principal = Principal(kind="user", id=desk.user_id, user_id=desk.user_id, role=role, extents=extents)
        async with office.parts.database.read() as connection:
            seen = set((await connection.execute(select(COLUMNS.id).where(INCIDENTS.visible_to(principal)))).scalars())
            hidden = set(
                (await connection.execute(select(COLUMNS.id).where(INCIDENTS.hidden_from(principal)))).scalars()
            )
            by_default = select(COLUMNS.id).where(RecordTable[Incident].hidden_from(INCIDENTS, principal))
            assert set((await connection.execute(by_default)).scalars()) == hidden
            every = set((await connection.execute(select(COLUMNS.id))).scalars())
        assert (seen | hidden, seen & hidden) == (every, set())
