from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable


async def count(database: Database, table: Table) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_folder_and_the_file_are_made(database: Database) -> None:
    assert database.url.path is not None
    assert database.url.path.exists()


async def test_what_a_block_wrote_is_there_when_it_ends_and_gone_when_it_raises(
    database: Database, notes: Table
) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(notes).values(text="kept"))
    with contextlib.suppress(LookupError):
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="lost"))
            raise LookupError
    assert await count(database, notes) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_commits_survive_a_power_cut_by_default(database: Database) -> None:
    async with database.begin() as connection:
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == 2
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


async def test_a_hundred_writers_at_once_never_see_a_locked_database(database: Database, notes: Table) -> None:
    async def read_and_write(number: int) -> None:
        async with database.begin() as connection:
            await connection.execute(select(func.count()).select_from(notes))
            await connection.execute(insert(notes).values(text=str(number)))

    await asyncio.gather(*(read_and_write(number) for number in range(100)))
    assert await count(database, notes) == 100


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_writers_of_another_process_are_waited_for(database: Database, notes: Table) -> None:
    assert database.url.path is not None
    other = sqlite3.connect(database.url.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO notes (text) VALUES ('other')")

    async def write() -> None:
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="ours"))

    waiting = asyncio.create_task(write())
    done, _ = await asyncio.wait((waiting,), timeout=0.1)
    assert not done
    other.execute("COMMIT")
    other.close()
    await waiting
    assert await count(database, notes) == 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_writer_that_never_gets_its_turn_is_told_to_come_back(migrated_database_url: str) -> None:
    impatient = Database(migrated_database_url, clock=SystemClock(), write_wait_s_max=0.05)

    async def write() -> None:
        async with impatient.begin():
            pytest.fail("got a turn")

    async with impatient.begin():
        with pytest.raises(StorageUnavailable) as refused:
            await asyncio.create_task(write())
    assert refused.value.retry_after_s == 1.0
    await impatient.stop()


async def test_readers_see_one_moment_and_never_wait_for_a_writer(database: Database, notes: Table) -> None:
    async with database.begin() as writing:
        await writing.execute(insert(notes).values(text="first"))
        assert await count(database, notes) == 0
    async with database.read() as reading:
        counting = select(func.count()).select_from(notes)
        assert (await reading.execute(counting)).scalar_one() == 1
        async with database.begin() as writing:
            await writing.execute(insert(notes).values(text="second"))
        assert (await reading.execute(counting)).scalar_one() == 1
    assert await count(database, notes) == 2


async def test_a_reader_cannot_write(database: Database, notes: Table) -> None:
    with pytest.raises(StorageUnavailable):
        async with database.read() as connection:
            await connection.execute(insert(notes).values(text="no"))
    assert await count(database, notes) == 0


async def test_a_second_transaction_inside_the_first_is_an_error_and_not_a_standstill(database: Database) -> None:
    with pytest.raises(RuntimeError, match="already open"):
        async with database.begin(), database.begin():
            pass
    async with database.begin():
        pass


async def test_cancelled_transactions_leave_nothing_and_block_nobody(database: Database, notes: Table) -> None:
    async def write() -> None:
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="half"))
            await asyncio.Event().wait()

    for turns in range(12):
        task = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
    async with database.begin() as connection:
        await connection.execute(insert(notes).values(text="whole"))
    assert await count(database, notes) == 1


async def test_a_transaction_still_open_at_the_stop_is_rolled_back_and_leaves_nothing_open(
    migrated_database_url: str, leaves_nothing_behind: None
) -> None:
    database = Database(migrated_database_url, clock=SystemClock())
    is_open = asyncio.Event()

    async def hold() -> None:
        async with database.begin() as connection:
            await connection.exec_driver_sql("SELECT 1")
            is_open.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold())
    await is_open.wait()
    await database.stop()
    holding.cancel()
    await asyncio.wait((holding,))
    # A connection nobody closed warns when it is collected, and a warning fails the test.
    gc.collect()


async def test_errors_of_data_and_code_reach_the_caller_as_they_are(database: Database, notes: Table) -> None:
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text=None))
    with pytest.raises(DBAPIError, match="nowhere"):
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT * FROM nowhere")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_full_database_is_storage_unavailable_and_recovers(database: Database, notes: Table) -> None:
    async with database.begin() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StorageUnavailable, match="disk is full") as refused:
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="x" * 100_000))
    assert refused.value.retry_after_s is not None
    async with database.begin() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=100000")
        await connection.execute(insert(notes).values(text="x" * 100_000))
    assert await count(database, notes) == 1


@pytest.mark.parametrize("make", ["folder in the way", "something else"])
async def test_a_place_that_is_no_database_is_said_at_the_start(tmp_path: Path, make: str) -> None:
    path = tmp_path / "wipsie.db"
    if make == "something else":
        path.write_bytes(b"not a database, but long enough to look like one" * 100)
    else:
        path.mkdir()
    database = Database(f"sqlite:///{path}", clock=SystemClock())
    with pytest.raises(StorageUnavailable, match="check"):
        await database.start()
    await database.stop()
