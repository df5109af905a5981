"""What became of every try of every task: the table `task_runs`, written in batches.

A row is written for each task, so a row must be cheap: a batch is a few statements of many rows and one commit, during
which the interpreter lock is free; successful rows touch only the primary key and the index on the message id.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec.structs import astuple, replace
from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text, delete, func, select, text

from wipsie.database import Database
from wipsie.database.bulk import copy_in
from wipsie.database.metadata import metadata
from wipsie.kernel.ids import MessageId

SUCCEEDED = "succeeded"
FAILED = "failed"
REJECTED = "rejected"
TIMED_OUT = "timed_out"
RETRIED = "retried"
STATUSES = (SUCCEEDED, FAILED, REJECTED, TIMED_OUT, RETRIED)

_PRUNE_ROWS = 5_000
_LOOK_UP_IDS = 500

task_runs_table = Table(
    "task_runs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("task_type", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("wait_ms", BigInteger, nullable=False),
    Column("started_at_ms", BigInteger, nullable=False),
    Column("finished_at_ms", BigInteger, nullable=False),
    Column("run_ms", Float, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("traceback", Text),
    Column("correlation_id", Text),
)
_unsuccessful = text("status <> 'succeeded'")
Index("ix_task_runs_message_id", task_runs_table.c.message_id)
# A queue that is seldom used would else be looked for among the runs of all others.
Index("ix_task_runs_queue", task_runs_table.c.queue, task_runs_table.c.id)
# Failures are what people look for; leaving the successes out keeps them cheap to write and failures quick to find.
Index(
    "ix_task_runs_unsuccessful",
    task_runs_table.c.status,
    task_runs_table.c.id,
    sqlite_where=_unsuccessful,
    postgresql_where=_unsuccessful,
)


class TaskRun(msgspec.Struct, frozen=True):
    """One try of one task."""

    message_id: MessageId
    queue: str
    """Short name."""
    task_type: str
    attempt: int
    """1 is the first."""
    status: str
    """succeeded, failed (for good), rejected, timed_out or retried."""
    worker: str
    wait_ms: int
    """From the message being ready to the handler's start."""
    started_at_ms: int
    finished_at_ms: int
    run_ms: float
    result: str | None = None
    """JSON text of what the handler returned."""
    error: str | None = None
    traceback: str | None = None
    correlation_id: str | None = None
    """The message id when the message brought none."""


_FIELDS = TaskRun.__struct_fields__
_COLUMNS = ", ".join(_FIELDS)
_RUN_COLUMNS = [task_runs_table.c[field] for field in _FIELDS]
_SQLITE_ROW = f"({', '.join('?' * len(_FIELDS))})"
_SQLITE_INSERTS = tuple(
    (count, f"INSERT INTO task_runs ({_COLUMNS}) VALUES {', '.join([_SQLITE_ROW] * count)}")  # noqa: S608  constants only
    for count in (1000, 200, 20, 4, 1)
)
"""A few fixed sizes, so that the driver keeps each prepared; taking one JSON text apart costs SQLite twice as much."""


