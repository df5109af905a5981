"""Counts are exact and stay cheap, however many transactions changed them and whatever a transaction left open keeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib import resources

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.postgres import PostgresQueueBackend, folding
from wipsie.queue.backends.postgres.folding import FOLD_AFTER_CHANGES, CounterFolding
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.testing.servers import PostgresServer

QUEUE = QueueName("wipsie-default")
_PAGES_OF_A_FEW_CHANGES = 12
"""A page holds some ninety dead counts; the index and the beginning of the counters take a few more."""


def message() -> NewMessage:
    return NewMessage(queue=QUEUE, body="{}", message_id=new_message_id())


async def cycles(backend: PostgresQueueBackend, messages: int) -> None:
    """Send, receive and delete one after the other: three transactions each."""
    for _ in range(messages):
        await backend.send([message()])
        deliveries = await backend.receive(QUEUE, max_messages=1, wait_s=5.0)
        await backend.delete([(one.queue, one.receipt) for one in deliveries])


def pages_of_a_sum(server: PostgresServer, database: str) -> int:
    """How many pages PostgreSQL looks at to add up the counters as a receive does."""
    plan = server.run_sql(
        """SET search_path = wipsie_queue; SET enable_seqscan = off; SET enable_bitmapscan = off;
           EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT sum(c.ready_medium) FROM counters AS c
           WHERE c.queue_id = 1 AND c.slot >= coalesce((
               SELECT s.slot FROM counter_starts AS s WHERE s.queue_id = 1 ORDER BY s.slot DESC LIMIT 1), 0)""",
        database=database,
    )
    top = json.loads(plan)[0]["Plan"]
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"]


@pytest.fixture
async def old_snapshot(backend: PostgresQueueBackend, new_database: str) -> AsyncIterator[AsyncConnection]:
    """A transaction of another program that has read and is not ended: no vacuum removes anything."""
    engine = create_async_engine(new_database.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.exec_driver_sql("SELECT count(*) FROM wipsie_queue.messages")
        yield connection
    await engine.dispose()


@pytest.mark.slow
async def test_counts_cost_the_same_after_thousands_of_changes_that_no_vacuum_may_forget(
    backend: PostgresQueueBackend,
    old_snapshot: AsyncConnection,
    durable_server: PostgresServer,
    new_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Sooner than usual, so that fewer messages show it. Each cycle changes the counters three times.
    monkeypatch.setattr(folding, "FOLD_AFTER_CHANGES", 50)
    await cycles(backend, 500)
    database = new_database.rpartition("/")[2]
    dead = await asyncio.to_thread(
        durable_server.run_sql, "SELECT pg_relation_size('wipsie_queue.counters') / 8192", database=database
    )
    assert int(dead) > _PAGES_OF_A_FEW_CHANGES, "the dead counts were removed: nothing was shown"
    assert await asyncio.to_thread(pages_of_a_sum, durable_server, database) < _PAGES_OF_A_FEW_CHANGES
    assert (await backend.counts(QUEUE)).total == 0


async def test_counts_stay_exact_while_several_processes_change_and_fold_them(
    backend: PostgresQueueBackend, other: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    database = new_database.rpartition("/")[2]
    await backend.send([message() for _ in range(50)])
    ends = asyncio.Event()

    async def fold() -> int:
        folds = 0
        while not ends.is_set():
            await asyncio.to_thread(
                durable_server.run_sql,
                "SET search_path = wipsie_queue;" + "SELECT fold_counters(ARRAY[1]);" * 50,
                database=database,
            )
            folds += 50
        return folds

    async with asyncio.TaskGroup() as group:
        folders = [group.create_task(fold()) for _ in range(2)]
        await asyncio.gather(*(cycles(one, 60) for one in (backend, other) for _ in range(4)))
        ends.set()
    assert all(one.result() for one in folders)
    counts = await backend.counts(QUEUE)
    assert (counts.ready, counts.leased, counts.delayed) == (50, 0, 0)
    rows = await asyncio.to_thread(
        durable_server.run_sql,
        "SET search_path = wipsie_queue; SELECT fold_counters(ARRAY[1]);"
        "SELECT count(*) FROM counters; SELECT count(*) FROM counter_starts",
        database=database,
    )
    assert rows.split() == ["1", "1"], "what was folded is gone, and one beginning is remembered"


async def test_a_deleted_queue_leaves_no_counters(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    database = new_database.rpartition("/")[2]
    await cycles(backend, 1)
    await asyncio.to_thread(
        durable_server.run_sql, "SET search_path = wipsie_queue; SELECT fold_counters(ARRAY[1])", database=database
    )
    await backend.delete_queue(QUEUE)
    left = "SELECT (SELECT count(*) FROM wipsie_queue.counters) + (SELECT count(*) FROM wipsie_queue.counter_starts)"
    assert (await asyncio.to_thread(durable_server.run_sql, left, database=database)).strip() == "0"


async def test_a_schema_from_before_the_folding_is_brought_up_to_date_with_its_messages(
    durable_server: PostgresServer, new_database: str
) -> None:
    database = new_database.rpartition("/")[2]
    backend = PostgresQueueBackend(new_database, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    await backend.send([message() for _ in range(3)])
    await backend.stop()
    # As version 1 left it: without this table and this function.
    await asyncio.to_thread(
        durable_server.run_sql,
        "SET search_path = wipsie_queue; DROP TABLE counter_starts; DROP FUNCTION fold_counters;"
        "DELETE FROM schema_version; INSERT INTO schema_version VALUES (1);",
        database=database,
    )
    await backend.start()
    assert (await backend.counts(QUEUE)).ready == 3
    await cycles(backend, 1)
    assert (await backend.counts(QUEUE)).ready == 3
    await backend.stop()


def test_each_version_of_the_schema_has_its_tables_in_a_file_of_its_own() -> None:
    from wipsie.queue.backends.postgres.schema import SCHEMA_VERSION

    folder = resources.files("wipsie.queue.backends.postgres").joinpath("sql")
    tables = sorted(one.name for one in folder.iterdir() if one.name.startswith("01_"))
    assert tables == [f"01_tables_{version}.sql" for version in range(1, SCHEMA_VERSION + 1)]


async def test_only_queues_that_changed_often_are_folded() -> None:
    folded: list[list[int]] = []

    async def fold(queue_ids: list[int]) -> None:
        folded.append(queue_ids)

    counters = CounterFolding(fold)
    counters.changed([3])
    for _ in range(FOLD_AFTER_CHANGES):
        counters.changed([7])
    await counters.stop()
    assert folded == [[7]]
