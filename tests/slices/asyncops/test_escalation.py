"""Promises of the clock: leads hear of what stands for too long, once, and nothing is told again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from wipsie.audit import list_events
from wipsie.auth.accounts import users_table
from wipsie.slices.asyncops.store.timeline import events_of

if TYPE_CHECKING:
    from wipsie.testing.office import Office

NEW: dict[str, Any] = {"title": "No key", "waiting_on": {"kind": "external", "name": "the landlord"}}
DAY_S = 24 * 3600
SENTENCE = "BLK-1: Ann is blocked for 48 working hours: No key"


async def test_all_leads_hear_of_it_once(office: Office) -> None:
    await office.hire("leo", "lead")
    opened = (await office["ann"].post("/api/blockers", NEW)).ok(201)
    # Saturday, 14:00. 48 working hours are the six days from Monday on to the next Monday at 17:00.
    office.clock.jump(9 * DAY_S + 3 * 3600 - 1)
    assert (await office.tick())["escalate_blockers"] == 0
    office.clock.jump(1)
    assert (await office.tick())["escalate_blockers"] == 1
    assert await office.mail_to("lea") == await office.mail_to("leo") == [SENTENCE]
    for name in ("ann", "bob", "ada", "otto"):
        assert await office.mail_to(name) == []
    office.clock.jump(30 * DAY_S)
    assert (await office.tick())["escalate_blockers"] == 0
    assert await office.mail_to("lea") == [SENTENCE]
    shown = (await office["ann"].get("/api/blockers/BLK-1")).ok()
    assert (shown["escalated_at"], shown["version"]) == ("2025-10-13T17:00:00.000000Z", 2)
    async with office.parts.database.read() as connection:
        events = await events_of(connection, opened["id"])
    assert [(one.kind, one.actor) for one in events][1:] == [("update", "system:asyncops")]
    logged = (await list_events(office.parts.database))[0]
    assert (logged.actor, logged.action, logged.facts["leads"]) == ("system:asyncops", "asyncops:blocker:escalate", 2)


async def test_what_is_over_does_not_escalate_and_what_is_reopened_does(office: Office) -> None:
    (await office["ann"].post("/api/blockers", NEW)).ok(201)
    (await office["ann"].move("/api/blockers/BLK-1/transitions", {"to": "resolved"})).ok()
    office.clock.jump(30 * DAY_S)
    assert (await office.tick())["escalate_blockers"] == 0
    (await office["ann"].move("/api/blockers/BLK-1/transitions", {"to": "open"})).ok()
    assert (await office.tick())["escalate_blockers"] == 1
    (await office["ann"].move("/api/blockers/BLK-1/transitions", {"to": "resolved"})).ok()
    (await office["ann"].move("/api/blockers/BLK-1/transitions", {"to": "open"})).ok()
    assert (await office.tick())["escalate_blockers"] == 0


async def test_other_working_days_are_other_times(office: Office) -> None:
    opened = (await office["ann"].post("/api/blockers", NEW)).ok(201)
    async with office.parts.database.begin() as connection:
        await connection.execute(
            update(users_table).where(users_table.c.id == office["ann"].user_id).values(work_days=[])
        )
    office.clock.jump(30 * DAY_S)
    assert (await office.tick())["escalate_blockers"] == 0
    shown = await office["ann"].get("/api/blockers/BLK-1")
    assert (shown.ok()["stale"], shown.body["age_working_hours"], shown.body["version"]) == (False, 0.0, 1)
    assert shown.body["id"] == opened["id"]


async def test_a_team_without_leads_has_its_admins_told(office: Office) -> None:
    async with office.parts.database.begin() as connection:
        left = update(users_table).where(users_table.c.id == office["lea"].user_id)
        await connection.execute(left.values(is_active=False))
    (await office["ann"].post("/api/blockers", NEW)).ok(201)
    office.clock.jump(30 * DAY_S)
    await office.tick()
    assert len(await office.mail_to("ada")) == 1
    assert await office.mail_to("lea") == []


async def test_two_looks_at_once_tell_once(office: Office) -> None:
    import asyncio

    (await office["ann"].post("/api/blockers", NEW)).ok(201)
    office.clock.jump(30 * DAY_S)
    done = await asyncio.gather(office.tick(), office.tick())
    assert sum(one["escalate_blockers"] for one in done) == 1
    assert len(await office.mail_to("lea")) == 1