class RunLog:
    """Writes and reads task runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, runs: Sequence[TaskRun]) -> None:
        """Store runs, durable when this returns; all or none. StorageUnavailable."""
        if not runs:
            return
        async with self._database.begin() as connection:
            if connection.dialect.name == "postgresql":
                await copy_in(connection, task_runs_table.name, _FIELDS, [_row(run) for run in runs])
                return
            start = 0
            for count, statement in _SQLITE_INSERTS:
                while len(runs) - start >= count:
                    values = tuple(chain.from_iterable(map(_row, runs[start : start + count])))
                    await connection.exec_driver_sql(statement, values)
                    start += count

    async def succeeded(self, message_ids: Sequence[MessageId]) -> set[MessageId]:
        """Those of the messages that have a successful run. StorageUnavailable."""
        column = task_runs_table.c.message_id
        found: set[MessageId] = set()
        async with self._database.read() as connection:
            for start in range(0, len(message_ids), _LOOK_UP_IDS):
                wanted = select(column).where(
                    column.in_(message_ids[start : start + _LOOK_UP_IDS]), task_runs_table.c.status == SUCCEEDED
                )
                found.update(MessageId(message_id) for (message_id,) in await connection.execute(wanted))
        return found

    async def tries_of(self, message_ids: Sequence[MessageId]) -> dict[MessageId, int]:
        """How many runs each of the messages has; messages without any are left out. StorageUnavailable."""
        column = task_runs_table.c.message_id
        found: dict[MessageId, int] = {}
        async with self._database.read() as connection:
            for start in range(0, len(message_ids), _LOOK_UP_IDS):
                wanted = (
                    select(column, func.count())
                    .where(column.in_(message_ids[start : start + _LOOK_UP_IDS]))
                    .group_by(column)
                )
                found.update((MessageId(message_id), count) for message_id, count in await connection.execute(wanted))
        return found

    async def runs_of(self, message_id: MessageId) -> list[TaskRun]:
        """All runs of a message, oldest first. StorageUnavailable."""
        return (await self.runs_of_many([message_id])).get(message_id, [])

    async def runs_of_many(self, message_ids: Sequence[MessageId]) -> dict[MessageId, list[TaskRun]]:
        """`runs_of` for many messages; messages without any are left out. StorageUnavailable."""
        found: dict[MessageId, list[TaskRun]] = {}
        async with self._database.read() as connection:
            for start in range(0, len(message_ids), _LOOK_UP_IDS):
                wanted = (
                    select(*_RUN_COLUMNS)
                    .where(task_runs_table.c.message_id.in_(message_ids[start : start + _LOOK_UP_IDS]))
                    .order_by(task_runs_table.c.id)
                )
                for row in await connection.execute(wanted):
                    run = _run(row)
                    found.setdefault(run.message_id, []).append(run)
        return found

    async def recent(self, limit: int = 50, queue: str | None = None, status: str | None = None) -> list[TaskRun]:
        """The last runs, newest first, of one queue (short name) or status if asked. StorageUnavailable."""
        wanted = select(*_RUN_COLUMNS).order_by(task_runs_table.c.id.desc()).limit(limit)
        if queue is not None:
            wanted = wanted.where(task_runs_table.c.queue == queue)
        if status is not None:
            wanted = wanted.where(task_runs_table.c.status == status)
            if status != SUCCEEDED:
                # Said with a constant, so that the planner sees that the partial index applies.
                wanted = wanted.where(_unsuccessful)
        async with self._database.read() as connection:
            return [_run(row) for row in await connection.execute(wanted)]

    async def unsuccessful(self, from_ms: int, to_ms: int, *, every_ms: int) -> list[tuple[int, str, str, int]]:
        """Of the runs that finished in [from, to) without success: for each span of `every_ms` (its number, from 0), task
        type and status how many. StorageUnavailable."""
        columns = task_runs_table.c
        span = (columns.finished_at_ms - from_ms) // every_ms
        wanted = (
            select(span, columns.task_type, columns.status, func.count())
            .where(_unsuccessful, columns.finished_at_ms >= from_ms, columns.finished_at_ms < to_ms)
            .group_by(span, columns.task_type, columns.status)
        )
        async with self._database.read() as connection:
            return [(int(row[0]), row[1], row[2], row[3]) for row in await connection.execute(wanted)]

    async def prune(self, older_than_ms: int) -> int:
        """Remove runs that finished before a time (ms since the epoch); returns how many. StorageUnavailable.

        Rows are numbered in order of writing, so the oldest are found by their number, some thousand per transaction.
        """
        table = task_runs_table
        removed = 0
        while True:
            oldest = select(table.c.id).order_by(table.c.id).limit(_PRUNE_ROWS).subquery()
            statement = delete(table).where(
                table.c.id <= select(func.max(oldest.c.id)).scalar_subquery(), table.c.finished_at_ms < older_than_ms
            )
            async with self._database.begin() as connection:
                count = (await connection.execute(statement)).rowcount
            removed += count
            if count < _PRUNE_ROWS:
                return removed


def _row(run: TaskRun) -> tuple[Any, ...]:
    if not _is_plain(run.task_type) or not _is_plain(run.correlation_id or ""):
        run = replace(
            run,
            task_type=storable(run.task_type),
            correlation_id=None if run.correlation_id is None else storable(run.correlation_id),
        )
    row = astuple(run)
    # Most tasks are their own correlation: the same 36 characters twice are not worth their place.
    return row if row[-1] != row[0] else (*row[:-1], None)


def _is_plain(text: str) -> bool:
    # Plain ASCII, which Python knows of each text without looking, holds no surrogates.
    return text.isascii() and "\0" not in text


def storable(text: str) -> str:
    """What senders choose freely, without NUL and lone surrogates, so that every store can keep it: one such run must not
    stop the whole batch."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _run(row: Any) -> TaskRun:
    message_id, *_, correlation_id = row
    return TaskRun(*row) if correlation_id is not None else TaskRun(*row[:-1], correlation_id=message_id)
