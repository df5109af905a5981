"""One suite for the shared store on SQLite, PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wipsie.database import Database
from wipsie.database.shared_store import Bucket, DatabaseSharedStore, SharedStore, SharedValue
from wipsie.database.shared_store.redis_store import RedisSharedStore
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import ConfigurationError, InvalidInput, StorageUnavailable
from wipsie.kernel.ids import new_uuid
from wipsie.testing.clock import FakeClock
from wipsie.testing.ports import free_port
from wipsie.testing.servers import RedisServer
from wipsie.testing.servers.certificates import Authority
from wipsie.testing.servers.redis import RedisTls

KINDS = ["sqlite", "postgresql", "redis"]
ON_EVERY_STORE = pytest.mark.parametrize("store_kind", KINDS)
ON_SHARED_SERVERS = pytest.mark.parametrize("store_kind", ["postgresql", "redis"])

OpenStore = Callable[..., Awaitable[SharedStore]]


@pytest.fixture
def database_kind(store_kind: str) -> str:
    return "sqlite" if store_kind == "redis" else store_kind


@pytest.fixture
async def open_store(
    store_kind: str, migrated_database_url: str, request: pytest.FixtureRequest
) -> AsyncGenerator[OpenStore]:
    """Open the test's store as another process would: with connections and a clock of its own."""
    opened: list[SharedStore | Database] = []
    namespace = f"test-{new_uuid()}"
    url = request.getfixturevalue("redis_server").url() if store_kind == "redis" else migrated_database_url

    async def open_one(clock: Clock, *, follow_server_time: bool = False) -> SharedStore:
        if store_kind == "redis":
            store = RedisSharedStore(url, clock=clock, namespace=namespace, follow_server_time=follow_server_time)
        else:
            database = Database(url, clock=clock, pool_size=4)
            opened.append(database)
            await database.start()
            store = DatabaseSharedStore(database, clock=clock, follow_server_time=follow_server_time)
        opened.append(store)
        await store.start()
        return store

    yield open_one
    for one in reversed(opened):
        await one.stop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(open_store: OpenStore, clock: FakeClock) -> SharedStore:
    return await open_store(clock)


@ON_EVERY_STORE
async def test_a_value_comes_back_with_its_version(store: SharedStore) -> None:
    assert await store.get("key") is None
    assert await store.set("key", "naïve ☃ 'quoted'", ttl_s=60) == 1
    assert await store.get("key") == SharedValue("naïve ☃ 'quoted'", 1)
    assert await store.set("key", "", ttl_s=60) == 2
    assert await store.get("key") == SharedValue("", 2)


@ON_EVERY_STORE
async def test_a_value_is_gone_when_its_time_is_over_and_not_before(store: SharedStore, clock: FakeClock) -> None:
    await store.set("key", "old", ttl_s=10)
    clock.jump(9.999)
    assert await store.get("key") == SharedValue("old", 1)
    clock.jump(0.001)
    assert await store.get("key") is None
    assert not await store.delete("key")
    assert await store.set("key", "new", ttl_s=10) == 1


@ON_EVERY_STORE
async def test_setting_a_value_gives_it_its_whole_time_again(store: SharedStore, clock: FakeClock) -> None:
    await store.set("key", "first", ttl_s=10)
    clock.jump(9)
    await store.set("key", "second", ttl_s=10)
    clock.jump(9)
    assert await store.get("key") == SharedValue("second", 2)


@ON_EVERY_STORE
async def test_a_deleted_value_is_gone(store: SharedStore) -> None:
    await store.set("key", "value", ttl_s=60)
    assert await store.delete("key")
    assert await store.get("key") is None
    assert not await store.delete("key")


@ON_EVERY_STORE
async def test_compare_and_set_changes_only_what_nobody_changed(store: SharedStore, clock: FakeClock) -> None:
    assert await store.compare_and_set("key", 1, "too early", ttl_s=10) is None
    assert await store.compare_and_set("key", 0, "created", ttl_s=10) == 1
    assert await store.compare_and_set("key", 0, "created again", ttl_s=10) is None
    assert await store.compare_and_set("key", 1, "changed", ttl_s=10) == 2
    assert await store.compare_and_set("key", 1, "too late", ttl_s=10) is None
    assert await store.get("key") == SharedValue("changed", 2)
    clock.jump(10)
    assert await store.compare_and_set("key", 2, "over", ttl_s=10) is None
    assert await store.compare_and_set("key", 0, "anew", ttl_s=10) == 1


