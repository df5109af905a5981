"""The pool of connections, as whoever sets DATABASE_POOL_SIZE and DATABASE_MAX_OVERFLOW expects it to behave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from wipsie.app.parts import build_parts
from wipsie.app.settings import Settings
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import PostgresServer

on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncGenerator[Database]:
    database = Database(url, clock=SystemClock(), **options)
    try:
        await database.start()
        yield database
    finally:
        await database.stop()


async def pids(database: Database, count: int) -> list[int]:
    """Of the connections that so many callers at once get."""
    all_there = asyncio.Barrier(count)

    async def one() -> int:
        async with database.read() as connection:
            pid = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
            await all_there.wait()
        return pid

    return await asyncio.gather(*(one() for _ in range(count)))


async def open_connections(url: str) -> int:
    """How many there are to this database, the one that asks aside."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with opened(url, pool_size=1, max_overflow=0) as asking, asking.read() as connection:
        return (await connection.exec_driver_sql(question)).scalar_one()


def test_the_settings_of_the_operator_reach_the_pool() -> None:
    settings = Settings.read(
        {"DATABASE_URL": "postgresql://u@host/name", "DATABASE_POOL_SIZE": "7", "DATABASE_MAX_OVERFLOW": "3"}
    )
    pool: Any = build_parts(settings, SystemClock()).database.engine.pool
    assert (pool.size(), pool._max_overflow) == (7, 3)
    defaults: Any = build_parts(
        Settings.read({"DATABASE_URL": "postgresql://u@host/name"}), SystemClock()
    ).database.engine.pool
    assert (defaults.size(), defaults._max_overflow) == (10, 20)


@on_postgresql
async def test_under_load_there_are_as_many_as_the_settings_allow_and_afterwards_the_pool_keeps_its_size(
    migrated_database_url: str,
) -> None:
    async with opened(migrated_database_url, pool_size=2, max_overflow=3) as database:
        assert len(set(await pids(database, 5))) == 5
        assert await open_connections(migrated_database_url) == 2

        async def busy() -> None:
            async with database.read() as connection:
                await connection.exec_driver_sql("SELECT pg_sleep(0.05)")

        working = [asyncio.create_task(busy()) for _ in range(30)]
        await asyncio.sleep(0)
        most = 0
        while not all(task.done() for task in working):
            most = max(most, await open_connections(migrated_database_url))
        await asyncio.gather(*working)
        assert 2 <= most <= 5


async def test_who_finds_all_in_use_waits_for_a_bounded_time_and_is_told_what_to_change(
    migrated_database_url: str,
) -> None:
    async with opened(migrated_database_url, pool_size=1, max_overflow=1, pool_timeout_s=0.2) as database:
        async with database.read() as one, database.read() as other:
            await one.exec_driver_sql("SELECT 1")
            await other.exec_driver_sql("SELECT 1")
            began = time.monotonic()
            with pytest.raises(StorageUnavailable, match="raise DATABASE_POOL_SIZE") as told:
                async with database.read():
                    pass
            assert 0.15 < time.monotonic() - began < 5
            assert told.value.retry_after_s is not None
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT 1")


async def test_who_waits_gets_the_connection_that_comes_back_first(migrated_database_url: str) -> None:
    async with opened(migrated_database_url, pool_size=1, max_overflow=0) as database:
        order: list[int] = []

        async def work(number: int) -> None:
            async with database.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
                order.append(number)

        await asyncio.gather(*(work(number) for number in range(20)))
        assert order == list(range(20))


@on_postgresql
async def test_connections_the_server_ended_while_they_lay_in_the_pool_cost_the_caller_nothing(
    migrated_database_url: str, postgres_server: PostgresServer
) -> None:
    async with opened(migrated_database_url, pool_size=4, max_overflow=0) as database:
        for _ in range(5):
            before = set(await pids(database, 4))
            await end_all(migrated_database_url)
            after = set(await pids(database, 4))
            assert not before & after
            async with database.begin() as connection:
                await connection.execute(text("UPDATE leases SET holder = holder"))
        assert await open_connections(migrated_database_url) == 4


async def end_all(url: str) -> None:
    """As an operator ends them; returns when they are gone."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with opened(url, pool_size=1, max_overflow=0) as operator, operator.begin() as connection:
        await connection.exec_driver_sql(end)

    async def gone() -> bool:
        return await open_connections(url) == 0

    await eventually(gone, 10, "the server has ended the connections")


@on_postgresql
async def test_a_connection_is_replaced_when_it_is_old_and_not_before(migrated_database_url: str) -> None:
    async with opened(migrated_database_url, pool_size=1, max_overflow=0) as database:
        age_s = 0.0

        def grow_old(_connection: Any, record: Any) -> None:
            # The pool has no clock of its own to be told: the connection says that it was opened earlier.
            record.starttime -= age_s

        event.listen(database.engine.sync_engine, "checkin", grow_old)
        (first,) = await pids(database, 1)
        age_s = 1_700.0
        assert await pids(database, 1) == [first]
        assert await pids(database, 1) == [first]
        (second,) = await pids(database, 1)
        assert second != first
        age_s = 0.0
        assert await pids(database, 1) != [first]
        assert await open_connections(migrated_database_url) == 1
