"""Behind PgBouncer in transaction mode the contract is kept as well; only wake-ups come later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.servers import PgBouncerServer, PostgresServer, ServerMissing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def pooled_database(
    session_server_folder: Path, durable_server: PostgresServer, queue_database: str, servers_required: bool
) -> Iterator[str]:
    """The database of the contract tests, through a pooler."""
    try:
        server = PgBouncerServer(session_server_folder / "queue-pgbouncer", durable_server)
    except ServerMissing as missing:
        if servers_required:
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    server.start()
    yield f"{server.url(queue_database.rpartition('/')[2])}?pooler=transaction"
    server.stop()


@pytest.fixture
def backend_factory(pooled_database: str) -> BackendFactory:
    return lambda clock: PostgresQueueBackend(pooled_database, clock=clock, follow_server_time=False)
