"""Message move tasks: dead letters on their way back, in the background, one run for a queue at a time.

    RUNNING ──────────────► COMPLETED
       │ ├── an error ────► FAILED
       │ └── cancelled ───► CANCELLING ──► CANCELLED

They live in this process. What was moved stays moved; after a restart the rest waits for another task.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from wipsie.kernel.ids import QueueName, new_uuid
from wipsie.queue.engine import QueueEngine
from wipsie.queue.redrive import Redrive
from wipsie.sqs_endpoint.errors import INTERNAL, translate
from wipsie.telemetry.logging import get_logger

_KEPT_PER_QUEUE = 10
_KEPT_QUEUES_MAX = 1000

_log = get_logger(__name__)


class MoveStatus(StrEnum):
    """Where a task is."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Handle(msgspec.Struct, rename="camel"):
    """What a task handle says, in base64."""

    task_id: str
    source_arn: str


class MoveTask:
    """One run over one dead-letter queue."""

    def __init__(
        self,
        redrive: Redrive,
        *,
        source_arn: str,
        destination_arn: str | None,
        rate_per_s: int | None,
        to_move: int,
        started_at_ms: int,
    ) -> None:
        self.task_id = new_uuid()
        self.source_arn = source_arn
        self.destination_arn = destination_arn
        self.rate_per_s = rate_per_s
        self.to_move = to_move
        self.started_at_ms = started_at_ms
        self.status = MoveStatus.RUNNING
        self.failure: str | None = None
        self._redrive = redrive

    @property
    def handle(self) -> str:
        """By which it is cancelled."""
        return base64.b64encode(msgspec.json.encode(Handle(self.task_id, self.source_arn))).decode()

    @property
    def is_active(self) -> bool:
        """Messages may still move."""
        return self.status in (MoveStatus.RUNNING, MoveStatus.CANCELLING)

    @property
    def moved(self) -> int:
        """Messages moved so far."""
        return self._redrive.moved

    def cancel(self) -> None:
        """Stop after the step under way."""
        self._redrive.cancel()
        self.status = MoveStatus.CANCELLING

    async def run(self) -> None:
        """Move to the end. Never raises but CancelledError."""
        try:
            report = await self._redrive.run()
        except asyncio.CancelledError:
            self.status = MoveStatus.CANCELLED
            raise
        except Exception as error:
            known = translate(error)
            if known is None:
                _log.error("message_move_failed", source=self.source_arn, exc_info=error)
            self.failure = (INTERNAL if known is None else known.kind).code
            self.status = MoveStatus.FAILED
        else:
            self.status = MoveStatus.CANCELLED if report.cancelled else MoveStatus.COMPLETED


class MoveTasks:
    """The tasks of this process, by source."""

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine
        self._tasks: dict[QueueName, list[MoveTask]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def of(self, source: QueueName) -> Sequence[MoveTask]:
        """The last tasks of a queue, newest first."""
        return self._tasks.get(source, ())

    def active(self, source: QueueName) -> MoveTask | None:
        """The task that moves messages of this queue now."""
        return next((task for task in self.of(source) if task.is_active), None)

    def find(self, handle: Handle) -> MoveTask | None:
        """The task of a handle."""
        return next((task for tasks in self._tasks.values() for task in tasks if task.task_id == handle.task_id), None)

    def start(self, source: QueueName, task: MoveTask) -> None:
        """Let it run."""
        if len(self._tasks) >= _KEPT_QUEUES_MAX:
            # Of queues where nothing moves any more, nobody need be told.
            self._tasks = {name: tasks for name, tasks in self._tasks.items() if self.active(name) is not None}
        self._tasks[source] = [task, *self.of(source)][:_KEPT_PER_QUEUE]
        running = asyncio.create_task(task.run(), name=f"sqs-move-{source}")
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """End all of them where they are."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def read_handle(text: str) -> Handle | None:
    """What a handle says; None for text that never was one."""
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True), type=Handle)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return None
