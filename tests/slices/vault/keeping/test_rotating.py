"""After a rotation nothing needs the earlier key, and meanwhile everything is found, opened and changed as ever."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import LargeBinary, update
from vault_room import BLOOD_TEST, BOTH, VaultRoom

from wipsie.blobs.sealing import GivenKeys, KeyHolder, KeyMissing, SealedStore
from wipsie.database.metadata import metadata
from wipsie.slices.vault.domain.whatsapp.updates import Sender
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.rotating import Rotation
from wipsie.slices.vault.store import identities
from wipsie.slices.vault.store.columns import seal_column
from wipsie.slices.vault.store.files import FileDetails, same_content
from wipsie.slices.vault.store.sealed_columns import SEALED_COLUMNS, reseal_row, sealed_rows
from wipsie.slices.vault.store.tables import (
    conversations_table,
    deliveries_table,
    files_table,
    objects_table,
    reports_table,
    words_table,
)


def rotation(room: VaultRoom, portion: int = 2) -> Rotation:
    return Rotation(room.database, room.sealed, room.keys, room.indexer, portion=portion)


async def add_key(room: VaultRoom) -> str:
    """A new key in use, as every process knows it; the id of the one before."""
    before = (await room.ring()).active
    await room.key_file.add()
    await room.keys.refresh()
    return before


async def find(room: VaultRoom, owner: str, text: str) -> list[int]:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        return [one.number for one in await room.reading.search(unit, ring, Viewer.owner(owner), owner, text)]


def test_every_sealed_column_of_the_vault_is_rotated() -> None:
    known = {one.column for one in SEALED_COLUMNS}
    there = {
        column
        for name, table in metadata.tables.items()
        if name.startswith("vault_")
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name != "wrapped_key"
    }
    assert known == there


async def fill(room: VaultRoom) -> str:
    """Something in every sealed column, but for the inbox, whose rows are erased when they are handled; the owner."""
    owner, ring, now_ms = await room.owner(), await room.ring(), room.clock.now_ms()
    for number in range(5):
        await room.saved(owner, b"%d" % number, text=f"word{number}")
    async with room.database.begin() as connection:
        await identities.give_consent(
            connection, ring, owner, version=1, language="en", message_id="wamid.1", now_ms=now_ms
        )
        await connection.execute(
            conversations_table.insert().values(
                owner=owner,
                version=1,
                state="IDLE",
                body=seal_column(ring, {"a": 1}, conversations_table.c.body, owner),
                updated_at_ms=now_ms,
            )
        )
        await connection.execute(
            deliveries_table.insert().values(
                id="vdel_1",
                owner=owner,
                phone_number_id="4",
                kind="text",
                body=seal_column(ring, "hello", deliveries_table.c.body, "vdel_1"),
                is_sensitive=True,
                state="waiting",
                attempts=0,
                unknowns=0,
                next_at_ms=0,
                claimed_until_ms=0,
                created_at_ms=0,
            )
        )
    return owner


@BOTH
async def test_after_a_rotation_the_earlier_key_may_go(room: VaultRoom) -> None:
    owner = await fill(room)
    digest = (await identities_of(room, owner)).details
    old = await add_key(room)
    in_use = await rotation(room).in_use()
    assert in_use.keys() == {old}
    done = await rotation(room).run()
    assert (done.objects, done.people, done.files, done.words, done.broken) == (5, 1, 5, 5, 0)
    assert (await rotation(room).in_use()).keys() == {done.active}
    assert sum((await rotation(room).in_use()).values()) == sum(in_use.values())
    assert await rotation(room).words_left() == 0
    await room.key_file.remove(old)
    room.keys = KeyHolder(room.key_file, room.clock)
    room.sealed = SealedStore(room.blobs, room.keys, work_dir=room.folder / "work")
    assert (await room.ring()).ids == (done.active,)
    assert await find(room, owner, "word3 lakeside") == [4]
    sender = Sender(user_id=digest.user_id, wa_id=digest.wa_id)
    async with room.database.begin() as connection:
        resolved = await identities.resolve(
            connection,
            await room.ring(),
            sender,
            new_id="own_new",
            phone_number_id="4",
            sent_at_ms=0,
            now_ms=0,
        )
        assert (resolved.identity.id, resolved.is_new) == (owner, False)
    for row in await room.rows(objects_table):
        assert len(await room.open_bytes(owner, row["id"])) == 1
    async with room.database.read() as connection:
        assert len(await same_content(connection, await room.ring(), owner, SHA256_OF_3)) == 1
    (event,) = await room.events("vault:keys:rotate")
    assert event.facts["active"] == done.active


SHA256_OF_3 = "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"


async def identities_of(room: VaultRoom, owner: str) -> identities.Identity:
    async with room.database.read() as connection:
        found = await identities.identity_of(connection, await room.ring(), owner)
    assert found is not None
    return found


@pytest.mark.slow
async def test_everything_is_found_before_during_and_after(room: VaultRoom) -> None:
    owner = await fill(room)
    await add_key(room)
    await room.saved(owner, text="word9")
    assert await find(room, owner, "word3") == [4]
    assert await find(room, owner, "word9") == [6]
    await room.indexer_runs((await room.rows(reports_table))[0]["id"])
    assert await find(room, owner, "lakeside") == [6, 5, 4, 3, 2]
    await rotation(room).run()
    assert await find(room, owner, "lakeside") == [6, 5, 4, 3, 2]
    tokens = [row["token"] for row in await room.rows(words_table) if row["report"]]
    assert len(tokens) == len(set(zip(tokens, [row["report"] for row in await room.rows(words_table)], strict=True)))


@pytest.mark.slow
async def test_a_run_that_ended_early_is_gone_on_with(room: VaultRoom) -> None:
    await fill(room)
    await add_key(room)

    class Killed(Exception):
        pass

    for stop_at in ("objects", "values", "people", "files", "words"):

        def die(what: str, _count: int, stop_at: str = stop_at) -> None:
            if what == stop_at:
                raise Killed

        with pytest.raises(Killed):
            await rotation(room).run(on_progress=die)
    done = await rotation(room).run()
    assert (await rotation(room).in_use()).keys() == {done.active}
    assert await rotation(room).words_left() == 0
    again = await rotation(room).run()
    assert (again.objects, again.values, again.words, again.broken) == (0, 0, 0, 0)


async def test_what_was_changed_between_reading_and_writing_stays_as_it_was_changed(room: VaultRoom) -> None:
    owner = await fill(room)
    await add_key(room)
    ring = await room.ring()
    (column,) = [one for one in SEALED_COLUMNS if one.column is reports_table.c.details]
    async with room.database.begin() as connection:
        row = (await sealed_rows(connection, column, count_max=1))[0]
    other = msgspec.structs.replace(BLOOD_TEST, hospital="Riverside")
    numbers = {one["id"]: one["number"] for one in await room.rows(reports_table)}
    async with room.database.unit_of_work() as unit:
        await room.saver.edit(unit, ring, owner, numbers[row.row_id], other, Viewer.owner(owner))
    async with room.database.begin() as connection:
        assert not await reseal_row(connection, ring, column, row)
    assert await find(room, owner, "riverside") == [numbers[row.row_id]]


@BOTH
async def test_saves_and_erasures_beside_a_rotation_lose_nothing(room: VaultRoom) -> None:
    owner = await fill(room)
    saved = await room.saved(owner, b"to be erased")
    await add_key(room)

    async def erase() -> None:
        ring = await room.ring()
        async with room.database.unit_of_work() as unit:
            await room.eraser.erase_reports(unit, ring, owner, [saved.report_id], Viewer.owner(owner))

    files = [await room.stage(owner, b"%d new" % number, text="fresh") for number in range(4)]
    await asyncio.gather(rotation(room).run(), erase(), *(room.save(owner, [one]) for one in files))
    await rotation(room).run()
    assert len((await rotation(room).in_use()).keys()) == 1
    assert await find(room, owner, "fresh") == [10, 9, 8, 7]
    (erased,) = [row for row in await room.rows(objects_table) if row["wrapped_key"] is None]
    assert erased["kek_id"] is None


@pytest.mark.slow
async def test_a_damaged_value_keeps_nothing_else_from_being_rotated(room: VaultRoom) -> None:
    owner = await fill(room)
    old = await add_key(room)
    rows = await room.rows(reports_table)
    details: bytes = rows[0]["details"]
    async with room.database.begin() as connection:
        damaged = details[:-1] + bytes((details[-1] ^ 1,))
        await connection.execute(
            update(reports_table).where(reports_table.c.id == rows[0]["id"]).values(details=damaged)
        )
        await connection.execute(
            update(objects_table)
            .where(objects_table.c.id == (await room.rows(objects_table))[0]["id"])
            .values(wrapped_key=bytes(81))
        )
    done = await rotation(room).run()
    # The value, the words of its report, and the key of an object.
    assert done.broken == 3
    assert await rotation(room).in_use() == {old: 2, done.active: sum((await rotation(room).in_use()).values()) - 2}
    assert await find(room, owner, "word4") == [5]


async def test_a_file_whose_hash_nobody_told_is_known_again_after_a_rotation(room: VaultRoom) -> None:
    owner = await room.owner()
    file = await room.stage(owner, b"3")
    await room.save(owner, [file])
    ring = await room.ring()
    lie = FileDetails(message_id="m", media_id="1", media="document", sha256="0" * 64)
    async with room.database.begin() as connection:
        await connection.execute(
            update(files_table).values(details=seal_column(ring, lie, files_table.c.details, file))
        )
    await add_key(room)
    assert (await rotation(room).run()).files == 1
    async with room.database.read() as connection:
        assert await same_content(connection, await room.ring(), owner, SHA256_OF_3) == [file]
        assert await same_content(connection, await room.ring(), owner, "0" * 64) == []


async def test_a_rotation_without_the_earlier_key_does_nothing_and_says_so(room: VaultRoom) -> None:
    await fill(room)
    strange: Any = KeyHolder(GivenKeys([bytes(range(32))]), room.clock)
    with pytest.raises(KeyMissing):
        await Rotation(room.database, room.sealed, strange, room.indexer).run()
    assert await room.events("vault:keys:rotate") == []
