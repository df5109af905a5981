from __future__ import annotations

import asyncio
import contextlib

from sqlalchemy import Table, insert, select

from wipsie.database import Database, inbox, outbox
from wipsie.database.outbox import OutboxMessage, outbox_table
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import Attribute, NewMessage, Priority


def message(body: str = "{}") -> NewMessage:
    return NewMessage(
        queue=QueueName("default"),
        body=body,
        message_id=new_message_id(),
        attributes={"kind": Attribute("Größe")},
        priority=Priority.LOW,
        delay_s=1.5,
        group_id="g",
        deduplication_id="d",
    )


async def waiting(database: Database) -> list[OutboxMessage]:
    async with database.read() as connection:
        return await outbox.waiting(connection, limit=100, bytes_max=10**9)


async def test_rows_and_messages_are_one_commit(database: Database, notes: Table) -> None:
    sent = message("body ☃")
    async with database.unit_of_work() as unit:
        await unit.connection.execute(insert(notes).values(text="order"))
        unit.publish(sent)
    (row,) = await waiting(database)
    assert (row.queue, row.message_id, row.body) == ("default", sent.message_id, "body ☃")
    assert (row.priority, row.delay_s, row.group_id, row.deduplication_id) == (2, 1.5, "g", "d")
    assert row.size_bytes == len("body ☃".encode()) + len((row.attributes or "").encode())


async def test_a_unit_that_fails_publishes_nothing(database: Database, notes: Table) -> None:
    with contextlib.suppress(LookupError):
        async with database.unit_of_work() as unit:
            await unit.connection.execute(insert(notes).values(text="order"))
            unit.publish(message())
            raise LookupError
    assert await waiting(database) == []
    async with database.read() as connection:
        assert (await connection.execute(select(notes.c.text))).all() == []


async def test_hooks_hear_of_commits_that_published_and_of_no_others(database: Database) -> None:
    heard: list[int] = []
    end = database.on_publish(lambda: heard.append(1))
    async with database.unit_of_work():
        pass
    with contextlib.suppress(LookupError):
        async with database.unit_of_work() as unit:
            unit.publish(message())
            raise LookupError
    assert heard == []
    async with database.unit_of_work() as unit:
        unit.publish(message())
        assert heard == []
    assert heard == [1]
    end()
    async with database.unit_of_work() as unit:
        unit.publish(message())
    assert heard == [1]


async def test_a_message_is_handled_once_per_handler_whoever_asks(database: Database) -> None:
    async def handle(handler: str) -> bool:
        async with database.unit_of_work() as unit:
            return await unit.mark_handled("message-1", handler)

    assert sorted(await asyncio.gather(*(handle("a") for _ in range(5)))) == [False] * 4 + [True]
    assert await handle("b")


async def test_a_mark_is_undone_with_its_unit(database: Database) -> None:
    with contextlib.suppress(LookupError):
        async with database.unit_of_work() as unit:
            assert await unit.mark_handled("message-1", "a")
            raise LookupError
    async with database.unit_of_work() as unit:
        assert await unit.mark_handled("message-1", "a")


async def test_old_marks_are_pruned_and_young_ones_kept(database: Database) -> None:
    async with database.begin() as connection:
        for number in range(10):
            await inbox.mark_handled(connection, f"message-{number}", "a", now_ms=number * 1000)
    async with database.begin() as connection:
        assert await inbox.prune(connection, handled_before_ms=5000, limit=3) == 3
        assert await inbox.prune(connection, handled_before_ms=5000) == 2
        assert await inbox.prune(connection, handled_before_ms=5000) == 0
        assert not await inbox.mark_handled(connection, "message-5", "a", now_ms=0)
        assert await inbox.mark_handled(connection, "message-4", "a", now_ms=0)


async def test_a_batch_of_the_outbox_is_bounded_in_bytes_but_never_empty(database: Database) -> None:
    async with database.unit_of_work() as unit:
        for _ in range(4):
            unit.publish(message("x" * 1000))
    async with database.read() as connection:
        assert len(await outbox.waiting(connection, limit=100, bytes_max=2500)) == 2
        assert len(await outbox.waiting(connection, limit=100, bytes_max=10)) == 1
        assert len(await outbox.waiting(connection, limit=3, bytes_max=10**6)) == 3
        assert await outbox.waiting(connection, limit=3, bytes_max=10**6, without_queues=["default"]) == []


async def test_row_numbers_are_never_given_twice(database: Database) -> None:
    numbers: list[int] = []
    for _ in range(3):
        async with database.unit_of_work() as unit:
            unit.publish(message())
        (row,) = await waiting(database)
        numbers.append(row.id)
        async with database.begin() as connection:
            await outbox.remove(connection, [row.id])
    assert numbers == [1, 2, 3]


async def test_refused_rows_are_kept_with_their_error_and_can_be_retried(database: Database) -> None:
    async with database.unit_of_work() as unit:
        unit.publish(message())
        unit.publish(message())
    first, second = await waiting(database)
    async with database.begin() as connection:
        await outbox.refuse(connection, first.id, error="QUEUE_NOT_FOUND: no", now_ms=5)
    assert [row.id for row in await waiting(database)] == [second.id]
    async with database.read() as connection:
        (refused,) = await outbox.refused(connection)
        assert (refused.id, refused.error, refused.refused_at_ms) == (first.id, "QUEUE_NOT_FOUND: no", 5)
        assert await outbox.count_waiting(connection) == 1
    async with database.begin() as connection:
        assert await outbox.retry_refused(connection) == 1
    assert len(await waiting(database)) == 2


async def test_refused_rows_do_not_slow_the_search_for_waiting_ones(database: Database) -> None:
    waits = select(outbox_table.c.id).where(outbox_table.c.refused_at_ms.is_(None)).order_by(outbox_table.c.id).limit(1)
    async with database.read() as connection:
        compiled = str(waits.compile(connection.sync_connection, compile_kwargs={"literal_binds": True}))
        if database.dialect == "postgresql":
            # Of an empty table the planner rightly thinks that reading it whole is quickest.
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = (await connection.exec_driver_sql(f"EXPLAIN {compiled}")).scalars().all()
        else:
            plan = [
                row["detail"] for row in (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")).mappings()
            ]
    assert any("ix_outbox_waiting" in line for line in plan), plan
