"""The Redis backend keeps the contract of every queue backend."""

from __future__ import annotations

import os

import pytest

from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.servers.redis import RedisServer


@pytest.fixture
def backend_factory(durable_redis: RedisServer) -> BackendFactory:
    namespace = f"contract-{os.urandom(6).hex()}"
    return lambda clock: RedisQueueBackend(
        durable_redis.url(), clock=clock, namespace=namespace, follow_server_time=False
    )
