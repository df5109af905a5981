"""Promises of the clock: whoever leads an incident is reminded of an update that is due, once for each time it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from test_incidents import PATH, declared, moved, timeline

from wipsie.audit import list_events

if TYPE_CHECKING:
    from wipsie.testing.office import Office

DUE = "INC-1 waits for an update: Mail stands still"


async def ticked(office: Office) -> int:
    return (await office.tick())["remind_of_updates"]


async def test_the_lead_is_reminded_once_for_each_time_it_is_due(office: Office) -> None:
    incident = await declared(office, severity="sev2", lead=office["bob"].user_id)
    office.clock.jump(3599)
    assert await ticked(office) == 0
    office.clock.jump(1)
    assert await ticked(office) == 1
    office.clock.jump(86_400)
    assert await ticked(office) == 0
    assert (await office.mail_to("bob"))[1:] == [DUE]
    assert await office.mail_to("ann") == []
    shown = (await office["bob"].get(f"{PATH}/INC-1")).ok()
    # A reminder changes nothing that people read, so that nobody's change is refused for it.
    assert (shown["version"], shown["update_overdue"]) == (1, True)
    assert [event.kind for event in await timeline(office, incident)][-1] == "reminder"
    logged = (await list_events(office.parts.database))[0]
    assert (logged.actor, logged.action) == ("system:asyncops", "asyncops:incident:remind")
    (await office["bob"].post(f"{PATH}/INC-1/updates", {"condition": "x", "actions": "y"})).ok(201)
    assert await ticked(office) == 0
    office.clock.jump(3600)
    assert await ticked(office) == 1


async def test_without_a_lead_whoever_declared_it_is_reminded(office: Office) -> None:
    await declared(office)
    office.clock.jump(3600)
    assert await ticked(office) == 1
    assert await office.mail_to("ann") == [DUE]


async def test_nobody_waits_for_word_of_what_is_small_or_over_or_only_proposed(office: Office) -> None:
    await declared(office, severity="sev4")
    await declared(office, status="proposed")
    await moved(office, await declared(office), "resolved")
    office.clock.jump(30 * 86_400)
    assert await ticked(office) == 0
    assert (await office["lea"].get(f"{PATH}?update_overdue=true")).ok()["data"] == []


async def test_two_looks_at_once_remind_once(office: Office) -> None:
    await declared(office)
    office.clock.jump(3600)
    assert sum(await asyncio.gather(ticked(office), ticked(office))) == 1
    assert await office.mail_to("ann") == [DUE]
