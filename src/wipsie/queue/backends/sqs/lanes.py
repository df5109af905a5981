"""Concurrent calls fill batches of ten: three lanes for each queue, several requests of each under way at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import QueueNotFound, StorageUnavailable, TooManyRequests, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.directory import SqsQueue
from wipsie.queue.backends.sqs.faults import fault_for_code, is_senders_fault
from wipsie.queue.backends.sqs.parcel import Entry
from wipsie.queue.backends.sqs.sqs_limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX

REQUESTS_PARALLEL = 8
"""Requests of one kind to one queue at the same time."""
TRIES = 3
"""For entries that SQS failed to take through no fault of ours."""
_PAUSE_S = 0.2


class HandleChange(msgspec.Struct, frozen=True):
    """A new end of a lease, in whole seconds from now."""

    handle: str
    visibility_s: int


class QueueLanes:
    """The lanes of one queue."""

    def __init__(
        self, queue: SqsQueue, connection: SqsConnection, clock: Clock, on_gone: Callable[[QueueName], None]
    ) -> None:
        self._on_gone = on_gone
        self._name = queue.name
        self._url = queue.url
        self._connection = connection
        self._clock = clock
        self.send = Lane[Entry, None](
            self._send,
            name=f"sqs-send-{queue.name}",
            waits_for="Amazon SQS",
            calls_max=BATCH_ENTRIES_MAX,
            weigh=lambda entry: entry.size,
            weight_max=BATCH_BYTES_MAX,
            # The order of a group is the order in which its batches arrive.
            parallel=1 if queue.settings.fifo else REQUESTS_PARALLEL,
        )
        self.delete = Lane[str, None](
            self._delete,
            name=f"sqs-delete-{queue.name}",
            waits_for="Amazon SQS",
            calls_max=BATCH_ENTRIES_MAX,
            parallel=REQUESTS_PARALLEL,
        )
        self.visibility = Lane[HandleChange, None](
            self._change_visibility,
            name=f"sqs-visibility-{queue.name}",
            waits_for="Amazon SQS",
            calls_max=BATCH_ENTRIES_MAX,
            parallel=REQUESTS_PARALLEL,
        )
        for lane in (self.send, self.delete, self.visibility):
            lane.start()

    async def stop(self) -> None:
        """Finish what was accepted."""
        for lane in (self.send, self.delete, self.visibility):
            await lane.stop()

    async def _send(self, entries: list[Entry]) -> Sequence[BaseException | None]:
        return await self._batch("send_message_batch", [entry.content for entry in entries])

    async def _delete(self, handles: list[str]) -> Sequence[BaseException | None]:
        return await self._batch("delete_message_batch", [{"ReceiptHandle": handle} for handle in handles])

    async def _change_visibility(self, changes: list[HandleChange]) -> Sequence[BaseException | None]:
        return await self._batch(
            "change_message_visibility_batch",
            [{"ReceiptHandle": change.handle, "VisibilityTimeout": change.visibility_s} for change in changes],
        )

    async def _batch(self, operation: str, contents: list[dict[str, Any]]) -> list[WipsieError | None]:
        """One outcome per entry. Entries that the server failed are tried again; when it refuses the request as a whole,
        each entry goes alone, so that one bad entry costs its neighbours nothing."""
        outcomes: list[WipsieError | None] = [None] * len(contents)
        waiting = list(range(len(contents)))
        for turn in range(TRIES):
            if turn:
                await self._clock.sleep(_PAUSE_S * 2**turn)
            try:
                failed = await self._request(operation, contents, waiting)
            except WipsieError as error:
                if isinstance(error, QueueNotFound):
                    self._on_gone(self._name)
                if is_senders_fault(error) and len(waiting) > 1:
                    alone = await asyncio.gather(*(self._batch(operation, [contents[index]]) for index in waiting))
                    failed = {index: one for index, (one,) in zip(waiting, alone, strict=True) if one is not None}
                else:
                    failed = dict.fromkeys(waiting, error)
                outcomes = [failed.get(index, outcome) for index, outcome in enumerate(outcomes)]
                return outcomes
            for index in waiting:
                outcomes[index] = failed.get(index)
            waiting = [index for index in waiting if _may_pass_later(outcomes[index])]
            if not waiting:
                break
        return outcomes

    async def _request(
        self, operation: str, contents: list[dict[str, Any]], indexes: list[int]
    ) -> dict[int, WipsieError]:
        entries = [{"Id": str(index), **contents[index]} for index in indexes]
        answer = await self._connection.call(operation, queue=self._name, QueueUrl=self._url, Entries=entries)
        action = operation.title().replace("_", "")
        return {
            int(entry["Id"]): fault_for_code(
                str(entry.get("Code", "")),
                str(entry.get("Message", "")),
                is_server=not entry.get("SenderFault", False),
                queue=self._name,
                action=action,
            )
            for entry in answer.get("Failed", [])
        }


def _may_pass_later(outcome: WipsieError | None) -> bool:
    return isinstance(outcome, StorageUnavailable | TooManyRequests)


class AllLanes:
    """The lanes of every queue this process speaks to."""

    def __init__(self, connection: SqsConnection, clock: Clock, on_gone: Callable[[QueueName], None]) -> None:
        """`on_gone` hears of queues that are no longer there."""
        self._connection = connection
        self._clock = clock
        self._on_gone = on_gone
        self._lanes: dict[str, QueueLanes] = {}

    def of(self, queue: SqsQueue) -> QueueLanes:
        """The lanes of one queue."""
        lanes = self._lanes.get(queue.url)
        if lanes is None:
            lanes = self._lanes[queue.url] = QueueLanes(queue, self._connection, self._clock, self._on_gone)
        return lanes

    async def forget(self, queue: SqsQueue) -> None:
        """The queue was deleted."""
        lanes = self._lanes.pop(queue.url, None)
        if lanes is not None:
            await lanes.stop()

    async def stop(self) -> None:
        """Finish what was accepted."""
        lanes, self._lanes = list(self._lanes.values()), {}
        await asyncio.gather(*(one.stop() for one in lanes))
