"""Copies of conversations: quick to have, readable to nobody, and never more than copies."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import msgspec
import pytest

from wipsie.blobs.sealing import GivenKeys, KeyHolder, KeyRing
from wipsie.database.shared_store import SharedStore
from wipsie.database.shared_store.redis_store import RedisSharedStore
from wipsie.kernel.ids import new_uuid
from wipsie.slices.vault.domain.conversation import Conversation
from wipsie.slices.vault.service.conversing.sessions import LOCAL_MAX, TTL_S, LocalSessions, Sessions, SharedSessions
from wipsie.slices.vault.store.conversations import StoredConversation
from wipsie.testing.clock import FakeClock
from wipsie.testing.ports import free_port

KINDS = pytest.mark.parametrize("kind", ["local", "redis"])
STORED = StoredConversation(Conversation(language="pt", hints={"marmalade": 7}), 12)


@pytest.fixture
async def redis(clock: FakeClock, request: pytest.FixtureRequest) -> AsyncIterator[SharedStore]:
    store = RedisSharedStore(
        request.getfixturevalue("redis_server").url(),
        clock=clock,
        namespace=f"test-{new_uuid()}",
        follow_server_time=False,
    )
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
def sessions(kind: str, clock: FakeClock, request: pytest.FixtureRequest) -> Sessions:
    return LocalSessions(clock) if kind == "local" else SharedSessions(request.getfixturevalue("redis"))


@KINDS
async def test_what_was_put_is_had_until_it_is_dropped(sessions: Sessions, ring: KeyRing) -> None:
    assert await sessions.get(ring, "vid_1") is None
    await sessions.put(ring, "vid_1", STORED)
    assert await sessions.get(ring, "vid_1") == STORED
    assert await sessions.get(ring, "vid_2") is None
    newer = StoredConversation(Conversation(), 13)
    await sessions.put(ring, "vid_1", newer)
    assert await sessions.get(ring, "vid_1") == newer
    await sessions.drop("vid_1")
    await sessions.drop("vid_1")
    assert await sessions.get(ring, "vid_1") is None


@KINDS
async def test_a_copy_is_kept_for_half_an_hour(sessions: Sessions, ring: KeyRing, clock: FakeClock) -> None:
    await sessions.put(ring, "vid_1", STORED)
    await clock.advance(TTL_S - 1)
    assert await sessions.get(ring, "vid_1") == STORED
    await clock.advance(2)
    assert await sessions.get(ring, "vid_1") is None


async def test_the_memory_of_a_process_is_bounded_and_the_oldest_go(clock: FakeClock, ring: KeyRing) -> None:
    sessions = LocalSessions(clock)
    for number in range(LOCAL_MAX + 1):
        await sessions.put(ring, f"vid_{number}", STORED)
        if number == 1:
            await sessions.put(ring, "vid_0", STORED)
    assert await sessions.get(ring, "vid_0") == STORED
    assert await sessions.get(ring, "vid_1") is None


async def test_what_lies_in_redis_is_sealed_for_its_owner(redis: SharedStore, ring: KeyRing) -> None:
    sessions = SharedSessions(redis)
    await sessions.put(ring, "vid_1", STORED)
    found = await redis.get("vault:conversation:vid_1")
    assert found is not None
    sealed = base64.b64decode(msgspec.json.decode(found.value)["sealed"])
    for content in (found.value.encode(), sealed):
        assert b"marmalade" not in content
    # Somebody else's copy opens nothing.
    await redis.set("vault:conversation:vid_2", found.value, ttl_s=60)
    assert await sessions.get(ring, "vid_2") is None


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '{"version": 1, "sealed": "AAAA"}', '{"version": 1, "sealed": "!"}', "\u00e9"]
)
async def test_whatever_is_wrong_with_a_copy_the_row_is_there(redis: SharedStore, ring: KeyRing, content: str) -> None:
    await redis.set("vault:conversation:vid_1", content, ttl_s=60)
    assert await SharedSessions(redis).get(ring, "vid_1") is None


async def test_a_copy_under_a_key_that_was_taken_out_is_none(redis: SharedStore, clock: FakeClock) -> None:
    old, new = bytes(range(32)), bytes(range(32, 64))
    await SharedSessions(redis).put(await KeyHolder(GivenKeys([old]), clock).ring(), "vid_1", STORED)
    both = await KeyHolder(GivenKeys([new, old]), clock).ring()
    assert await SharedSessions(redis).get(both, "vid_1") == STORED
    assert await SharedSessions(redis).get(await KeyHolder(GivenKeys([new]), clock).ring(), "vid_1") is None


async def test_one_that_is_too_large_for_redis_leaves_no_older_one(redis: SharedStore, ring: KeyRing) -> None:
    sessions = SharedSessions(redis)
    await sessions.put(ring, "vid_1", STORED)
    large = Conversation(hints={"x" * 100 + str(number): number for number in range(1_000)})
    await sessions.put(ring, "vid_1", StoredConversation(large, 13))
    assert await sessions.get(ring, "vid_1") is None


async def test_while_redis_is_away_conversations_are_read_from_their_rows(ring: KeyRing, clock: FakeClock) -> None:
    store = RedisSharedStore(f"redis://127.0.0.1:{free_port()}/0", clock=clock)
    sessions = SharedSessions(store)
    await sessions.put(ring, "vid_1", STORED)
    assert await sessions.get(ring, "vid_1") is None
    await sessions.drop("vid_1")
    await store.stop()
