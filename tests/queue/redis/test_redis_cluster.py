"""A node of a Redis cluster: good for queues when it holds their slot, and otherwise refused in one sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis_places import QUEUE, acknowledge, message, opened, plain, running, sent

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable, WipsieError
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import RedisServer

SLOTS = 16_384


@asynccontextmanager
async def node(redis_server: RedisServer, folder: Path) -> AsyncGenerator[RedisServer]:
    """A node without slots. (`redis_server` skips, or fails, where there is no Redis.)"""
    version = (await plain(redis_server, "INFO", "server")).decode().partition("redis_version:")[2]
    if int(version.partition(".")[0]) < 7:
        pytest.skip("a cluster whose nodes share a machine needs Redis 7")
    async with running(folder, is_cluster_node=True) as server:
        yield server


async def give_slots(server: RedisServer, first: int, last: int) -> None:
    await plain(server, "CLUSTER", "ADDSLOTSRANGE", str(first), str(last))


async def is_complete(server: RedisServer) -> bool:
    return b"cluster_state:ok" in await plain(server, "CLUSTER", "INFO")


async def cluster_port(server: RedisServer) -> str:
    (_, port) = await plain(server, "CONFIG", "GET", "cluster-port")
    return port.decode()


async def refusal_at_start(url: str) -> WipsieError:
    backend = RedisQueueBackend(url, clock=SystemClock(), namespace="test-cluster")
    with pytest.raises(WipsieError) as refusal:
        await backend.start()
    await backend.stop()
    return refusal.value


async def test_a_node_that_holds_all_slots_keeps_queues_like_any_redis(
    redis_server: RedisServer, server_folder: Path
) -> None:
    async with node(redis_server, server_folder) as server:
        await give_slots(server, 0, SLOTS - 1)
        await eventually(lambda: is_complete(server), 20.0, "the cluster is complete")
        async with opened(server, key_concurrency=1) as backend:
            sent(await backend.send([message(group_id="g"), message(delay_s=60.0), message(deduplication_id="d")]))
            deliveries = await backend.receive(QUEUE, max_messages=10)
            assert len(deliveries) == 2
            await acknowledge(backend, deliveries)
            assert await backend.purge(QUEUE) == 1


async def test_a_node_that_does_not_hold_the_queues_names_the_one_that_does(
    redis_server: RedisServer, server_folder: Path
) -> None:
    async with (
        node(redis_server, server_folder / "holder") as holder,
        node(redis_server, server_folder / "other") as other,
    ):
        await give_slots(holder, 0, SLOTS - 1)
        await plain(other, "CLUSTER", "MEET", "127.0.0.1", str(holder.port), await cluster_port(holder))
        await eventually(lambda: is_complete(other), 30.0, "the nodes know each other")
        refusal = await refusal_at_start(other.url())
        assert isinstance(refusal, StorageUnavailable)
        assert f"127.0.0.1:{holder.port} does" in refusal.message
        assert "QUEUE_URL" in refusal.message
        async with opened(holder, namespace="test-cluster") as backend:
            sent(await backend.send([message()]))


async def test_a_slot_without_a_node_is_told_and_waited_for(redis_server: RedisServer, server_folder: Path) -> None:
    async with node(redis_server, server_folder) as server:
        assert "slot is not served" in (await refusal_at_start(server.url())).message
        await give_slots(server, 0, SLOTS - 1)
        await eventually(lambda: is_complete(server), 20.0, "the cluster is complete")
        async with opened(server, namespace="test-cluster") as backend:
            slot = await plain(server, "CLUSTER", "KEYSLOT", "{test-cluster}:")
            await plain(server, "CLUSTER", "DELSLOTS", str(slot))
            with pytest.raises(StorageUnavailable, match="slot is not served") as refusal:
                await backend.send([message("refused")])
            assert refusal.value.retry_after_s
            await plain(server, "CLUSTER", "ADDSLOTS", str(slot))
            await eventually(lambda: is_complete(server), 20.0, "the cluster is complete again")
            sent(await backend.send([message("accepted")]))
            (delivery,) = await backend.receive(QUEUE)
            assert delivery.body == "accepted"


async def test_a_numbered_database_of_a_cluster_is_a_setting_to_correct(
    redis_server: RedisServer, server_folder: Path
) -> None:
    async with node(redis_server, server_folder) as server:
        refusal = await refusal_at_start(server.url(db=1))
        assert isinstance(refusal, ConfigurationError)
        # Valkey counts the databases of a cluster, Redis has none but the first.
        assert "database" in refusal.message
        assert "QUEUE_URL" in refusal.message
