"""The same promises in real time, by the server's clock, on machines whose own clocks are a minute wrong."""

from __future__ import annotations

import itertools
import os

import pytest
from redis_places import WrongClock

from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.queue_contract import (
    BackendFactory,
    TestChangeVisibility,
    TestKeyConcurrency,
    TestSharing,
    TestWaiting,
)
from wipsie.testing.queue_contract.fixtures import *  # noqa: F403 (the fixtures these suites need)
from wipsie.testing.servers import RedisServer

__all__ = ["TestChangeVisibility", "TestKeyConcurrency", "TestSharing", "TestWaiting"]

pytestmark = pytest.mark.slow


@pytest.fixture
def controls_time() -> bool:
    return False


@pytest.fixture
def patience_s() -> float:
    return 0.0


@pytest.fixture
def backend_factory(redis_server: RedisServer) -> BackendFactory:
    namespace = f"real-time-{os.urandom(6).hex()}"
    wrong_by_s = itertools.cycle((-60.0, 60.0))
    return lambda clock: RedisQueueBackend(redis_server.url(), clock=WrongClock(next(wrong_by_s)), namespace=namespace)
