"""Turns of one conversation, many at a time: each is taken once, on what the one before left, whichever process takes it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from crowd import Crowd
from sqlalchemy import select, update

from wipsie.blobs.sealing import GivenKeys, KeyHolder
from wipsie.database.shared_store.redis_store import RedisSharedStore
from wipsie.kernel.ids import new_uuid
from wipsie.slices.vault.domain.conversation import State
from wipsie.slices.vault.service.conversing import pins
from wipsie.slices.vault.service.conversing.pins import PAUSE_S_MAX, TRIES_FREE, hash_pin, is_pin, pause_s
from wipsie.slices.vault.service.conversing.sessions import SharedSessions
from wipsie.slices.vault.store.inbox import count_waiting
from wipsie.slices.vault.store.tables import conversations_table, identities_table, inbox_table
from wipsie.testing.clock import FakeClock

BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
PIN, WRONG = "904716", "385172"


@BOTH
async def test_sixteen_processes_at_once_take_each_turn_once_and_lose_none(crowd: Crowd) -> None:
    processes = [crowd.process() for _ in range(16)]
    await crowd.say(processes[0], "Hello", "I agree")
    _, before = await crowd.conversation()
    said = await crowd.said()
    # Each has its own copy, which is old by the time it is used.
    for process in processes[1:]:
        await crowd.say(process, "HELP")
    token = await crowd.write(*["HELP"] * 16)
    handled = await asyncio.gather(
        *(process.processor.process(token, is_repeat=False) for process in processes), return_exceptions=True
    )
    for process in processes:
        # What was overtaken too often comes again, as its job does.
        await process.processor.process(token, is_repeat=False)
    assert [one for one in handled if isinstance(one, BaseException) and type(one).__name__ != "Conflict"] == []
    async with crowd.database.read() as connection:
        assert await count_waiting(connection) == 0
        assert (
            await connection.execute(select(inbox_table.c.error).where(inbox_table.c.error.is_not(None)))
        ).all() == []
    conversation, version = await crowd.conversation()
    assert version == before + 15 + 16
    assert conversation.counters["commands"].count == 15 + 16
    assert await crowd.said() == said + 15 + 16


async def test_copies_in_redis_are_shared_and_change_nothing(
    crowd: Crowd, clock: FakeClock, request: pytest.FixtureRequest
) -> None:
    store = RedisSharedStore(
        request.getfixturevalue("redis_server").url(),
        clock=clock,
        namespace=f"test-{new_uuid()}",
        follow_server_time=False,
    )
    await store.start()
    processes = [crowd.process(SharedSessions(store)) for _ in range(4)]
    await crowd.say(processes[0], "Hello", "I agree")
    for process in processes:
        await crowd.say(process, "HELP")
    token = await crowd.write(*["HELP"] * 8)
    await asyncio.gather(*(process.processor.process(token, is_repeat=False) for process in processes))
    conversation, _ = await crowd.conversation()
    assert conversation.counters["commands"].count == 12
    await store.stop()


async def test_a_copy_of_a_conversation_that_is_gone_brings_nothing_back(crowd: Crowd) -> None:
    process = crowd.process()
    await crowd.say(process, "Hello", "I agree", "HELP")
    async with crowd.database.begin() as connection:
        await connection.execute(conversations_table.delete())
    await crowd.say(process, "HELP")
    conversation, version = await crowd.conversation()
    assert version == 1
    assert conversation.state is State.NEW


async def test_what_is_replayed_is_nothing_new(crowd: Crowd) -> None:
    process = crowd.process()
    await crowd.say(process, "Hello", "I agree")
    token = await crowd.write("HELP", message_id="wamid.AGAIN")
    assert await process.processor.process(token, is_repeat=False) == 1
    said = await crowd.said()
    for _ in range(3):
        assert await process.processor.process(token, is_repeat=True) == 0
    # Even when the inbox has forgotten it: the conversation has not.
    for another in (process, crowd.process()):
        async with crowd.database.begin() as connection:
            await connection.execute(inbox_table.delete())
        await crowd.write("HELP", message_id="wamid.AGAIN")
        assert await another.processor.process(token, is_repeat=False) == 1
    assert await crowd.said() == said
    await crowd.say(process, "HELP")
    assert await crowd.said() == said + 1


# -------------------------------------------------------------------------------------------------------------------- PINs


async def ask_for_the_pin(crowd: Crowd) -> None:
    """Their number changed, and they want to see something."""
    process = crowd.process()
    await crowd.say(process, "Hello", "I agree", "PIN", PIN)
    assert (await crowd.identity()).pin_hash is not None
    async with crowd.database.begin() as connection:
        await connection.execute(update(identities_table).values(needs_step_up=True))
    await crowd.say(process, "GET 1")
    assert (await crowd.conversation())[0].state is State.STEP_UP


@BOTH
async def test_whoever_guesses_with_sixteen_hands_gets_no_more_tries(crowd: Crowd, clock: FakeClock) -> None:
    await ask_for_the_pin(crowd)
    token = await crowd.write(*[WRONG] * 16)
    processes = [crowd.process() for _ in range(16)]
    await asyncio.gather(
        *(process.processor.process(token, is_repeat=False) for process in processes), return_exceptions=True
    )
    for process in processes:
        await process.processor.process(token, is_repeat=False)
    identity = await crowd.identity()
    assert identity.pin_failures == TRIES_FREE
    assert identity.pin_blocked_until_ms == clock.now_ms() + 60_000
    assert identity.needs_step_up is True
    # The right one is not taken either, for as long as it is blocked.
    await crowd.say(processes[0], "GET 1", PIN)
    assert (await crowd.identity()).needs_step_up is True
    await clock.advance(61)
    await crowd.say(processes[0], "GET 1", PIN)
    identity = await crowd.identity()
    assert (identity.needs_step_up, identity.pin_failures, identity.pin_blocked_until_ms) == (False, 0, 0)


async def test_others_write_while_a_pin_is_stretched_and_one_that_was_replaced_meanwhile_opens_nothing(
    crowd: Crowd, keys: KeyHolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask_for_the_pin(crowd)
    owner = (await crowd.identity()).id
    another = await hash_pin(await keys.ring(), owner, WRONG)
    stretch, times = pins.stretch, 0

    async def stretch_and_write(*arguments: Any) -> Any:
        nonlocal times
        times += 1
        # On SQLite nobody writes while somebody else does: a unit of work that waited for this would wait for ever.
        async with asyncio.timeout(5), crowd.database.begin() as connection:
            await connection.execute(update(identities_table).values(pin_hash=another))
        return await stretch(*arguments)

    monkeypatch.setattr(pins, "stretch", stretch_and_write)
    await crowd.say(crowd.process(), PIN)
    identity = await crowd.identity()
    assert (identity.needs_step_up, identity.pin_failures, times) == (True, 1, 2)
    await crowd.say(crowd.process(), WRONG)
    assert (await crowd.identity()).needs_step_up is False
    assert times == 3


async def test_a_pin_is_known_again_by_its_owner_alone_and_nothing_of_it_is_kept(keys: KeyHolder) -> None:
    ring = await keys.ring()
    stored = await hash_pin(ring, "vid_1", PIN)
    assert await is_pin(ring, "vid_1", PIN, stored)
    assert not await is_pin(ring, "vid_1", WRONG, stored)
    assert not await is_pin(ring, "vid_2", PIN, stored)
    assert PIN not in stored
    assert stored != await hash_pin(ring, "vid_1", PIN)


async def test_a_pin_is_known_while_its_key_is_in_the_ring(clock: FakeClock) -> None:
    old, new = bytes(range(32)), bytes(range(32, 64))
    stored = await hash_pin(await KeyHolder(GivenKeys([old]), clock).ring(), "vid_1", PIN)
    assert await is_pin(await KeyHolder(GivenKeys([new, old]), clock).ring(), "vid_1", PIN, stored)
    assert not await is_pin(await KeyHolder(GivenKeys([new]), clock).ring(), "vid_1", PIN, stored)


def test_the_pause_grows_from_a_minute_to_a_day() -> None:
    assert [pause_s(failures) for failures in range(8)] == [0, 0, 0, 0, 0, 60, 120, 240]
    assert pause_s(10_000) == PAUSE_S_MAX
