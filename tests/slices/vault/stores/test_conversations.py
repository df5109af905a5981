"""Conversations in their table: changed from the version that was read, or not at all; and why staff opened a report."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from wipsie.blobs.sealing import KeyMissing, KeyRing, SealBroken, seal_value
from wipsie.database import Database
from wipsie.slices.vault.domain.conversation import Conversation
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.store.accesses import LET_IN, accesses_of, add_access
from wipsie.slices.vault.store.columns import PURPOSE, open_column, place_of, reseal_column, seal_column
from wipsie.slices.vault.store.conversations import (
    StoredConversation,
    conversation_of,
    due_conversations,
    forget_conversation,
    store_conversation,
)
from wipsie.slices.vault.store.reports import add_report
from wipsie.slices.vault.store.tables import accesses_table, conversations_table

_BODY = conversations_table.c.body


async def store(
    database: Database, ring: KeyRing, owner: str, version: int, conversation: Conversation | None = None
) -> bool:
    async with database.begin() as connection:
        return await store_conversation(connection, ring, owner, version, conversation or Conversation(), now_ms=1_000)


async def read(database: Database, ring: KeyRing, owner: str) -> StoredConversation | None:
    async with database.read() as connection:
        return await conversation_of(connection, ring, owner)


async def test_a_change_is_made_to_the_version_that_was_read(database: Database, ring: KeyRing) -> None:
    assert await read(database, ring, "vid_1") is None
    first, second = Conversation(language="pt"), Conversation(language="de", until_ms=9_000)
    assert await store(database, ring, "vid_1", 0, first)
    assert not await store(database, ring, "vid_1", 0, second), "somebody began it already"
    assert await read(database, ring, "vid_1") == StoredConversation(first, 1)
    assert not await store(database, ring, "vid_1", 2, second)
    assert await store(database, ring, "vid_1", 1, second)
    assert not await store(database, ring, "vid_1", 1, first)
    assert await read(database, ring, "vid_1") == StoredConversation(second, 2)
    assert not await store(database, ring, "vid_2", 3, first), "one that is gone is not brought back"


@pytest.mark.parametrize("version", [0, 1])
async def test_of_sixteen_at_once_one_is_faster(database: Database, ring: KeyRing, version: int) -> None:
    if version:
        await store(database, ring, "vid_1", 0)
    done = await asyncio.gather(*(store(database, ring, "vid_1", version) for _ in range(16)))
    assert sum(done) == 1
    found = await read(database, ring, "vid_1")
    assert found is not None
    assert found.version == version + 1


async def test_those_whose_time_is_over_are_found_the_longest_first(database: Database, ring: KeyRing) -> None:
    for owner, until_ms in (("vid_1", 500), ("vid_2", 300), ("vid_3", None), ("vid_4", 900)):
        await store(database, ring, owner, 0, Conversation(until_ms=until_ms))
    async with database.read() as connection:
        assert await due_conversations(connection, before_ms=900, count_max=9) == [("vid_2", 300), ("vid_1", 500)]
        assert await due_conversations(connection, before_ms=900, count_max=1) == [("vid_2", 300)]
    async with database.begin() as connection:
        await forget_conversation(connection, "vid_2")
        assert await due_conversations(connection, before_ms=900, count_max=9) == [("vid_1", 500)]


# ------------------------------------------------------------------------------------------------------------------ sealed


async def test_a_body_is_sealed_and_opens_nowhere_else(database: Database, ring: KeyRing, old_ring: KeyRing) -> None:
    await store(database, ring, "vid_1", 0, Conversation(hints={"marmalade": 1}))
    await store(database, ring, "vid_2", 0)
    async with database.begin() as connection:
        sealed = (await connection.execute(select(_BODY).where(conversations_table.c.owner == "vid_1"))).scalar_one()
        await connection.execute(
            update(conversations_table).where(conversations_table.c.owner == "vid_2").values(body=sealed)
        )
    assert b"marmalade" not in sealed
    with pytest.raises(SealBroken):
        await read(database, ring, "vid_2")
    with pytest.raises(KeyMissing):
        await read(database, old_ring, "vid_1")


def test_a_sealed_column_opens_in_its_place_only_and_says_what_is_wrong_without_quoting_it(
    ring: KeyRing, old_ring: KeyRing, both_ring: KeyRing
) -> None:
    value = {"marmalade": 1}
    sealed = seal_column(old_ring, value, _BODY, "vid_1")
    assert open_column(both_ring, sealed, dict[str, int], _BODY, "vid_1") == value
    moved = reseal_column(both_ring, sealed, _BODY, "vid_1")
    assert open_column(ring, moved, dict[str, int], _BODY, "vid_1") == value
    for column, row_id in ((_BODY, "vid_2"), (accesses_table.c.reason, "vid_1")):
        with pytest.raises(SealBroken):
            open_column(ring, moved, dict[str, int], column, row_id)
    for wrong in (b"", b"x", moved[:-1], moved[:-1] + bytes([moved[-1] ^ 1]), sealed[:1] + moved[1:] + b"x"):
        with pytest.raises(SealBroken):
            open_column(ring, wrong, dict[str, int], _BODY, "vid_1")
    # Of a form that nobody knows: neither the error nor what caused it says what stands there.
    with pytest.raises(SealBroken) as told:
        open_column(ring, moved, dict[str, str], _BODY, "vid_1")
    assert "marmalade" not in repr(told.value)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    odd = seal_value(ring, b"\xff{", place_of(_BODY, "vid_1"), purpose=PURPOSE)
    with pytest.raises(SealBroken):
        open_column(ring, odd, msgspec.Raw, _BODY, "vid_1")


# ---------------------------------------------------------------------------------------------------------------- openings


async def test_why_staff_opened_a_report_is_kept_sealed_and_read_again_the_newest_first(
    database: Database, ring: KeyRing
) -> None:
    async with database.begin() as connection:
        await add_report(
            connection,
            ring,
            "rep_1",
            owner="vid_1",
            number=7,
            details=ReportDetails(),
            files=["vfl_1"],
            scan="clean",
            now_ms=1,
        )

        async def open_it(report: str, reason: str, now_ms: int, owner: str = "vid_1") -> None:
            given: dict[str, Any] = {"owner": owner, "report": report, "actor": "user:usr_1", "reason": reason}
            await add_access(connection, ring, now_ms=now_ms, **given)

        await open_it("rep_1", "Mr Butterscotch asked", 1_000)
        await open_it("rep_gone", "Mrs Butterscotch asked", 2_000)
        await open_it("rep_1", "of somebody else", 3_000, owner="vid_2")
        await open_it(LET_IN, "Miss Butterscotch came", 4_000)
        found = await accesses_of(connection, ring, "vid_1", count_max=10)
        assert [(one.number, one.at_ms, one.reason, one.is_let_in) for one in found] == [
            (None, 4_000, "Miss Butterscotch came", True),
            (None, 2_000, "Mrs Butterscotch asked", False),
            (7, 1_000, "Mr Butterscotch asked", False),
        ]
        assert len(await accesses_of(connection, ring, "vid_1", count_max=1)) == 1
        kept = (await connection.execute(select(accesses_table.c.reason))).scalars().all()
        assert all(b"Butterscotch" not in one for one in kept)