@ON_EVERY_STORE
@pytest.mark.parametrize("version", [0, 1])
async def test_of_many_at_once_exactly_one_wins(
    store: SharedStore, open_store: OpenStore, clock: FakeClock, version: int
) -> None:
    other = await open_store(clock)
    if version:
        await store.set("key", "start", ttl_s=60)
    tries = [
        (store if number % 2 else other).compare_and_set("key", version, str(number), ttl_s=60) for number in range(20)
    ]
    results = await asyncio.gather(*tries)
    assert sorted(result for result in results if result is not None) == [version + 1]
    assert await store.get("key") == SharedValue(str(results.index(version + 1)), version + 1)


@ON_EVERY_STORE
async def test_a_bucket_gives_its_burst_at_once_and_then_its_rate(store: SharedStore, clock: FakeClock) -> None:
    assert [await store.take("key", rate_per_s=2, burst=3) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
    clock.jump(0.5)
    assert await store.take("key", rate_per_s=2, burst=3) == 0
    assert await store.take("key", rate_per_s=2, burst=3) == pytest.approx(0.5)
    clock.jump(3600)
    assert [await store.take("key", rate_per_s=2, burst=3) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]


@ON_EVERY_STORE
async def test_several_tokens_are_taken_together_or_not_at_all(store: SharedStore, clock: FakeClock) -> None:
    assert await store.take("key", rate_per_s=1, burst=10, count=8) == 0
    assert await store.take("key", rate_per_s=1, burst=10, count=5) == pytest.approx(3)
    assert await store.take("key", rate_per_s=1, burst=10, count=2) == 0
    clock.jump(5)
    assert await store.take("key", rate_per_s=1, burst=10, count=5) == 0


@ON_EVERY_STORE
async def test_tokens_of_several_buckets_are_taken_together_or_not_at_all(store: SharedStore, clock: FakeClock) -> None:
    person = Bucket(key="person", rate_per_s=1, burst=2)
    number = Bucket(key="number", rate_per_s=4, burst=3)
    assert [await store.take_all([person, number]) for _ in range(2)] == [0, 0]
    assert await store.take_all([person, number]) == pytest.approx(1)
    assert await store.take_all([number]) == 0
    assert await store.take_all([number, person]) == pytest.approx(0.25)
    clock.jump(1)
    assert [await store.take_all([number]) for _ in range(3)] == [0, 0, 0]
    assert await store.take_all([person, number]) == pytest.approx(0.25)
    # What the first one gave while the second one refused, it has again.
    assert await store.take_all([person]) == 0
    assert await store.take_all([]) == 0


@pytest.mark.parametrize("store_kind", ["sqlite", "postgresql"])
async def test_tokens_taken_within_a_transaction_are_taken_if_it_commits(
    store: SharedStore, migrated_database_url: str, clock: FakeClock
) -> None:
    assert store.is_in_database
    bucket = Bucket(key="key", rate_per_s=1, burst=1)
    database = Database(migrated_database_url, clock=clock)
    with contextlib.suppress(LookupError):
        async with database.begin() as connection:
            assert await store.take_all([bucket], within=connection) == 0
            raise LookupError
    async with database.begin() as connection:
        assert await store.take_all([bucket], within=connection) == 0
    assert await store.take_all([bucket]) == pytest.approx(1)
    await database.stop()


@ON_EVERY_STORE
async def test_all_processes_take_from_one_bucket(store: SharedStore, open_store: OpenStore, clock: FakeClock) -> None:
    other = await open_store(clock)
    waits = await asyncio.gather(
        *((store if number % 2 else other).take("key", rate_per_s=1, burst=7) for number in range(30))
    )
    assert waits.count(0) == 7
    assert all(wait == pytest.approx(1) for wait in waits if wait)


@ON_EVERY_STORE
async def test_a_bucket_adapts_to_another_rate_at_once(store: SharedStore, clock: FakeClock) -> None:
    assert await store.take("key", rate_per_s=1 / 3600, burst=1) == 0
    assert await store.take("key", rate_per_s=1 / 3600, burst=1) == pytest.approx(3600)
    assert await store.take("key", rate_per_s=10, burst=1) == pytest.approx(0.1)
    clock.jump(0.1)
    assert await store.take("key", rate_per_s=10, burst=1) == 0


@ON_EVERY_STORE
async def test_values_and_buckets_of_one_name_do_not_meet(store: SharedStore) -> None:
    await store.set("key", "value", ttl_s=60)
    assert await store.take("key", rate_per_s=1, burst=1) == 0
    await store.delete("key")
    assert await store.take("key", rate_per_s=1, burst=1) > 0
    assert await store.get("key") is None


@ON_EVERY_STORE
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate_per_s=st.floats(0.01, 1000),
    burst=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20)), min_size=1, max_size=20),
)
async def test_a_bucket_never_gives_more_than_its_burst_and_rate_and_keeps_its_word(
    store: SharedStore, clock: FakeClock, rate_per_s: float, burst: int, steps: list[tuple[float, int]]
) -> None:
    key = new_uuid()
    taken: list[tuple[float, int]] = []
    for intervals, wanted in steps:
        count = min(wanted, burst)
        clock.jump(intervals / rate_per_s)
        wait_s = await store.take(key, rate_per_s=rate_per_s, burst=burst, count=count)
        if wait_s:
            # In the very moment it was told, and not long before, it is there.
            clock.jump(wait_s * 0.99)
            if wait_s * 0.01 > 1e-5:
                assert await store.take(key, rate_per_s=rate_per_s, burst=burst, count=count) > 0
            clock.jump(wait_s * 0.01)
            assert await store.take(key, rate_per_s=rate_per_s, burst=burst, count=count) == 0
        taken.append((clock.now(), count))
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            window_s = taken[last][0] - taken[first][0]
            total = sum(count for _, count in taken[first : last + 1])
            assert total <= burst + rate_per_s * (window_s + 5e-6 * len(taken)) + 1e-6


