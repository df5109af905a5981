"""aiosqlite with one trip to the connection's thread per statement.

aiosqlite goes there to make a cursor, again to execute, to fetch, and to close: four trips, each of which wakes two threads,
for one SELECT of some microseconds. Here the statement runs and its rows are fetched in one trip, and a BEGIN that takes no
lock travels with the first statement. The price: rows are never streamed; page through large results.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import Any, cast

import aiosqlite

_ITERATION_ROWS = 64


class OneStepCursor:
    """What SQLAlchemy asks of an aiosqlite cursor. All rows are fetched with the statement."""

    def __init__(self, connection: OneStepConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self._next = 0
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> OneStepCursor:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> OneStepCursor:
        await self._connection.step(self._execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> OneStepCursor:
        await self._connection.step(self._executemany, sql, parameters)
        return self

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        start, self._next = self._next, self._next + (size or self.arraysize)
        return self._rows[start : self._next]

    async def fetchall(self) -> Sequence[Any]:
        rows, self._rows = self._rows[self._next :], []
        self._next = 0
        return rows

    async def close(self) -> None:
        self._rows = []

    async def __aiter__(self) -> AsyncGenerator[Any]:
        while rows := await self.fetchmany(_ITERATION_ROWS):
            for row in rows:
                yield row

    def _execute(self, connection: sqlite3.Connection, sql: str, parameters: Any) -> None:
        self._connection.begin_if_asked(connection)
        cursor = connection.execute(sql, parameters)
        self._rows = cursor.fetchall() if cursor.description else []
        self._finish(cursor)

    def _executemany(self, connection: sqlite3.Connection, sql: str, parameters: Any) -> None:
        self._connection.begin_if_asked(connection)
        self._finish(connection.executemany(sql, parameters))

    def _finish(self, cursor: sqlite3.Cursor) -> None:
        self._next = 0
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        cursor.close()


class OneStepConnection(aiosqlite.Connection):
    """An aiosqlite connection with `OneStepCursor`s."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        """`connector` opens the file, in the connection's thread."""
        super().__init__(self._open, iter_chunk_size=_ITERATION_ROWS)
        self._connector_given = connector
        self._opened: sqlite3.Connection | None = None
        self._begin_asked = False

    def stop(self) -> asyncio.Future[Any] | None:
        # aiosqlite closes what it handed over. Who was cancelled while the file was being opened got nothing.
        cast(Any, self._tx).put_nowait((None, self._close_opened))
        return cast(Any, super()).stop()

    def cursor(self) -> Any:
        return OneStepCursor(self)

    def begin_with_next_statement(self) -> None:
        """Open a read transaction, which takes no lock, in the same trip as what is read first."""
        self._begin_asked = True

    def begin_if_asked(self, connection: sqlite3.Connection) -> None:
        """The other half of `begin_with_next_statement`, in the connection's thread."""
        if self._begin_asked:
            connection.execute("BEGIN")
            self._begin_asked = False

    async def commit(self) -> None:
        self._begin_asked = False
        await super().commit()

    async def rollback(self) -> None:
        self._begin_asked = False
        await super().rollback()

    async def step(self, function: Any, *arguments: Any) -> None:
        """Run `function(sqlite3 connection, *arguments)` in the connection's thread."""
        await self._execute(function, self._conn, *arguments)  # pyright: ignore[reportUnknownMemberType]

    def _open(self) -> sqlite3.Connection:
        self._opened = self._connector_given()
        return self._opened

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()


def connect(database: str, **options: Any) -> OneStepConnection:
    """As `aiosqlite.connect`: await the result to open it. For SQLAlchemy's ``async_creator_fn``."""
    connection = OneStepConnection(lambda: sqlite3.connect(database, **options))
    # A process that ends without closing must not wait for this thread.
    connection._thread.daemon = True  # pyright: ignore[reportPrivateUsage]
    return connection
