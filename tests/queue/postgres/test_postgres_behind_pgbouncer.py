"""Behind PgBouncer in transaction mode the contract is kept as well; only wake-ups come later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.servers import PgBouncerServer, PostgresServer
from wipsie.testing.servers.fixtures import running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def pooled_database(
    session_server_folder: Path, durable_server: PostgresServer, queue_database: str, servers_required: bool
) -> Iterator[str]:
    """The database of the contract tests, through a pooler."""
    with running(
        lambda: PgBouncerServer(session_server_folder / "queue-pgbouncer", durable_server), servers_required
    ) as server:
        yield f"{server.url(queue_database.rpartition('/')[2])}?pooler=transaction"


@pytest.fixture
def backend_factory(pooled_database: str) -> BackendFactory:
    return lambda clock: PostgresQueueBackend(pooled_database, clock=clock, follow_server_time=False)