@ON_SHARED_SERVERS
async def test_machines_whose_clocks_differ_agree_by_the_clock_of_the_server(open_store: OpenStore) -> None:
    ahead = await open_store(FakeClock(time.time() + 3600), follow_server_time=True)
    behind = await open_store(FakeClock(time.time() - 3600), follow_server_time=True)
    await ahead.set("key", "value", ttl_s=60)
    assert await behind.get("key") == SharedValue("value", 1)
    assert await ahead.take("key", rate_per_s=0.1, burst=1) == 0
    assert 9 < await behind.take("key", rate_per_s=0.1, burst=1) <= 10
    assert 9 < await ahead.take("key", rate_per_s=0.1, burst=1) <= 10


@pytest.mark.parametrize("store_kind", ["sqlite", "postgresql"])
async def test_pruning_removes_what_nobody_can_see_any_more(store: SharedStore, clock: FakeClock) -> None:
    for number in range(5):
        await store.set(f"short-{number}", "value", ttl_s=10)
        await store.take(f"short-{number}", rate_per_s=1, burst=1)
    await store.set("long", "value", ttl_s=1000)
    await store.take("long", rate_per_s=0.01, burst=10)
    assert await store.prune() == 0
    clock.jump(100)
    assert await store.prune() == 10
    assert await store.prune() == 0
    assert await store.get("long") == SharedValue("value", 1)


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("get", {"key": ""}),
    ("get", {"key": "x" * 201}),
    ("get", {"key": "two\nlines"}),
    ("set", {"key": "k", "value": "x" * 65_537, "ttl_s": 1}),
    ("set", {"key": "k", "value": "a\0b", "ttl_s": 1}),
    ("set", {"key": "k", "value": "\ud800", "ttl_s": 1}),
    ("set", {"key": "k", "value": "v", "ttl_s": 0}),
    ("compare_and_set", {"key": "k", "version": 0, "value": "v", "ttl_s": -1}),
    ("take", {"key": "k", "rate_per_s": 0, "burst": 1}),
    ("take", {"key": "k", "rate_per_s": 1, "burst": 1, "count": 2}),
    ("take", {"key": "k", "rate_per_s": 1, "burst": 1, "count": 0}),
    ("take", {"key": "k", "rate_per_s": float("nan"), "burst": 1}),
]


@ON_EVERY_STORE
async def test_what_no_store_can_keep_is_refused_by_every_store(store: SharedStore) -> None:
    for verb, arguments in REFUSED:
        with pytest.raises(InvalidInput):
            await getattr(store, verb)(**arguments)


