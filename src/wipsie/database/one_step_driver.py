"""aiosqlite with at most one trip to the connection's thread per statement, and none for statements that are short.

aiosqlite goes there to make a cursor, again to execute, to fetch, and to close: four trips, each of which wakes two threads,
for one SELECT of some microseconds. Here the statement runs and its rows are fetched in one trip, and a BEGIN that takes no
lock travels with the first statement. The price: rows are never streamed; page through large results.

A trip costs more than most statements, and under load it waits for the interpreter and the event loop twice. So what cannot
wait for anything runs where it is asked for:

    SELECT              in the event loop, within a budget of steps; one that needs more is broken off and run in the thread
    INSERT, UPDATE      in the event loop, since the write lock is held already
    BEGIN IMMEDIATE     in the event loop; while another process holds the lock it fails at once, and who wants it asks again
    everything else     in the thread: COMMIT waits for the disk, a DELETE may take long
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, cast

import aiosqlite

_ITERATION_ROWS = 64
STEPS_HERE_MAX = 20_000
"""Steps of SQLite's machine a SELECT may take in the event loop: a millisecond or two."""
PARAMETERS_HERE_MAX = 200
"""A statement with more of them carries many rows."""
ROWS_HERE_MAX = 10


_KINDS_HERE = frozenset({"SELECT", "INSERT", "UPDATE", "BEGIN "})


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

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> OneStepCursor:
        if not self._connection.run_here(self._execute, sql, parameters):
            await self._connection.step(self._execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> OneStepCursor:
        few = len(parameters) <= ROWS_HERE_MAX
        if not few or not self._connection.run_here(self._executemany, sql, parameters):
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

    def __init__(self, connector: Callable[[], sqlite3.Connection], *, writes: bool = True) -> None:
        """`connector` opens the file, in the connection's thread. `writes`: it may have something to undo in a rollback."""
        super().__init__(self._open, iter_chunk_size=_ITERATION_ROWS)
        self._connector_given = connector
        self._opened: sqlite3.Connection | None = None
        self._begin_asked = False
        # Trips that were asked for, and those that are over: each counted by one thread alone. Who was cancelled on a trip
        # leaves it behind, and nothing may run here before it is over.
        self._trips_asked = 0
        self._trips_over = 0
        self._within_budget = False
        self._writes = writes

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

    def run_here(self, function: Any, sql: str, parameters: Sequence[Any]) -> bool:
        """Run a statement in this very thread, if it is one that is short and waits for nothing; False: it did not run."""
        kind = sql[:6]
        if kind not in _KINDS_HERE or len(parameters) > PARAMETERS_HERE_MAX or self._trips_asked != self._trips_over:
            return False
        connection: sqlite3.Connection | None = self._connection
        if connection is None:
            return False
        if kind == "BEGIN ":
            _begin_at_once(connection, sql)
            return True
        if kind != "SELECT":
            function(connection, sql, parameters)
            return True
        self._within_budget = True
        try:
            function(connection, sql, parameters)
        except sqlite3.OperationalError as error:
            # Those that Python raises itself, of text that is not UTF-8 for example, have no code.
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
            # Nothing was changed, and the transaction goes on: in the thread it may take its time.
            return False
        finally:
            self._within_budget = False
        return True

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self._trips_asked += 1
        return await cast(Any, super())._execute(self._trip, fn, args, kwargs)

    def _trip(self, function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            return function(*arguments, **options)
        finally:
            self._trips_over += 1

    def _is_over_budget(self) -> bool:
        return self._within_budget

    async def commit(self) -> None:
        self._begin_asked = False
        await super().commit()

    async def rollback(self) -> None:
        self._begin_asked = False
        connection: sqlite3.Connection | None = self._connection
        if connection is not None and self._trips_asked == self._trips_over:
            if not connection.in_transaction:
                return
            if not self._writes:
                connection.rollback()
                return
        await super().rollback()

    async def step(self, function: Any, *arguments: Any) -> None:
        """Run `function(sqlite3 connection, *arguments)` in the connection's thread."""
        await self._execute(function, self._conn, *arguments)

    def _open(self) -> sqlite3.Connection:
        self._opened = self._connector_given()
        self._opened.set_progress_handler(self._is_over_budget, STEPS_HERE_MAX)
        return self._opened

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _begin_at_once(connection: sqlite3.Connection, sql: str) -> None:
    """Begin, or fail with SQLITE_BUSY without waiting: SQLite's own patience sleeps longer and longer, up to a tenth of a second,
    and whoever asks less often than others gets the lock last."""
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute(sql)
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")


def connect(database: str, *, writes: bool = True, **options: Any) -> OneStepConnection:
    """As `aiosqlite.connect`: await the result to open it. For SQLAlchemy's ``async_creator_fn``. `writes`: whether anything
    is ever written with it."""
    # Used by two threads, never at the same time.
    given: dict[str, Any] = {**options, "check_same_thread": False}
    connection = OneStepConnection(lambda: sqlite3.connect(database, **given), writes=writes)
    # A process that ends without closing must not wait for this thread.
    connection._thread.daemon = True  # pyright: ignore[reportPrivateUsage]
    return connection
