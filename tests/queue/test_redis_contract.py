"""The Redis backend keeps the contract of every queue backend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.servers.redis import RedisServer


@pytest.fixture(scope="module")
def durable_redis(redis_server: RedisServer, session_server_folder: Path) -> Iterator[RedisServer]:
    """A Redis that keeps what it accepts, so that the promises of durable backends are asked for. (`redis_server` is only
    asked for because it skips, or fails, where there is no Redis.)"""
    del redis_server
    server = RedisServer(session_server_folder / f"redis-contract-{os.urandom(4).hex()}")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def backend_factory(durable_redis: RedisServer) -> BackendFactory:
    namespace = f"contract-{os.urandom(6).hex()}"
    return lambda clock: RedisQueueBackend(
        durable_redis.url(), clock=clock, namespace=namespace, follow_server_time=False
    )
