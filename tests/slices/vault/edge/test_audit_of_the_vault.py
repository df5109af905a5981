"""What was done with reports is told by one chain, whoever writes to it at the same moment; and whatever is done to the chain itself is
found (V13 of the acceptance list)."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from vault_office import VaultOffice

from wipsie.audit import Verification, list_events, verify
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
HANDS = 16


async def proof(office: VaultOffice) -> Verification:
    parts = office.office.parts
    return await verify(office.database, parts.audit.keys, anchors=await parts.anchors.all())


async def live(office: VaultOffice) -> str:
    """A report is kept, opened in need, its link used once and refused once; whose it is."""
    owner = await office.meet()
    await office.save(owner)
    opened = (await office.break_glass(owner)).ok()
    path = "/vault/links/" + opened["link"].rpartition("/")[2]
    async with aiohttp.ClientSession(office.office.url) as anybody:
        for status in (200, 404):
            async with anybody.post(path) as answer:
                assert answer.status == status
    await office.break_glass(owner, 9)
    return owner


@DATABASES
async def test_sixteen_who_do_everything_at_once_make_one_chain_and_raise_no_alarm(office: VaultOffice) -> None:
    owners = [await office.meet() for _ in range(HANDS)]
    ring = await office.ring()
    room = ReadingRoom(office.database, None)  # pyright: ignore[reportArgumentType]  it opens no files here

    async def act(owner: str) -> None:
        await office.save(owner)
        (await office.break_glass(owner)).ok()
        failed = await office.say(owner, state="failed")
        (await office["ada"].post(f"/api/vault/deliveries/{failed}/resend", None)).ok(202)
        async with office.database.unit_of_work() as unit:
            await room.list(unit, ring, Viewer.owner(owner), owner)
            await room.history(unit, ring, Viewer.owner(owner), owner)

    acting = asyncio.gather(*(act(owner) for owner in owners))
    looks = 0
    while not acting.done():
        assert (await proof(office)).findings == ()
        looks += 1
    await acting
    assert looks > 1
    found = await proof(office)
    assert found.findings == ()
    counted: dict[str, int] = {}
    for event in await list_events(office.database, limit=1_000):
        counted[event.action] = counted.get(event.action, 0) + 1
    for action in ("report:save", "report:break_glass", "link:make", "delivery:retry", "report:list", "history:view"):
        assert counted[f"vault:{action}"] == HANDS, action
    assert found.events == sum(counted.values())


DEEDS = {
    "a view is given to somebody else": (
        "UPDATE audit_events SET actor = 'owner:vid_innocent' WHERE action = 'vault:report:break_glass'",
    ),
    "what was done is told otherwise": (
        "UPDATE audit_events SET body = (SELECT body FROM audit_events WHERE seq = 1) WHERE action = 'vault:link:open'",
    ),
    "a view is taken out": ("DELETE FROM audit_events WHERE action = 'vault:report:break_glass'",),
    "a view is put in": (
        """INSERT INTO audit_events SELECT seq + 1000, at_ms, actor, action, object, request_id, key_id, body, seal
        FROM audit_events WHERE action = 'vault:report:save'""",
    ),
    "two change places": (
        "UPDATE audit_events SET seq = 1000 WHERE seq = 1",
        "UPDATE audit_events SET seq = 1 WHERE seq = 2",
        "UPDATE audit_events SET seq = 2 WHERE seq = 1000",
    ),
    "the end is cut off": ("DELETE FROM audit_events WHERE seq >= (SELECT seq FROM audit_head)",),
    "the end is cut off, and the head told so": (
        "DELETE FROM audit_events WHERE seq > 3",
        "UPDATE audit_head SET seq = 3, seal = (SELECT seal FROM audit_events WHERE seq = 3)",
    ),
    "all is gone, as if nothing had ever been done": (
        "DELETE FROM audit_events",
        "UPDATE audit_head SET seq = 0, seal = '', key_id = '', head_seal = ''",
    ),
}


@DATABASES
async def test_whatever_is_done_to_what_was_told_of_reports_is_found(office: VaultOffice) -> None:
    await live(office)
    parts = office.office.parts
    await parts.anchors.drop(office.database)
    before = await proof(office)
    assert before.findings == ()
    assert before.events >= 6
    await office.intrude(
        "CREATE TABLE kept_events AS SELECT * FROM audit_events", "CREATE TABLE kept_head AS SELECT * FROM audit_head"
    )
    for deed, statements in DEEDS.items():
        await office.intrude(*statements)
        assert (await proof(office)).findings, deed
        await office.intrude(
            "DELETE FROM audit_events",
            "INSERT INTO audit_events SELECT * FROM kept_events",
            "DELETE FROM audit_head",
            "INSERT INTO audit_head SELECT * FROM kept_head",
        )
        assert (await proof(office)).findings == (), f"as it was, after: {deed}"
