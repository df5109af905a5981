"""The table of message move tasks: who works on which, how far it is, and what became of the last ones.

One task of a source is open at a time, which a unique index keeps. A process that works on a task holds a lease on it, which
lapses when the process dies; whoever comes next goes on from the last position that was written down.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, and_, delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName
from wipsie.sqs_endpoint.moves.task import MoveStatus, MoveTask

LEASE_S = 6.0
"""Much longer than a task takes from one note to the next."""
KEPT_PER_QUEUE = 10
"""As many as a list of tasks tells."""
KEPT_S = 14 * 86_400
"""How long an ended task is told."""

move_tasks_table = Table(
    "sqs_move_tasks",
    metadata,
    Column("task_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_arn", Text, nullable=False),
    Column("destination", Text),
    Column("destination_arn", Text),
    Column("rate_per_s", Integer),
    Column("to_move", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure", Text),
    Column("started_at_ms", BigInteger, nullable=False),
    Column("ended_at_ms", BigInteger),
    Column("holder", Text),
    Column("lease_until_ms", BigInteger, nullable=False),
)
_table = move_tasks_table.c
_OPEN = "ended_at_ms IS NULL"
Index(
    "ix_sqs_move_tasks_open",
    _table.source,
    unique=True,
    sqlite_where=text(_OPEN),
    postgresql_where=text(_OPEN),
)
Index("ix_sqs_move_tasks_source", _table.source, _table.started_at_ms)
Index("ix_sqs_move_tasks_ended_at_ms", _table.ended_at_ms)
_TASK = [move_tasks_table.c[name] for name in MoveTask.__struct_fields__]


class MoveStore:
    """Tasks in a migrated database. Every verb raises StorageUnavailable while it is away."""

    def __init__(self, database: Database, *, holder: str, clock: Clock) -> None:
        """`holder` is unique to this process."""
        self._database = database
        self._holder = holder
        self._clock = clock

    async def add(self, task: MoveTask) -> bool:
        """Write down a new task. False: one of this source is open already. The oldest ended ones make room."""
        row = {**_row(task), "holder": None, "lease_until_ms": 0, "ended_at_ms": None}
        async with self._database.begin() as connection:
            added = await connection.execute(
                insert_ignoring_conflicts(self._database.dialect, move_tasks_table).values(row)
            )
            if added.rowcount != 1:
                return False
            newest = (
                select(_table.task_id)
                .where(_table.source == task.source)
                .order_by(_table.started_at_ms.desc(), _table.task_id.desc())
                .limit(KEPT_PER_QUEUE)
            )
            await connection.execute(
                delete(move_tasks_table).where(
                    _table.source == task.source, _table.ended_at_ms.is_not(None), _table.task_id.not_in(newest)
                )
            )
        return True

    async def of(self, source: QueueName, limit: int) -> list[MoveTask]:
        """The last tasks of a queue, newest first."""
        wanted = (
            select(*_TASK)
            .where(_table.source == source)
            .order_by(_table.started_at_ms.desc(), _table.task_id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_task(row) for row in (await connection.execute(wanted)).mappings()]

    async def cancel(self, task_id: str, source: QueueName | None) -> int | None:
        """Ask whoever works on a task of a queue to stop; how much it moved so far. None: there is none that runs."""
        asked = (
            update(move_tasks_table)
            .where(_table.task_id == task_id, _table.source == source, _table.status == MoveStatus.RUNNING.value)
            .values(status=MoveStatus.CANCELLING.value)
            .returning(_table.moved)
        )
        async with self._database.begin() as connection:
            return (await connection.execute(asked)).scalar_one_or_none()

    async def waiting(self, limit: int) -> list[str]:
        """Ids of open tasks that nobody works on."""
        wanted = (
            select(_table.task_id)
            .where(_table.ended_at_ms.is_(None), _table.lease_until_ms <= self._clock.now_ms())
            .order_by(_table.started_at_ms)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(wanted)).scalars())

    async def take(self, task_id: str) -> MoveTask | None:
        """Work on an open task from now on; None when another process was faster."""
        now_ms = self._clock.now_ms()
        free = or_(_table.holder == self._holder, _table.lease_until_ms <= now_ms)
        taken = (
            update(move_tasks_table)
            .where(_table.task_id == task_id, _table.ended_at_ms.is_(None), free)
            .values(holder=self._holder, lease_until_ms=now_ms + round(LEASE_S * 1000))
            .returning(*_TASK)
        )
        async with self._database.begin() as connection:
            row = (await connection.execute(taken)).mappings().one_or_none()
        return None if row is None else _task(row)

    async def save(self, task_id: str, *, moved: int, position: int) -> MoveStatus | None:
        """Write down how far a task of ours is, and hold it on; what its status is now. None: it is not ours any more."""
        saved = (
            update(move_tasks_table)
            .where(self._is_ours(task_id))
            .values(moved=moved, position=position, lease_until_ms=self._clock.now_ms() + round(LEASE_S * 1000))
            .returning(_table.status)
        )
        async with self._database.begin() as connection:
            status = (await connection.execute(saved)).scalar_one_or_none()
        return None if status is None else MoveStatus(status)

    async def end(self, task_id: str, status: MoveStatus, *, moved: int, failure: str | None = None) -> None:
        """Nothing moves any more. Nothing happens when the task is not ours."""
        ended = (
            update(move_tasks_table)
            .where(self._is_ours(task_id))
            .values(
                status=status.value,
                moved=moved,
                failure=failure,
                ended_at_ms=self._clock.now_ms(),
                holder=None,
                lease_until_ms=0,
            )
        )
        async with self._database.begin() as connection:
            await connection.execute(ended)

    async def let_go(self, task_id: str, *, moved: int, position: int) -> None:
        """Let another process go on at once."""
        freed = (
            update(move_tasks_table)
            .where(self._is_ours(task_id))
            .values(moved=moved, position=position, holder=None, lease_until_ms=0)
        )
        async with self._database.begin() as connection:
            await connection.execute(freed)

    def _is_ours(self, task_id: str) -> Any:
        return and_(_table.task_id == task_id, _table.holder == self._holder, _table.ended_at_ms.is_(None))


async def prune(connection: AsyncConnection, *, ended_before_ms: int, limit: int) -> int:
    """Forget tasks that ended before; returns how many."""
    oldest = (
        select(_table.task_id).where(_table.ended_at_ms < ended_before_ms).order_by(_table.ended_at_ms).limit(limit)
    )
    return (await connection.execute(delete(move_tasks_table).where(_table.task_id.in_(oldest)))).rowcount


def _row(task: MoveTask) -> dict[str, Any]:
    return {name: getattr(task, name) for name in MoveTask.__struct_fields__} | {"status": task.status.value}


def _task(row: Any) -> MoveTask:
    fields: dict[str, Any] = {**row, "status": MoveStatus(row["status"])}
    return MoveTask(**fields)
