"""Databases for the tests of the PostgreSQL backend: one durable server for each test process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.testing.servers import PostgresServer
from wipsie.testing.servers.fixtures import running


@pytest.fixture(scope="session")
def durable_server(session_server_folder: Path, servers_required: bool) -> Iterator[PostgresServer]:
    """A server that brings commits to the disk, so that the backend on it may call itself durable."""
    with running(lambda: PostgresServer(session_server_folder / "durable-postgres"), servers_required) as server:
        yield server


def _name() -> str:
    return f"queue_{os.urandom(6).hex()}"


@pytest.fixture(scope="session")
def queue_database(durable_server: PostgresServer) -> str:
    """A database that all tests of this process share: their queues have names of their own."""
    return durable_server.create_database(_name())


@pytest.fixture
def new_database(durable_server: PostgresServer) -> Iterator[str]:
    """An empty database of this test alone."""
    name = _name()
    yield durable_server.create_database(name)
    durable_server.drop_database(name)


@pytest.fixture
async def backend(new_database: str) -> AsyncIterator[PostgresQueueBackend]:
    """A backend with one queue, on a database of this test alone."""
    backend = PostgresQueueBackend(new_database, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QueueName("wipsie-default")))
    yield backend
    await backend.stop()


@pytest.fixture
async def other(backend: PostgresQueueBackend, new_database: str) -> AsyncIterator[PostgresQueueBackend]:
    """A second process's backend on the same database."""
    other = PostgresQueueBackend(new_database, clock=SystemClock())
    await other.start()
    yield other
    await other.stop()
