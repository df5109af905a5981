"""When Redis is away, full, failing over or set up carelessly: nothing accepted is lost, and everybody is told in words."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis_places import QUEUE, acknowledge, frozen, message, opened, plain, running, sent

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable, WipsieError
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.backends.redis.durability import examine_url
from wipsie.queue.backends.redis.failures import failed_call
from wipsie.queue.contract import VisibilityChange
from wipsie.testing.eventually import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.servers import RedisServer


async def test_a_wrong_password_is_a_setting_to_correct_and_is_not_shown(server_folder: Path) -> None:
    async with running(server_folder, password="right") as server:
        for url in (server.url().replace("right", "wrong-one"), server.url().replace(":right@", "")):
            backend = RedisQueueBackend(url, clock=SystemClock())
            with pytest.raises(ConfigurationError, match="QUEUE_URL") as refusal:
                await backend.start()
            assert "wrong-one" not in f"{refusal.value.message} {refusal.value.details}"
            await backend.stop()
        async with opened(server) as backend:
            sent(await backend.send([message()]))


async def test_a_database_that_does_not_exist_is_a_setting_to_correct(redis_server: RedisServer) -> None:
    backend = RedisQueueBackend(redis_server.url(db=9999), clock=SystemClock())
    with pytest.raises(ConfigurationError, match="QUEUE_URL"):
        await backend.start()
    await backend.stop()


async def test_a_server_that_is_away_at_the_start_is_named_without_secrets() -> None:
    backend = RedisQueueBackend(f"redis://:geheim@127.0.0.1:{free_port()}/0", clock=SystemClock())
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1") as refusal:
        await backend.start()
    assert "geheim" not in refusal.value.message
    assert refusal.value.retry_after_s
    await backend.stop()


async def test_a_server_that_went_away_is_missed_in_words_and_found_again_alone(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server) as backend:
        sent(await backend.send([message("before")]))
        waiting = asyncio.create_task(backend.receive(QUEUE, max_messages=10, wait_s=30.0))
        (held,) = await waiting
        waiting = asyncio.create_task(backend.receive(QUEUE, wait_s=30.0))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(server.stop)
        for call in (backend.send([message()]), backend.receive(QUEUE), backend.counts(QUEUE)):
            started = time.monotonic()
            with pytest.raises(StorageUnavailable) as refusal:
                await call
            assert refusal.value.retry_after_s
            assert time.monotonic() - started < 5.0
        assert not waiting.done(), "who waited already goes on waiting"
        await asyncio.to_thread(server.start)

        async def takes_messages() -> bool:
            try:
                sent(await backend.send([message("after")]))
            except StorageUnavailable:
                return False
            return True

        await eventually(takes_messages, 10.0, "the server is found again")
        (delivery,) = await asyncio.wait_for(waiting, 5.0)
        assert delivery.body == "after"
        await acknowledge(backend, [held, delivery])


async def test_a_server_that_is_away_is_not_asked_by_every_call(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server) as backend:
        await asyncio.to_thread(server.stop)
        started = time.monotonic()
        outcomes = await asyncio.gather(*(backend.send([message()]) for _ in range(2000)), return_exceptions=True)
        assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
        assert time.monotonic() - started < 5.0
        await asyncio.to_thread(server.start)


@pytest.mark.slow
async def test_a_server_that_hangs_is_given_up_after_a_while_and_used_again(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server, options="?socket_timeout=0.5") as backend:
        sent(await backend.send([message("first")]))
        async with frozen(server):
            with pytest.raises(StorageUnavailable, match="not known"):
                await asyncio.wait_for(backend.send([message("nobody knows")]), 5.0)
        await eventually(lambda: takes(backend), 10.0, "the server is used again")


async def test_full_memory_refuses_sends_and_lets_everything_else_through(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server) as backend:
        sent(await backend.send([message("x" * 10_000, group_id="g") for _ in range(100)]))
        await plain(server, "CONFIG", "SET", "maxmemory", "1mb")
        with pytest.raises(StorageUnavailable, match="out of memory") as refusal:
            await backend.send([message("one too many")])
        assert refusal.value.retry_after_s
        deliveries = await backend.receive(QUEUE, max_messages=100)
        assert len(deliveries) == 100
        changes = [VisibilityChange(one.queue, one.receipt, 60.0) for one in deliveries[:50]]
        changes += [VisibilityChange(one.queue, one.receipt, 0.0, release=True) for one in deliveries[50:]]
        assert await backend.change_visibility(changes) == [None] * 100
        await acknowledge(backend, deliveries[:50])
        await acknowledge(backend, await backend.receive(QUEUE, max_messages=100))
        assert (await backend.counts(QUEUE)).total == 0
        await plain(server, "CONFIG", "SET", "maxmemory", "0")
        sent(await backend.send([message("fits again")]))


async def test_a_failover_to_a_replica_is_told_and_survived(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server) as backend:
        await plain(server, "REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StorageUnavailable, match="read-only replica"):
            await backend.send([message()])
        await plain(server, "REPLICAOF", "NO", "ONE")
        sent(await backend.send([message()]))


async def test_killed_connections_are_made_again(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server) as backend:
        waiting = asyncio.create_task(backend.receive(QUEUE, wait_s=30.0))
        await asyncio.sleep(0.1)
        for _ in range(3):
            await plain(server, "CLIENT", "KILL", "TYPE", "normal")
            await plain(server, "CLIENT", "KILL", "TYPE", "pubsub")
            await eventually(lambda: takes(backend), 5.0, "the connection is made again")
        assert len(await asyncio.wait_for(waiting, 5.0)) == 1


async def test_a_restart_nobody_was_waiting_for_is_not_noticed(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server) as backend:
        sent(await backend.send([message()]))
        (delivery,) = await backend.receive(QUEUE)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(0)
        sent(await backend.send([message()]))
        await acknowledge(backend, [delivery])
        assert (await backend.counts(QUEUE)).ready == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BusyLoadingError("Redis is loading the dataset in memory"), "still reads its data"),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "out of memory"),
        (ReadOnlyError("You can't write against a read only replica."), "read-only replica"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), "cannot save to its disk"),
        (ResponseError("BUSY Redis is busy running a script."), "busy"),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "too few replicas"),
        (MovedError("3999 127.0.0.1:6381"), "127.0.0.1:6381"),
        (AskError("3999 127.0.0.1:6381"), "is moving"),
        (TryAgainError("Multiple keys request during rehashing of slot"), "is moving"),
        (ClusterDownError("The cluster is down"), "is down"),
        (ClusterDownError("Hash slot not served"), "not served"),
        (MasterDownError("Link with MASTER is down"), "lost its master"),
        (ResponseError("ERR something else"), "something else"),
    ],
)
def test_every_refusal_of_redis_becomes_a_sentence(error: Exception, words: str) -> None:
    failure: WipsieError = failed_call("localhost:6379", error)
    assert isinstance(failure, StorageUnavailable)
    assert words in failure.message
    assert failure.retry_after_s


@pytest.mark.parametrize(
    ("appendonly", "appendfsync", "policy", "durable", "words"),
    [
        (True, "always", "noeviction", True, None),
        (True, "always", "volatile-lru", True, None),
        (True, "everysec", "noeviction", False, "about the last second"),
        (True, "no", "noeviction", False, "appendfsync no"),
        (False, "always", "noeviction", False, "appendonly yes"),
        (True, "always", "allkeys-lru", False, "noeviction"),
    ],
)
async def test_durable_is_what_keeps_everything_and_the_rest_is_told_in_a_sentence(
    server_folder: Path, appendonly: bool, appendfsync: str, policy: str, durable: bool, words: str | None
) -> None:
    async with running(server_folder, appendonly=appendonly, appendfsync=appendfsync) as server:
        await plain(server, "CONFIG", "SET", "maxmemory-policy", policy)
        async with opened(server) as backend:
            assert backend.capabilities.durable is durable
        sentence = (await examine_url(server.url(), SystemClock())).sentence
        assert sentence is None if words is None else sentence is not None and words in sentence


async def test_a_log_that_is_not_written_while_it_is_tidied_up_is_not_called_durable(server_folder: Path) -> None:
    async with running(server_folder) as server:
        await plain(server, "CONFIG", "SET", "no-appendfsync-on-rewrite", "yes")
        finding = await examine_url(server.url(), SystemClock())
        assert not finding.durable
        assert "no-appendfsync-on-rewrite" in (finding.sentence or "")


async def test_a_server_that_does_not_say_is_not_called_durable(server_folder: Path) -> None:
    async with running(server_folder) as server:
        await plain(server, "ACL", "SETUSER", "default", "-config")
        async with opened(server) as backend:
            assert not backend.capabilities.durable
            assert backend.durability is not None
            assert "CONFIG GET" in (backend.durability.sentence or "")


async def takes(backend: RedisQueueBackend) -> bool:
    """Whether the backend accepts a message now."""
    try:
        sent(await backend.send([message()]))
    except StorageUnavailable:
        return False
    return True
