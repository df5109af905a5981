"""Works on message move tasks: those that were asked for here, and those whose process died or was stopped.

Every process that serves the endpoint looks for open tasks that nobody works on. Of a task that was interrupted, only the rest
is moved: what moved before is not in the queue any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wipsie.database import Database
from wipsie.kernel.backoff import Backoff
from wipsie.kernel.errors import TooManyRequests, Unavailable, WipsieError
from wipsie.kernel.ids import QueueName, new_uuid
from wipsie.queue.engine import QueueEngine
from wipsie.queue.redrive import Redrive
from wipsie.sqs_endpoint.errors import INTERNAL, translate
from wipsie.sqs_endpoint.moves.store import MoveStore
from wipsie.sqs_endpoint.moves.task import MoveStatus, MoveTask
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outage import Outage
from wipsie.workers.supervisor import Supervisor
from wipsie.workers.wake import Wake

POLL_S = 2.0
"""How late a task that another process left may be noticed."""
SAVE_S = 0.5
"""How often is written down how far a task is; also how late a cancel is noticed."""
TASKS_AT_ONCE = 20
"""In one process; further ones wait in the database."""
_BACKOFF_S_MIN = 0.5
_BACKOFF_S_MAX = 5.0
_PART = "sqs-move-tasks"

_log = get_logger(__name__)
Value = TypeVar("Value")


class MoveTasks:
    """The tasks of an installation, as one of its processes sees them."""

    def __init__(self, engine: QueueEngine, database: Database) -> None:
        """Starts nothing."""
        self._engine = engine
        self._clock = engine.clock
        self._store = MoveStore(database, holder=new_uuid(), clock=engine.clock)
        self._wake = Wake(engine.clock)
        self._supervisor = Supervisor(engine.clock)
        self._working: dict[str, asyncio.Task[None]] = {}
        self._stores_away = Outage(_log, "message_moves_wait", engine.clock)

    async def start(self) -> None:
        """Begin to work on what is open, first what earlier processes left."""
        self._supervisor.start(_PART, self._run)

    async def stop(self) -> None:
        """End where it is; other processes, or the next start, go on from there. May be called twice."""
        await self._supervisor.stop()
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def add(self, task: MoveTask) -> bool:
        """Let a new task run. False: one of its source is open. StorageUnavailable."""
        added = await self._store.add(task)
        self._wake.ring()
        return added

    async def of(self, source: QueueName, limit: int) -> list[MoveTask]:
        """The last tasks of a queue, newest first. StorageUnavailable."""
        return await self._store.of(source, limit)

    async def cancel(self, task_id: str, source: QueueName | None) -> int | None:
        """Stop a task of a queue soon; how much it moved so far. None: there is none that runs. StorageUnavailable."""
        return await self._store.cancel(task_id, source)

    async def _run(self) -> None:
        while True:
            try:
                await self._take_up()
                self._stores_away.over()
            except Unavailable as error:
                self._stores_away.failed(error)
            await self._wake.wait(POLL_S)

    async def _take_up(self) -> None:
        """Work on what nobody works on, as far as there is room."""
        self._working = {task_id: task for task_id, task in self._working.items() if not task.done()}
        if (room := TASKS_AT_ONCE - len(self._working)) <= 0:
            return
        for task_id in await self._store.waiting(room + len(self._working)):
            # One of ours whose lease lapsed while a store was away goes on by itself.
            if task_id in self._working or len(self._working) >= TASKS_AT_ONCE:
                continue
            task = await self._store.take(task_id)
            if task is not None:
                name = f"sqs-move-{task.source}"
                self._working[task_id] = asyncio.create_task(self._work(task), name=name)

    async def _work(self, task: MoveTask) -> None:
        """Move to the end. Never raises but CancelledError."""
        try:
            redrive = self._engine.redrive(
                task.source,
                destination=task.destination,
                rate_per_s=task.rate_per_s,
                after_sequence_number=task.position,
            )
            await self._move(task, redrive)
        except Exception as error:
            # What nobody foresaw must not make other processes try the same for ever; the log has it.
            _log.error("message_move_failed", source=task.source, task=task.task_id, exc_info=error)
            await self._insist(
                lambda: self._store.end(task.task_id, MoveStatus.FAILED, moved=task.moved, failure=INTERNAL.code)
            )
        finally:
            # There may be one that waited for room.
            self._wake.ring()

    async def _move(self, task: MoveTask, redrive: Redrive) -> None:
        status: MoveStatus | None = task.status
        saved_at = self._clock.monotonic()
        backoff = Backoff(_BACKOFF_S_MIN, _BACKOFF_S_MAX)
        queue_away = Outage(_log, "message_move_waits", self._clock)

        def moved() -> int:
            return task.moved + redrive.moved

        def position() -> int:
            return task.position if redrive.position is None else redrive.position

        try:
            while redrive.position is not None:
                if self._clock.monotonic() - saved_at >= SAVE_S:
                    status = await self._insist(
                        lambda: self._store.save(task.task_id, moved=moved(), position=position())
                    )
                    saved_at = self._clock.monotonic()
                if status is None:
                    # This process was away for longer than its lease, and another goes on.
                    return
                if status is MoveStatus.CANCELLING:
                    await self._insist(lambda: self._store.end(task.task_id, MoveStatus.CANCELLED, moved=moved()))
                    return
                try:
                    pause_s = await redrive.step()
                    queue_away.over()
                    backoff.reset()
                except (Unavailable, TooManyRequests) as error:
                    queue_away.failed(error, source=task.source)
                    pause_s = max(backoff.next_s(), error.retry_after_s or 0.0)
                if pause_s:
                    await self._clock.sleep(pause_s)
            await self._insist(lambda: self._store.end(task.task_id, MoveStatus.COMPLETED, moved=moved()))
        except asyncio.CancelledError:
            with contextlib.suppress(WipsieError):
                await self._store.let_go(task.task_id, moved=moved(), position=position())
            raise
        except WipsieError as error:
            known = translate(error)
            code = INTERNAL.code if known is None else known.kind.code
            await self._insist(lambda: self._store.end(task.task_id, MoveStatus.FAILED, moved=moved(), failure=code))

    async def _insist(self, write: Callable[[], Awaitable[Value]]) -> Value:
        """Write to the database, however long it is away: until then nothing is moved."""
        backoff = Backoff(_BACKOFF_S_MIN, _BACKOFF_S_MAX)
        while True:
            try:
                result = await write()
                self._stores_away.over()
                return result
            except Unavailable as error:
                self._stores_away.failed(error)
                await self._clock.sleep(max(backoff.next_s(), error.retry_after_s or 0.0))
