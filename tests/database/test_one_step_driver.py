"""A connection to a SQLite file that nobody took is closed all the same; statements run where they are in nobody's way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wipsie.database.one_step_driver import OneStepConnection, connect
from wipsie.testing.eventually import eventually


async def test_a_file_that_is_opened_for_somebody_who_has_gone_is_closed() -> None:
    may_open = threading.Event()
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        may_open.wait(10)
        opened.append(sqlite3.connect(":memory:", check_same_thread=False))
        return opened[0]

    connection = OneStepConnection(connect)

    async def take() -> None:
        await connection

    taking = asyncio.create_task(take())
    # One turn of the loop: the task has asked for the file, and waits.
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    may_open.set()

    def is_closed() -> bool:
        if not opened:
            return False
        try:
            opened[0].execute("SELECT 1")
        except sqlite3.ProgrammingError:
            return True
        return False

    await eventually(is_closed, message="the connection stays open")
    await eventually(lambda: not connection._thread.is_alive(), message="its thread stays")  # pyright: ignore[reportPrivateUsage]


async def test_a_connection_that_was_taken_is_closed_by_its_owner_once() -> None:
    connection = OneStepConnection(lambda: sqlite3.connect(":memory:"))
    await connection
    await connection.close()
    await connection.close()
    await eventually(lambda: not connection._thread.is_alive(), message="its thread stays")  # pyright: ignore[reportPrivateUsage]


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[OneStepConnection]:
    """An open connection with a table of a thousand numbers."""
    opened = connect(str(tmp_path / "numbers.db"), isolation_level=None)
    await opened
    await opened.cursor().execute("CREATE TABLE numbers (n INTEGER)")
    await opened.cursor().execute(
        "INSERT INTO numbers WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < 999) "
        "SELECT n FROM counted"
    )
    yield opened
    await opened.close()


_LONG = "SELECT count(*) FROM numbers AS a, numbers AS b WHERE a.n + b.n > ?"
"""A million steps and more."""


def _threads_of(connection: OneStepConnection) -> list[str]:
    """Where statements run from now on, one name each."""
    names: list[str] = []
    raw: Any = connection._conn  # pyright: ignore[reportPrivateUsage]
    raw.create_function("note_thread", 0, lambda: names.append(threading.current_thread().name))
    return names


async def test_a_short_select_makes_no_trip_and_a_long_one_leaves_the_loop_to_others(
    connection: OneStepConnection,
) -> None:
    names = _threads_of(connection)
    await connection.cursor().execute("SELECT note_thread()")
    assert names == [threading.current_thread().name]

    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    others = asyncio.create_task(take_turns())
    cursor = await connection.cursor().execute(_LONG, (3,))
    found = await cursor.fetchone()
    others.cancel()
    assert found == (1_000_000 - 10,)
    assert turns > 1, "nobody else had a turn"


async def test_a_text_that_is_none_is_told_as_what_it_is(connection: OneStepConnection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="Could not decode"):
        await connection.cursor().execute("SELECT CAST(x'ff' AS TEXT)")


async def test_a_select_that_was_broken_off_stays_in_its_transaction(connection: OneStepConnection) -> None:
    await connection.cursor().execute("BEGIN IMMEDIATE")
    await connection.cursor().execute("UPDATE numbers SET n = -1 WHERE n = 0")
    await connection.cursor().execute(_LONG, (3,))
    await connection.commit()
    cursor = await connection.cursor().execute("SELECT count(*) FROM numbers WHERE n = -1")
    assert await cursor.fetchone() == (1,)


async def test_after_a_trip_that_was_given_up_nothing_runs_beside_it(connection: OneStepConnection) -> None:
    may_go_on, begun = threading.Event(), threading.Event()

    def hold(_connection: sqlite3.Connection) -> None:
        begun.set()
        may_go_on.wait(10)

    trip = asyncio.create_task(connection.step(hold))
    await eventually(begun.is_set, message="the trip does not begin")
    trip.cancel()
    await asyncio.gather(trip, return_exceptions=True)
    names = _threads_of(connection)
    select = asyncio.create_task(connection.cursor().execute("SELECT note_thread()"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert names == []
    may_go_on.set()
    await select
    assert names == [connection._thread.name]  # pyright: ignore[reportPrivateUsage]


async def test_a_write_transaction_does_not_begin_while_another_process_writes_and_says_so_at_once(
    connection: OneStepConnection, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as busy:
        await connection.cursor().execute("BEGIN IMMEDIATE")
    assert busy.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
    assert not connection.in_transaction
    other.execute("COMMIT")
    await connection.cursor().execute("BEGIN IMMEDIATE")
    assert connection.in_transaction
    await connection.rollback()
    assert not connection.in_transaction
    other.close()


async def test_rows_that_were_changed_here_are_not_there_after_a_rollback(connection: OneStepConnection) -> None:
    await connection.cursor().execute("BEGIN IMMEDIATE")
    await connection.cursor().execute("INSERT INTO numbers VALUES (?)", (5_000,))
    await connection.rollback()
    cursor = await connection.cursor().execute("SELECT count(*) FROM numbers")
    assert await cursor.fetchone() == (1_000,)
