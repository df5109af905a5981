"""The server that keeps the queues is stopped and killed in mid-load: nothing that was answered with 200 is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from http_massacre import Books, Massacre
from kill_stores import Store

from wipsie.testing.servers import PostgresServer, RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SEED = 20261122
LEASE_S = 30.0
AWAY_S = 0.5
"""Long enough for calls to run into the closed port."""


class Stage:
    """A server of this test's own, with every commit on disk, and a store on it."""

    def __init__(self, server: PostgresServer | RedisServer, store: Store) -> None:
        self.server = server
        self.store = store


@pytest.fixture(params=["postgresql", "redis"])
async def stage(request: pytest.FixtureRequest, server_folder: Path) -> AsyncIterator[Stage]:
    # The shared servers do not wait for the disk; asking for them tells whether the programs are there.
    if request.param == "postgresql":
        request.getfixturevalue("postgres_server")
        server: PostgresServer | RedisServer = PostgresServer(server_folder / "postgres")
        store = Store("postgresql", {"QUEUE_URL": server.url(), "DATABASE_URL": server.url()})
    else:
        request.getfixturevalue("redis_server")
        server = RedisServer(server_folder / "redis", appendfsync="always")
        store = Store("redis", {"QUEUE_URL": server.url()})
    await asyncio.to_thread(server.start)
    yield Stage(server, store)
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def massacre(tmp_path: Path, stage: Stage) -> AsyncIterator[Massacre]:
    massacre = Massacre(tmp_path, stage.store, SEED)
    try:
        await massacre.begin()
        yield massacre
    finally:
        await massacre.clients.stop()
        massacre.stop_by_force()


async def test_a_server_stopped_and_killed_under_load_loses_nothing(massacre: Massacre, stage: Stage) -> None:
    for end in (stage.server.kill, stage.server.stop, stage.server.kill):
        await asyncio.sleep(massacre.chance.uniform(0.5, 1.5))
        await asyncio.to_thread(end)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(stage.server.start)
        await massacre.clients_go_on()
    await massacre.clients.stop()
    assert massacre.clients.failures > 0, "no client noticed that the server was away"
    async with Books(massacre.folder, massacre.store) as books:
        # A receive whose answer was lost with the connection comes back when its lease ends.
        await books.wait_until_empty(2 * LEASE_S)
        await books.check(massacre.clients.noted)
    assert massacre.api.return_code is None, massacre.api.log()[-3000:]
    assert massacre.worker.return_code is None, massacre.worker.log()[-3000:]
    assert "Traceback" not in massacre.api.log() + massacre.worker.log()
    assert await massacre.api.stop() == 0, massacre.api.log()[-3000:]
    assert await massacre.worker.stop() == 0, massacre.worker.log()[-3000:]
