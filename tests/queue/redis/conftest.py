"""Servers for the tests of the Redis backend, and the way to what they share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wipsie.testing.servers import RedisServer

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def durable_redis(redis_server: RedisServer, session_server_folder: Path) -> Iterator[RedisServer]:
    """A Redis that keeps what it accepts, so that the promises of durable backends are asked for. (`redis_server` skips,
    or fails, where there is no Redis.)"""
    del redis_server
    server = RedisServer(session_server_folder / "durable-redis")
    server.start()
    yield server
    server.stop()
