"""Queues and rows in one PostgreSQL: what a unit of work publishes is in the queue with its commit, or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.database import migrator, outbox
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import NewMessage
from wipsie.testing.servers.postgres import PostgresServer


@pytest.fixture
async def parts(postgres_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Parts]:
    name = f"direct_{os.urandom(4).hex()}"
    url = postgres_server.create_database(name)
    await migrator.migrate(url)
    parts = build_parts(Settings.read({"WIPSIE_DATA_DIR": str(tmp_path), "QUEUE_URL": url, "DATABASE_URL": url}))
    await parts.database.start()
    await parts.engine.start()
    await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
    yield parts
    await parts.engine.stop()
    await parts.database.stop()
    postgres_server.drop_database(name)


def message() -> NewMessage:
    return NewMessage(queue=QueueName("default"), body="{}", message_id=new_message_id())


async def in_outbox(parts: Parts) -> int:
    async with parts.database.read() as connection:
        return await outbox.count_waiting(connection)


async def in_queue(parts: Parts) -> int:
    return (await parts.engine.counts(parts.engine.resolve("default"))).total


async def test_a_published_message_is_in_the_queue_with_the_commit(parts: Parts) -> None:
    async with parts.database.unit_of_work() as unit:
        unit.publish(message())
        unit.publish(message())
        assert await in_queue(parts) == 0
    assert (await in_queue(parts), await in_outbox(parts)) == (2, 0)


async def test_a_unit_that_fails_publishes_nothing(parts: Parts) -> None:
    async def fail() -> None:
        async with parts.database.unit_of_work() as unit:
            unit.publish(message())
            raise RuntimeError("the use case failed")

    with pytest.raises(RuntimeError):
        await fail()
    assert (await in_queue(parts), await in_outbox(parts)) == (0, 0)


async def test_a_waiting_receiver_is_woken_by_the_commit(parts: Parts) -> None:
    queue = parts.engine.resolve("default")
    waiting = asyncio.create_task(parts.engine.receive(queue, wait_s=20))
    published = message()
    async with parts.database.unit_of_work() as unit:
        unit.publish(published)
    (delivery,) = await waiting
    assert delivery.message_id == published.message_id


async def test_what_the_queue_refuses_now_goes_by_the_outbox_and_the_unit_commits(parts: Parts) -> None:
    queue = parts.engine.resolve("default")
    settings = await parts.engine.queue_settings(queue)
    await parts.engine.change_queue(msgspec.structs.replace(settings, max_messages=1))
    async with parts.database.unit_of_work() as unit:
        unit.publish(message())
        unit.publish(message())
    assert (await in_queue(parts), await in_outbox(parts)) == (1, 1)


async def test_another_database_for_rows_keeps_the_outbox(postgres_server: PostgresServer, tmp_path: Path) -> None:
    settings = Settings.read({"WIPSIE_DATA_DIR": str(tmp_path), "QUEUE_URL": postgres_server.url()})
    parts = build_parts(settings)
    await migrator.migrate(settings.database.url)
    await parts.database.start()
    try:
        async with parts.database.unit_of_work() as unit:
            unit.publish(message())
        assert await in_outbox(parts) == 1
    finally:
        await parts.database.stop()


async def test_a_server_that_does_not_wait_for_the_disk_is_told_of(parts: Parts) -> None:
    # The server of these tests runs without fsync.
    capabilities = parts.engine.capabilities
    assert not capabilities.durable
    assert "fsync" in (capabilities.caution or "")
