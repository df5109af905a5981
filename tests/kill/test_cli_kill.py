"""kill -9 of the processes people start (`wipsie api`, `worker`, `up`) loses nothing that was answered with 200."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from http_massacre import Books, Clients, Massacre
from kill_stores import Store, opened, quick_on_sqlite

from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess

SEED = 20251004
LEASE_S = 30.0
"""The lease of the queue `default`: what a killed worker held comes back after it."""


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(getattr(request, "param", "sqlite"), request) as store:
        yield store


@pytest.fixture
async def massacre(tmp_path: Path, store: Store) -> AsyncIterator[Massacre]:
    massacre = Massacre(tmp_path, store, SEED)
    try:
        await massacre.begin()
        yield massacre
    finally:
        await massacre.clients.stop()
        massacre.stop_by_force()


@pytest.mark.parametrize("store", quick_on_sqlite(), indirect=True)
async def test_three_kills_of_api_and_worker_lose_nothing(massacre: Massacre) -> None:
    for _ in range(2):
        await massacre.kill(massacre.api, (0.05, 0.4))
        await massacre.clients_go_on()
    await massacre.clients.stop()
    async with Books(massacre.folder, massacre.store) as books:
        # An idle worker holds no lease, so that its successor need not wait for one to end.
        await books.wait_until_empty(10)
        await massacre.kill(massacre.worker, (0.0, 0.1))
        massacre.clients.start()
        await massacre.clients_go_on()
        await massacre.clients.stop()
        await books.wait_until_empty(10)
        assert massacre.clients.failures > 0, "no client noticed a kill"
        await books.check(massacre.clients.noted)


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_twenty_four_kills_of_api_and_worker_lose_nothing(massacre: Massacre) -> None:
    for number in range(12):
        victims = [massacre.api, massacre.worker]
        massacre.chance.shuffle(victims)
        # Every fourth round kills while the processes are still starting.
        within_s = (0.0, 0.5) if number % 4 == 3 else (0.5, 2.5)
        for victim in victims:
            await massacre.kill(victim, within_s)
    await massacre.clients_go_on()
    await massacre.clients.stop()
    async with Books(massacre.folder, massacre.store) as books:
        await books.wait_until_empty(2 * LEASE_S)
        assert len(massacre.clients.noted) > 500
        await books.check(massacre.clients.noted)
    assert await massacre.api.stop() == 0, massacre.api.log()[-3000:]
    assert await massacre.worker.stop() == 0, massacre.worker.log()[-3000:]


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_up_killed_with_two_hundred_messages_in_flight_processes_them_all(tmp_path: Path, store: Store) -> None:
    wipsie = WipsieProcess(["up"], data_dir=tmp_path)
    wipsie.start()
    try:
        await wipsie.wait_until_healthy("/health/ready")
        clients = Clients(wipsie.base_url)
        async with Books(tmp_path, store) as books:
            # Paused while they are sent, so that the worker has them all before it when it is killed at work.
            await books.pause()
            await clients.send_all(200)
            assert len(clients.noted) == 200
            with closing(sqlite3.connect(tmp_path / "wipsie.db", isolation_level=None, timeout=10)) as database:
                # While somebody else writes there, no result is recorded, and so nothing is acknowledged.
                database.execute("BEGIN IMMEDIATE")
                await books.resume()

                async def is_at_work() -> bool:
                    return (await books.counts()).leased > 0

                await eventually(is_at_work, 10, "the worker works")
                wipsie.kill()
                database.execute("ROLLBACK")
            assert (await books.counts()).total == 200
            wipsie.start()
            await wipsie.wait_until_healthy("/health/ready")
            await books.wait_until_empty(2 * LEASE_S)
            await books.check(clients.noted)
        assert await wipsie.stop() == 0, wipsie.log()[-3000:]
    finally:
        wipsie.kill()
