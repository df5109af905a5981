"""Files that people sent: from state to state, one way, and nothing of them in the open."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.slices.vault.store import files
from wipsie.slices.vault.store.files import FileDetails, FileState, file_id
from wipsie.slices.vault.store.tables import files_table

OWNER, OTHER, SHA = "vid_1", "vid_2", "14" * 32
DETAILS = FileDetails(
    message_id="wamid.SECRET",
    media_id="970000000000201",
    media="document",
    caption="my knee",
    file_name="Knee of Asha.pdf",
    sha256=SHA,
)


async def note(
    database: Database, ring: KeyRing, id_: str = "vfl_1", *, owner: str = OWNER, state: FileState = "fetching"
) -> bool:
    async with database.begin() as connection:
        return await files.note_file(
            connection, ring, id_, owner=owner, phone_number_id="42", details=DETAILS, state=state, now_ms=1_000
        )


async def stage(
    database: Database, ring: KeyRing, id_: str = "vfl_1", *, owner: str = OWNER, sha256: str = SHA
) -> bool:
    async with database.begin() as connection:
        return await files.mark_staged(
            connection,
            ring,
            id_,
            owner=owner,
            kind="pdf",
            size=10,
            sha256=sha256,
            scan="clean",
            reading={"text": "haemoglobin"},
            now_ms=2_000,
        )


async def save(database: Database, *ids: str) -> None:
    async with database.begin() as connection:
        await connection.execute(files_table.update().where(files_table.c.id.in_(ids)).values(state="saved"))


async def same(database: Database, ring: KeyRing, owner: str, sha256: str = SHA) -> list[str]:
    async with database.read() as connection:
        return await files.same_content(connection, ring, owner, sha256)


async def row(database: Database, id_: str = "vfl_1") -> Any:
    async with database.read() as connection:
        return (await connection.execute(select(files_table).where(files_table.c.id == id_))).one()


async def test_a_file_is_noted_once_under_an_id_that_tells_nothing(database: Database, ring: KeyRing) -> None:
    id_ = file_id(ring, DETAILS.message_id)
    assert id_ == file_id(ring, DETAILS.message_id)
    assert id_ != file_id(ring, "wamid.OTHER")
    assert "SECRET" not in id_
    assert await note(database, ring, id_)
    assert not await note(database, ring, id_)
    async with database.read() as connection:
        found = await files.file_of(connection, ring, id_)
        assert await files.file_of(connection, ring, "vfl_none") is None
        assert [one.id for one in await files.files_of(connection, ring, ["vfl_none", id_])] == [id_]
    assert found is not None
    assert (found.details, found.state, found.attempts) == (DETAILS, "fetching", 0)
    told = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in await row(database, id_))
    for secret in (b"SECRET", b"970000000000201", b"knee", b"Knee", SHA.encode()):
        assert secret not in told


async def test_only_what_waits_begins_to_be_fetched_and_only_once(database: Database, ring: KeyRing) -> None:
    await note(database, ring, "vfl_1", state="waiting")
    await note(database, ring, "vfl_2", state="fetching")

    async def begin() -> list[str]:
        async with database.begin() as connection:
            return await files.begin_fetching(connection, ["vfl_1", "vfl_2", "vfl_none"], now_ms=2_000)

    begun = await asyncio.gather(*(begin() for _ in range(8)))
    assert sorted(begun) == [[]] * 7 + [["vfl_1"]]


async def test_a_file_goes_one_way(database: Database, ring: KeyRing) -> None:
    for id_ in ("vfl_1", "vfl_2", "vfl_3"):
        await note(database, ring, id_)
    assert await stage(database, ring)
    assert not await stage(database, ring), "it is staged already"
    async with database.begin() as connection:
        assert await files.reading_of(connection, ring, "vfl_1", dict[str, str]) == {"text": "haemoglobin"}
        assert not await files.mark_refused(connection, "vfl_1", reason="virus", scan=None, now_ms=3_000)
        assert await files.mark_refused(connection, "vfl_2", reason="virus", scan="infected", now_ms=3_000)
        assert sorted(await files.mark_discarded(connection, ["vfl_1", "vfl_2", "vfl_3"], now_ms=4_000)) == [
            "vfl_1",
            "vfl_3",
        ]
        assert await files.mark_discarded(connection, ["vfl_1"], now_ms=4_000) == []
        assert await files.reading_of(connection, ring, "vfl_1", dict[str, str]) is None
    assert not await stage(database, ring, "vfl_3"), "nobody wants it any more"
    refused = await row(database, "vfl_2")
    assert (refused.state, refused.reason, refused.scan) == ("refused", "virus", "infected")


async def test_the_same_bytes_are_known_among_what_one_owner_saved_and_never_across_owners(
    database: Database, ring: KeyRing
) -> None:
    for id_, owner in (("vfl_1", OWNER), ("vfl_2", OWNER), ("vfl_3", OTHER)):
        await note(database, ring, id_, owner=owner)
        await stage(database, ring, id_, owner=owner)
    assert await same(database, ring, OWNER) == [], "none is saved"
    await save(database, "vfl_1", "vfl_3")
    assert await same(database, ring, OWNER) == ["vfl_1"]
    assert await same(database, ring, OTHER) == ["vfl_3"]
    assert await same(database, ring, OWNER, "15" * 32) == []
    assert await same(database, ring, "vid_3") == []
    # Nor can anybody tell it from the table.
    assert (await row(database, "vfl_1")).content_token != (await row(database, "vfl_3")).content_token


async def test_the_same_bytes_are_known_under_an_older_key_and_then_by_the_new_one(
    database: Database, old_ring: KeyRing, both_ring: KeyRing, ring: KeyRing
) -> None:
    await note(database, old_ring)
    await stage(database, old_ring)
    await save(database, "vfl_1")
    assert await same(database, both_ring, OWNER) == ["vfl_1"]
    assert await same(database, ring, OWNER) == []
    async with database.begin() as connection:
        assert not await files.rekey_content(connection, both_ring, "vfl_1", OWNER, "15" * 32)
        assert await files.rekey_content(connection, both_ring, "vfl_1", OWNER, SHA)
    assert await same(database, ring, OWNER) == ["vfl_1"]


async def test_look_ups_are_counted_and_what_a_file_waits_for_is_noted(database: Database, ring: KeyRing) -> None:
    await note(database, ring)
    async with database.begin() as connection:
        assert [await files.count_look_up(connection, "vfl_1", now_ms=now) for now in (5_000, 6_000)] == [1, 2]
        assert await files.count_look_up(connection, "vfl_none", now_ms=5_000) == 0
        assert await files.note_waiting(connection, "vfl_1", reason="scanner", now_ms=7_000) is True
        assert await files.note_waiting(connection, "vfl_1", reason="storage", now_ms=8_000) is False
        assert await files.note_waiting(connection, "vfl_none", reason="storage", now_ms=8_000) is False
    found = await row(database)
    assert (found.looked_up_at_ms, found.reason, found.updated_at_ms) == (6_000, "storage", 8_000)


async def test_files_that_nobody_touches_are_found_the_longest_first(database: Database, ring: KeyRing) -> None:
    for number, id_ in enumerate(("vfl_1", "vfl_2", "vfl_3", "vfl_4")):
        await note(database, ring, id_, state="waiting" if id_ == "vfl_4" else "fetching")
        async with database.begin() as connection:
            await files.touch_files(connection, [id_], now_ms=2_000 - number)
    async with database.begin() as connection:
        await files.note_waiting(connection, "vfl_3", reason=files.LOCKED, now_ms=1_500)
        assert await files.stalled_files(connection, before_ms=2_001, count_max=5) == ["vfl_2", "vfl_1"]
        assert await files.stalled_files(connection, before_ms=2_000, count_max=5) == ["vfl_2"]
        assert await files.stalled_files(connection, before_ms=2_001, count_max=1) == ["vfl_2"]
