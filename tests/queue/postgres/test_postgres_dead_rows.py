"""Messages that pass through leave dead rows behind; they are removed, and they slow nobody down meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.testing.servers import PostgresServer

QUEUE = QueueName("wipsie-default")
BATCH = 1000


@pytest.fixture
async def backend(new_database: str) -> AsyncIterator[PostgresQueueBackend]:
    backend = PostgresQueueBackend(new_database, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    yield backend
    await backend.stop()


async def pass_through(backend: PostgresQueueBackend, messages: int) -> float:
    """Send, receive and delete so many; the seconds that receiving took."""
    receiving_s = 0.0
    for _ in range(messages // BATCH):
        await backend.send([NewMessage(queue=QUEUE, body="x" * 250, message_id=new_message_id()) for _ in range(BATCH)])
        began = time.perf_counter()
        deliveries = await backend.receive(QUEUE, max_messages=BATCH)
        receiving_s += time.perf_counter() - began
        assert len(deliveries) == BATCH
        await backend.delete([(one.queue, one.receipt) for one in deliveries])
    return receiving_s


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_table_that_two_hundred_thousand_messages_passed_through_stays_small(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    await pass_through(backend, 200_000)
    name = new_database.rpartition("/")[2]
    megabytes = await asyncio.to_thread(
        durable_server.run_sql,
        "SELECT pg_total_relation_size('wipsie_queue.messages') / 1000000",
        database=name,
    )
    # Without a vacuum in between it would be some 170 MB.
    assert int(megabytes) < 130


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_receives_keep_their_pace_while_an_old_transaction_keeps_all_dead_rows(
    backend: PostgresQueueBackend, new_database: str
) -> None:
    engine = create_async_engine(new_database.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            await connection.execute(text("SELECT txid_current()"))
            first_s = await pass_through(backend, 20_000)
            await pass_through(backend, 60_000)
            last_s = await pass_through(backend, 20_000)
    finally:
        await engine.dispose()
    assert last_s < 2.5 * first_s, f"the last receives took {last_s:.1f} s, the first {first_s:.1f} s"
