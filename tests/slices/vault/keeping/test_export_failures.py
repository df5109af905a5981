"""An archive that cannot be made: who waits for it hears so, once, and never gets it as well."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from export_runs import parts_of, run
from sqlalchemy import update
from vault_room import BOTH, VaultRoom

from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.vault.handlers.export import RECEIVES_MAX, TRIES_MAX
from wipsie.slices.vault.service.export_failures import STUCK_MS
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.store.tables import (
    conversations_table,
    deliveries_table,
    exports_table,
    identities_table,
    links_table,
)
from wipsie.workers.handler import Reject, Retry


async def asked(room: VaultRoom) -> tuple[str, str]:
    """Somebody wants all they have; their name and that of the archive."""
    owner = await room.owner()
    await room.saved(owner)
    export_id = await room.request_export(owner)
    assert export_id is not None
    return owner, export_id


async def told(room: VaultRoom) -> list[str]:
    """Who was told something, of what kind."""
    return [row["owner"] for row in await room.rows(deliveries_table)]


def store_is_away(room: VaultRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> Any:
        raise StorageUnavailable("The object store is away.")

    monkeypatch.setattr(room.sealed, "put_pieces", away)


@BOTH
async def test_a_store_that_stays_away_is_told_at_the_last_try_and_once(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, export_id = await asked(room)
    store_is_away(room, monkeypatch)
    for attempt in range(1, TRIES_MAX + 1):
        assert await told(room) == [], attempt
        with pytest.raises(Retry, match="STORAGE_UNAVAILABLE"):
            await run(room, owner, export_id, attempt=attempt)
    assert await told(room) == [owner]
    (failed,) = await room.events("vault:export:fail")
    assert (failed.object, failed.facts) == (f"export:{export_id}", {"why": "STORAGE_UNAVAILABLE"})
    # Its dead letter may be brought back: they were told to ask again, and nobody waits for this one.
    monkeypatch.undo()
    assert await run(room, owner, export_id) == {"outcome": "nothing_to_do"}
    assert await parts_of(room).export_failures.give_up(owner, export_id, "AGAIN") is False
    assert (await told(room), room.ready) == ([owner], [])
    await room.export(owner)


async def test_a_mistake_of_ours_is_told_at_the_last_try_as_well(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, export_id = await asked(room)

    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(room.sealed, "put_pieces", broken)
    with pytest.raises(ZeroDivisionError):
        await run(room, owner, export_id, attempt=TRIES_MAX)
    assert await told(room) == [owner]


@BOTH
async def test_a_job_that_ends_its_workers_is_not_tried_for_ever(room: VaultRoom) -> None:
    owner, export_id = await asked(room)
    with pytest.raises(Reject):
        await run(room, owner, export_id, receives=RECEIVES_MAX + 1)
    assert (await told(room), room.ready) == ([owner], [])
    with pytest.raises(Reject):
        await run(room, owner, export_id, receives=RECEIVES_MAX + 2)
    assert await told(room) == [owner]


@BOTH
async def test_an_archive_nobody_makes_any_more_is_found_by_the_cleaner(room: VaultRoom) -> None:
    owner, export_id = await asked(room)
    other, tried = await asked(room)
    await room.clock.advance(STUCK_MS / 1000 - 60)
    # Somebody is at that one.
    async with room.database.begin() as connection:
        mine = exports_table.c.id == tried
        await connection.execute(update(exports_table).where(mine).values(tried_at_ms=room.clock.now_ms()))
    cleaners = [parts_of(room).cleaner for _ in range(4)]
    assert [(await one.clean())["exports"] for one in cleaners] == [0, 0, 0, 0]
    await room.clock.advance(61)
    cleaned = await asyncio.gather(*(one.clean() for one in cleaners))
    assert sum(one["exports"] for one in cleaned) == 1
    assert await told(room) == [owner]
    assert await run(room, owner, export_id) == {"outcome": "nothing_to_do"}
    assert (await run(room, other, tried))["outcome"] == "made"


async def test_an_archive_that_is_given_up_while_it_is_made_is_nobodys(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, export_id = await asked(room)
    put_pieces = room.sealed.put_pieces

    async def put_and_give_up(*arguments: Any) -> Any:
        sealed = await put_pieces(*arguments)
        assert await parts_of(room).export_failures.give_up(owner, export_id, "STUCK")
        return sealed

    with monkeypatch.context() as patch:
        patch.setattr(room.sealed, "put_pieces", put_and_give_up)
        assert await run(room, owner, export_id) == {"outcome": "nothing_to_do"}
    assert (await told(room), room.ready, await room.rows(links_table)) == ([owner], [], [])


@pytest.mark.parametrize("is_late", [False, True])
async def test_whoever_may_be_somebody_else_by_now_gets_no_archive(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    owner, export_id = await asked(room)

    async def lock() -> None:
        async with room.database.begin() as connection:
            await connection.execute(update(identities_table).values(needs_step_up=True))

    put_pieces = room.sealed.put_pieces

    async def put_and_lock(*arguments: Any) -> Any:
        sealed = await put_pieces(*arguments)
        await lock()
        return sealed

    if is_late:
        monkeypatch.setattr(room.sealed, "put_pieces", put_and_lock)
    else:
        await lock()
    assert await run(room, owner, export_id) == {"outcome": "withheld"}
    assert (await told(room), room.ready, await room.rows(links_table)) == ([owner], [], [])
    assert [key for key in await room.keys_in_store() if key.startswith("exports/")] == []


async def test_archives_that_are_waited_for_count_among_those_of_a_day(room: VaultRoom) -> None:
    owner, _ = await asked(room)
    await room.export(owner)
    assert await room.request_export(owner) is not None
    assert await room.request_export(owner) is None


async def test_nobody_waits_for_archives_of_who_had_everything_erased(room: VaultRoom) -> None:
    owner, export_id = await asked(room)
    other, _ = await asked(room)
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.erase_owner(unit, ring, owner, Viewer.owner(owner))
    assert [row["owner"] for row in await room.rows(exports_table)] == [other]
    assert await run(room, owner, export_id) == {"outcome": "nothing_to_do"}
    assert await room.rows(conversations_table) == []
