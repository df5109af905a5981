"""The SQLite backend: the contract's verbs over the group-commit writer, the reader and the waiters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.backend_kit.receiving import receive_or_wait
from wipsie.queue.backend_kit.waiters import Waiters
from wipsie.queue.backends.sqlite.neighbours import Neighbours
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.dead_letter import DeadLetterMessages
from wipsie.queue.backends.sqlite.operations.maintain import Maintain
from wipsie.queue.backends.sqlite.operations.queues import (
    ChangeQueue,
    CountQueue,
    CreateQueue,
    DropQueue,
    ListQueues,
    PurgeStep,
    ReadQueue,
)
from wipsie.queue.backends.sqlite.operations.receive import Receive
from wipsie.queue.backends.sqlite.operations.redrive import RedriveMessages
from wipsie.queue.backends.sqlite.operations.send import Send
from wipsie.queue.backends.sqlite.operations.settle import ChangeVisibility, Delete
from wipsie.queue.backends.sqlite.operations.transfer import AdoptMessages, ReadNote, RemoveMessages
from wipsie.queue.backends.sqlite.reader import QueueReader
from wipsie.queue.backends.sqlite.writer import GroupCommitWriter
from wipsie.queue.contract import (
    Capabilities,
    DeadLetterOrder,
    Delivery,
    MessageState,
    NewMessage,
    Outcome,
    QueueCounts,
    QueueSettings,
    RedriveFilter,
    RedriveStep,
    SendResult,
    StoredMessage,
    VisibilityChange,
)

MAINTENANCE_INTERVAL_S = 30.0
_NOT_DURABLE = "A power cut may lose the last accepted messages (QUEUE_SYNCHRONOUS=normal); set it to full."


class SqliteQueueBackend:
    """Queues in one file. Several processes of one machine may open the same file.

    `synchronous` is SQLite's: FULL survives a power cut, NORMAL only the death of processes.
    """

    def __init__(self, path: Path, *, clock: Clock, synchronous: str = "FULL") -> None:
        self.path = path
        self._clock = clock
        self._waiters = Waiters(clock)
        self.writer = GroupCommitWriter(path, clock=clock, synchronous=synchronous, on_commit=self._committed)
        self._reader = QueueReader(path)
        self._neighbours = Neighbours(path, self._waiters.wake)
        self._maintenance: asyncio.Task[None] | None = None
        self._stopping = False
        durable = synchronous in ("FULL", "EXTRA")
        self._capabilities = Capabilities(name="sqlite", durable=durable, caution=None if durable else _NOT_DURABLE)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def start(self) -> None:
        self._stopping = False
        await self.writer.start()
        self._neighbours.start()
        self._maintenance = asyncio.create_task(self._maintain(), name="wipsie-queue-maintenance")

    async def stop(self) -> None:
        self._stopping = True
        self._waiters.wake_all()
        if self._maintenance is not None:
            self._maintenance.cancel()
            await asyncio.gather(self._maintenance, return_exceptions=True)
            self._maintenance = None
        await self.writer.stop()
        self._neighbours.stop()
        await self._reader.stop()

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        return await self._do(CreateQueue(settings))

    async def change_queue(self, settings: QueueSettings) -> None:
        await self._do(ChangeQueue(settings))

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        return await self._do(ReadQueue(queue))

    async def list_queues(self) -> list[QueueSettings]:
        return await self._do(ListQueues())

    async def delete_queue(self, queue: QueueName) -> None:
        while not await self._do(DropQueue(queue)):
            await self.purge(queue)

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        return await self.writer.submit(Send(messages))

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        async def look() -> tuple[list[Delivery], int | None]:
            return await self._do(Receive(queue, max_messages, visibility_timeout_s))

        return await receive_or_wait(
            look,
            waiters=self._waiters,
            clock=self._clock,
            now_ms=self._clock.now_ms,
            queue=queue,
            wait_s=wait_s,
            is_stopping=lambda: self._stopping,
        )

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        return await self.writer.submit(Delete(receipts))

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        return await self.writer.submit(ChangeVisibility(changes))

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        return await self.writer.submit(DeadLetterMessages(orders))

    async def counts(self, queue: QueueName) -> QueueCounts:
        return await self._do(CountQueue(queue))

    async def purge(self, queue: QueueName) -> int:
        total, until, more = 0, None, True
        while more:
            removed, until, more = await self._do(PurgeStep(queue, until))
            total += removed
        return total

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int = 10,
        after_sequence_number: int = 0,
        state: MessageState | None = None,
        message_id: MessageId | None = None,
    ) -> list[StoredMessage]:
        return await self._reader.peek(
            queue,
            limit=limit,
            after_sequence_number=after_sequence_number,
            state=state,
            message_id=message_id,
            now_ms=self._clock.now_ms(),
        )

    async def redrive(
        self,
        queue: QueueName,
        *,
        destination: QueueName | None = None,
        matching: RedriveFilter | None = None,
        limit: int = 100,
        after_sequence_number: int = 0,
    ) -> RedriveStep:
        return await self._do(RedriveMessages(queue, destination, matching, limit, after_sequence_number))

    # Moving house, see `wipsie.queue.transfer.port`

    async def adopt(
        self, queue: QueueName, messages: Sequence[StoredMessage], *, transfer: str, batch: str, previous: str | None
    ) -> None:
        await self._do(AdoptMessages(queue, messages, transfer, batch, previous))

    async def adopted(self, queue: QueueName, transfer: str) -> str | None:
        return await self._do(ReadNote(queue, transfer))

    async def remove(self, queue: QueueName, messages: Sequence[tuple[int, MessageId]]) -> int:
        return await self._do(RemoveMessages(queue, messages))

    async def _do(self, operation: Operation) -> Any:
        """Run an operation whose refusal is its result."""
        future = self.writer.submit(operation)
        try:
            result = await future
        except asyncio.CancelledError:
            # Cancelled between the commit and our turn: the writer believes that we got the result.
            if future.done() and not future.cancelled() and (undo := operation.abandoned(future.result())) is not None:
                self.writer.submit(undo)
            raise
        if isinstance(result, WipsieError):
            raise result
        return result

    def _committed(self, ready: dict[QueueName, int], due: dict[QueueName, int]) -> None:
        for queue, count in ready.items():
            self._waiters.wake(queue, count)
        if ready:
            self._neighbours.tell(ready)
        for queue, at_ms in due.items():
            self._waiters.alarm(queue, at_ms)

    async def _maintain(self) -> None:
        while True:
            await self._clock.sleep(MAINTENANCE_INTERVAL_S)
            try:
                await self._do(Maintain())
            except WipsieError:
                # The store cannot write now; senders are told, and the next round tries again.
                continue
