"""Messages that pass through leave dead rows behind; they are removed, and they slow nobody down meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.backends.postgres.marks import EVERYWHERE, ReadyMarks
from wipsie.queue.backends.postgres.operations import maintain
from wipsie.queue.contract import NewMessage
from wipsie.testing.clock import FakeClock
from wipsie.testing.servers import PostgresServer

QUEUE = QueueName("wipsie-default")
BATCH = 1000


async def pass_through(backend: PostgresQueueBackend, messages: int) -> None:
    """Send, receive and delete so many."""
    for _ in range(messages // BATCH):
        await backend.send([NewMessage(queue=QUEUE, body="x" * 250, message_id=new_message_id()) for _ in range(BATCH)])
        deliveries = await backend.receive(QUEUE, max_messages=BATCH)
        assert len(deliveries) == BATCH
        await backend.delete([(one.queue, one.receipt) for one in deliveries])


@pytest.mark.slow
async def test_a_table_that_many_messages_passed_through_stays_small(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sooner than usual, so that fewer messages show it; not so often that it is what the messages wait for.
    monkeypatch.setattr(maintain, "VACUUM_AFTER_DELETES", 10_000)
    await pass_through(backend, 50_000)
    name = new_database.rpartition("/")[2]
    megabytes = await asyncio.to_thread(
        durable_server.run_sql,
        "SELECT pg_total_relation_size('wipsie_queue.messages') / 1000000",
        database=name,
    )
    # Without a vacuum in between it would be some 43 MB.
    assert int(megabytes) < 32


def test_after_a_long_look_claims_begin_where_the_ready_messages_began() -> None:
    clock = FakeClock()
    marks = ReadyMarks(clock, is_real=True)
    marks.looked(7, everywhere=True, took_s=1.0, oldest={1: 500})
    assert marks.begins(7) == [EVERYWHERE, 500, EVERYWHERE]
    marks.looked(7, everywhere=False, took_s=0.001, oldest={1: 800})
    clock.jump(3.9)
    assert marks.begins(7) == [EVERYWHERE, 800, EVERYWHERE]
    clock.jump(0.2)
    assert marks.begins(7) == [EVERYWHERE] * 3, "what became ready late is found by a look from the beginning"


def test_a_look_that_costs_little_is_always_from_the_beginning() -> None:
    clock = FakeClock()
    marks = ReadyMarks(clock, is_real=True)
    marks.looked(7, everywhere=True, took_s=0.001, oldest={1: 500})
    clock.jump(0.005)
    assert marks.begins(7) == [EVERYWHERE] * 3