async def test_a_redis_that_is_away_is_storage_unavailable_at_once_and_welcome_when_it_is_back(
    server_folder: Path,
) -> None:
    server = RedisServer(server_folder / "redis")
    await asyncio.to_thread(server.start)
    store = RedisSharedStore(server.url(), clock=SystemClock())
    try:
        await store.start()
        await store.set("key", "kept", ttl_s=60)
        await asyncio.to_thread(server.kill)
        began = time.monotonic()
        with pytest.raises(StorageUnavailable, match="REDIS_URL") as away:
            await store.get("key")
        assert time.monotonic() - began < 2
        assert away.value.retry_after_s is not None
        await asyncio.to_thread(server.start)
        assert await store.get("key") == SharedValue("kept", 1)
    finally:
        await store.stop()
        await asyncio.to_thread(server.stop)


async def test_a_redis_that_is_not_there_is_storage_unavailable_at_the_start() -> None:
    store = RedisSharedStore(f"redis://127.0.0.1:{free_port()}/0", clock=SystemClock())
    with pytest.raises(StorageUnavailable, match="REDIS_URL"):
        await store.start()
    await store.stop()


async def test_a_wrong_password_of_redis_is_a_wrong_setting_and_never_shown(server_folder: Path) -> None:
    server = RedisServer(server_folder / "redis", password="correct")
    await asyncio.to_thread(server.start)
    store = RedisSharedStore(server.url().replace("correct", "guessed"), clock=SystemClock())
    try:
        with pytest.raises(ConfigurationError, match="REDIS_URL") as refused:
            await store.start()
        assert "guessed" not in f"{refused.value.message} {refused.value.details}"
    finally:
        await store.stop()
        await asyncio.to_thread(server.stop)


def test_an_address_that_is_no_redis_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL") as refused:
        RedisSharedStore("http://user:hidden@host", clock=SystemClock())
    assert "hidden" not in f"{refused.value.message} {refused.value.details}"


async def test_values_are_kept_over_tls_by_a_redis_whose_authority_is_named(
    redis_server: RedisServer, authority: Authority, server_folder: Path
) -> None:
    del redis_server  # skips, or fails, where there is no Redis
    signed = authority.sign("shared-store")
    tls = RedisTls(certificate=signed.certificate, key=signed.key, authority=authority.certificate)
    server = RedisServer(server_folder / "redis", tls=tls, password="geheim")
    await asyncio.to_thread(server.start)
    plain_url = server.url().partition("?")[0]
    store = RedisSharedStore(server.url(), clock=SystemClock())
    try:
        await store.start()
        await store.set("key", "kept", ttl_s=60)
        assert await store.get("key") == SharedValue("kept", 1)
        for url, words in (
            (plain_url, "is not trusted"),
            (f"{plain_url}?ssl_ca_certs=/nowhere/ca.pem", "/nowhere/ca.pem, named by ssl_ca_certs in REDIS_URL"),
            (server.url().replace("127.0.0.1", "localhost"), "is for another host"),
        ):
            assert words in await refusal_at_start(url)
    finally:
        await store.stop()
        await asyncio.to_thread(server.stop)


async def refusal_at_start(url: str) -> str:
    store = RedisSharedStore(url, clock=SystemClock())
    with pytest.raises(ConfigurationError, match="REDIS_URL") as refused:
        await store.start()
    await store.stop()
    assert "geheim" not in f"{refused.value.message} {refused.value.details}"
    return refused.value.message


@pytest.mark.parametrize("options", ["ssl_foo=1", "ssl_cert_reqs=maybe", "max_connections=5", "connection_class=x"])
def test_options_of_an_address_that_cannot_be_used_are_refused_before_anything_is_opened(options: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        RedisSharedStore(f"redis{'s' * options.startswith('ssl')}://127.0.0.1:6379/0?{options}", clock=SystemClock())


def test_a_check_that_is_switched_off_is_told_to_the_operator() -> None:
    store = RedisSharedStore("rediss://127.0.0.1:6379/0?ssl_cert_reqs=none", clock=SystemClock())
    assert "ssl_cert_reqs=none in REDIS_URL" in (store.caution or "")
    assert RedisSharedStore("rediss://127.0.0.1:6379/0", clock=SystemClock()).caution is None
