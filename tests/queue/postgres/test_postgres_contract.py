"""The PostgreSQL backend keeps the contract of every queue backend."""

from __future__ import annotations

import pytest

from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory


@pytest.fixture
def backend_factory(queue_database: str) -> BackendFactory:
    return lambda clock: PostgresQueueBackend(queue_database, clock=clock, follow_server_time=False)
