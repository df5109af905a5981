"""Group commit: callers that wait at one moment share one transaction, so a commit to disk is paid once for all.

While one transaction is on its way to disk the next one gathers. An alone caller waits for nobody; a thousand callers pay
for one commit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.bulk import bulk_insert
from wipsie.database.database import Database
from wipsie.database.failures import as_unavailable
from wipsie.kernel.errors import ShuttingDown, StorageUnavailable

ROWS_MAX = 2_000
WAITING_ROWS_MAX = 20_000


class _Work:
    """The rows one caller handed in."""

    __slots__ = ("done", "ignore_conflicts", "rows", "table")

    def __init__(
        self, table: Table, rows: Sequence[Mapping[str, Any]], ignore_conflicts: bool, done: asyncio.Future[None]
    ) -> None:
        self.table = table
        self.rows = rows
        self.ignore_conflicts = ignore_conflicts
        self.done = done

    def settle(self, error: BaseException | None) -> None:
        # A caller that was cancelled has nobody left to tell.
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class GroupCommitter:
    """Inserts rows for many concurrent callers of one event loop, one transaction at a time."""

    def __init__(
        self, database: Database, *, rows_max: int = ROWS_MAX, waiting_rows_max: int = WAITING_ROWS_MAX
    ) -> None:
        """At most `rows_max` rows go into one transaction (one caller's rows are never split); callers wait before
        handing in when `waiting_rows_max` rows wait already."""
        self._database = database
        self._rows_max = rows_max
        self._waiting_rows_max = waiting_rows_max
        self._waiting: deque[_Work] = deque()
        self._waiting_rows = 0
        self._room = asyncio.Event()
        self._room.set()
        self._flusher: asyncio.Task[None] | None = None
        self._stopped = False
        self.commits = 0
        """Transactions so far; rows per commit tell how much was shared."""

    @property
    def waiting_rows(self) -> int:
        """Rows handed in and not yet on their way."""
        return self._waiting_rows

    async def insert(self, table: Table, rows: Sequence[Mapping[str, Any]], *, ignore_conflicts: bool = False) -> None:
        """Return once `rows` (as for `bulk_insert`) are committed.

        Raises StorageUnavailable when the commit failed, ShuttingDown after `stop`, and for rows the table does not take
        the database's own error; rows of other callers are not harmed by them. When the caller is cancelled while it waits,
        its rows may be committed or not.
        """
        if not rows:
            return
        while self._waiting_rows >= self._waiting_rows_max and not self._stopped:
            self._room.clear()
            await self._room.wait()
        if self._stopped:
            raise ShuttingDown("Shutting down: nothing more is written. Try again in a moment.", retry_after_s=5.0)
        work = _Work(table, rows, ignore_conflicts, asyncio.get_running_loop().create_future())
        self._waiting.append(work)
        self._waiting_rows += len(rows)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_all(), name="group-committer")
        await work.done

    async def stop(self) -> None:
        """Commit what was handed in, refuse what comes later. May be called twice."""
        self._stopped = True
        self._room.set()
        if self._flusher is not None:
            await asyncio.wait((self._flusher,))

    async def _flush_all(self) -> None:
        works: list[_Work] = []
        try:
            # One turn of the loop: callers that are ready now join the first transaction.
            await asyncio.sleep(0)
            while self._waiting:
                works = self._take()
                await self._flush(works)
        finally:
            # Only a cancelled flusher leaves anything here; its callers must not wait for ever.
            self._flusher = None
            leaving = ShuttingDown(
                "Shutting down: the rows were not written. Try again in a moment.", retry_after_s=5.0
            )
            for work in (*works, *self._waiting):
                work.settle(leaving)
            self._waiting.clear()
            self._waiting_rows = 0
            self._room.set()

    def _take(self) -> list[_Work]:
        works: list[_Work] = []
        rows = 0
        while self._waiting and (not works or rows + len(self._waiting[0].rows) <= self._rows_max):
            work = self._waiting.popleft()
            self._waiting_rows -= len(work.rows)
            if work.done.cancelled():
                continue
            works.append(work)
            rows += len(work.rows)
        if self._waiting_rows < self._waiting_rows_max:
            self._room.set()
        return works

    async def _flush(self, works: Sequence[_Work]) -> None:
        if not works:
            return
        try:
            async with self._database.begin() as connection:
                for table, ignore_conflicts, rows in _by_table(works):
                    await bulk_insert(connection, table, rows, ignore_conflicts=ignore_conflicts)
            self.commits += 1
        except StorageUnavailable as error:
            for work in works:
                work.settle(error)
        except Exception as error:
            if len(works) == 1:
                works[0].settle(error)
            else:
                await self._flush_one_by_one(works)
        else:
            for work in works:
                work.settle(None)

    async def _flush_one_by_one(self, works: Sequence[_Work]) -> None:
        """Somebody's rows are bad: find whose, in one transaction with a savepoint for each caller."""
        refused: dict[_Work, Exception] = {}
        try:
            async with self._database.begin() as connection:
                for work in works:
                    try:
                        await _insert_in_savepoint(connection, work)
                    except SQLAlchemyError as error:
                        if as_unavailable(error) is not None:
                            raise
                        refused[work] = error
                    except ValueError as error:
                        refused[work] = error
            self.commits += 1
        except Exception as error:
            for work in works:
                work.settle(error)
        else:
            for work in works:
                work.settle(refused.get(work))


async def _insert_in_savepoint(connection: AsyncConnection, work: _Work) -> None:
    async with connection.begin_nested():
        await bulk_insert(connection, work.table, work.rows, ignore_conflicts=work.ignore_conflicts)


def _by_table(works: Sequence[_Work]) -> list[tuple[Table, bool, list[Mapping[str, Any]]]]:
    """Rows of all callers, those alike (same table, same keys) together, so that they share statements."""
    groups: dict[tuple[Table, bool, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    for work in works:
        key = (work.table, work.ignore_conflicts, tuple(work.rows[0]))
        groups.setdefault(key, []).extend(work.rows)
    return [(table, ignore_conflicts, rows) for (table, ignore_conflicts, _), rows in groups.items()]
