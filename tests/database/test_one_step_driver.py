"""A connection to a SQLite file that nobody took is closed all the same."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from wipsie.database.one_step_driver import OneStepConnection
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
