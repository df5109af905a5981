from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError

from wipsie.database import Database
from wipsie.database.group_commit import GroupCommitter
from wipsie.kernel.errors import ShuttingDown, StorageUnavailable


async def texts(database: Database, table: Table) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(select(table.c.text).order_by(table.c.id))).scalars())


async def test_rows_are_committed_when_insert_returns(database: Database, notes: Table) -> None:
    committer = GroupCommitter(database)
    await committer.insert(notes, [{"text": "a"}, {"text": "b"}])
    assert await texts(database, notes) == ["a", "b"]


async def test_callers_that_wait_at_one_moment_share_commits(database: Database, notes: Table) -> None:
    committer = GroupCommitter(database)
    await asyncio.gather(*(committer.insert(notes, [{"text": str(number)}]) for number in range(500)))
    assert await texts(database, notes) == [str(number) for number in range(500)]
    assert committer.commits == 1


async def test_one_bad_row_fails_its_caller_and_nobody_else(database: Database, notes: Table) -> None:
    committer = GroupCommitter(database)
    results = await asyncio.gather(
        committer.insert(notes, [{"text": "good"}]),
        committer.insert(notes, [{"text": "lost with its neighbour"}, {"text": None}]),
        committer.insert(notes, [{"text": "ragged"}, {"words": "ragged"}]),
        committer.insert(notes, [{"text": "good too"}]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), IntegrityError, ValueError, type(None)]
    assert await texts(database, notes) == ["good", "good too"]


async def test_a_commit_that_fails_fails_all_its_callers_and_the_next_one_works(
    database: Database, notes: Table
) -> None:
    committer = GroupCommitter(database)
    async with database.begin() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    results = await asyncio.gather(
        *(committer.insert(notes, [{"text": "x" * 50_000}]) for _ in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [StorageUnavailable] * 3
    async with database.begin() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=100000")
    await committer.insert(notes, [{"text": "after"}])
    assert await texts(database, notes) == ["after"]


async def test_callers_wait_before_too_much_gathers(database: Database, notes: Table) -> None:
    committer = GroupCommitter(database, rows_max=4, waiting_rows_max=10)
    async with database.begin() as connection:
        await connection.execute(insert(notes).values(text="holds the turn"))
        tasks = [asyncio.create_task(committer.insert(notes, [{"text": "x"}])) for _ in range(50)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert committer.waiting_rows <= 10
    await asyncio.gather(*tasks)
    assert len(await texts(database, notes)) == 51


async def test_a_cancelled_caller_harms_nobody(database: Database, notes: Table) -> None:
    committer = GroupCommitter(database)
    tasks = [asyncio.create_task(committer.insert(notes, [{"text": str(number)}])) for number in range(5)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.wait(tasks)
    assert await texts(database, notes) == ["0", "1", "3", "4"]


async def test_stop_commits_what_was_handed_in_and_refuses_the_rest(database: Database, notes: Table) -> None:
    committer = GroupCommitter(database)
    task = asyncio.create_task(committer.insert(notes, [{"text": "in time"}]))
    await asyncio.sleep(0)
    await committer.stop()
    await task
    with pytest.raises(ShuttingDown):
        await committer.insert(notes, [{"text": "late"}])
    assert await texts(database, notes) == ["in time"]
