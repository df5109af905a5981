"""Redrive without a look: receive, move what matches, and keep the rest leased until the run has seen the whole queue.

SQS has no order and no cursor. What a run looked at and did not move stays hidden for `HOLD_S`, so that the next step
finds others; at the end of the run it is given back. The "next sequence number" of a step is the number of the run.
"""

from __future__ import annotations

import asyncio
import itertools

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import QueueNotFound, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.redrive_filter import matches
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.directory import STALE_S, QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.lanes import AllLanes, HandleChange
from wipsie.queue.backends.sqs.leases import Leases
from wipsie.queue.backends.sqs.opening import identify, read_message
from wipsie.queue.backends.sqs.parcel import Parcel, SqsMessage
from wipsie.queue.backends.sqs.sending import Sender
from wipsie.queue.backends.sqs.sqs_limits import RECEIVE_MESSAGES_MAX
from wipsie.queue.contract import RedriveFilter, RedriveStep
from wipsie.telemetry.logging import get_logger

HOLD_S = 120
"""How long a letter that stays is hidden when a run is cut off."""
RUN_IDLE_S = 600.0
RUNS_MAX = 100
_LOOK_S = 1
"""A long poll asks all servers of SQS, a short one some of them."""

_log = get_logger(__name__)


class _Run(msgspec.Struct):
    queue: QueueName
    number: int
    touched_at: float
    kept: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Receipt handle by SQS message id of what was looked at and stays."""


class Redriver:
    """Runs over dead-letter queues."""

    def __init__(
        self,
        connection: SqsConnection,
        directory: QueueDirectory,
        lanes: AllLanes,
        leases: Leases,
        sender: Sender,
        *,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._directory = directory
        self._lanes = lanes
        self._leases = leases
        self._sender = sender
        self._clock = clock
        self._numbers = itertools.count(1)
        self._runs: dict[int, _Run] = {}

    async def step(
        self,
        name: QueueName,
        *,
        destination: QueueName | None,
        matching: RedriveFilter | None,
        limit: int,
        after: int,
    ) -> RedriveStep:
        """Look at up to `limit` letters and move those that match. QueueNotFound, StorageUnavailable."""
        queue = await self._directory.find(name)
        if destination is not None:
            await self._directory.find(destination, age_s_max=STALE_S)
        run = self._run(name, after)
        looked = moved = 0
        while looked < limit:
            raws = await self._connection.receive(
                queue=name,
                wait_s=_LOOK_S,
                QueueUrl=queue.url,
                MaxNumberOfMessages=min(RECEIVE_MESSAGES_MAX, limit - looked),
                VisibilityTimeout=HOLD_S,
            )
            messages = [read_message(raw) for raw in raws]
            # A long run meets those again whose hold ended.
            fresh = [message for message in messages if message.message_id not in run.kept]
            for message in messages:
                self._leases.supersede(name, message.message_id)
                run.kept[message.message_id] = message.receipt_handle
            if not fresh:
                await self._finish(run, queue)
                return RedriveStep(moved=moved, skipped=looked - moved, next_sequence_number=None)
            looked += len(fresh)
            for message, is_moved in zip(fresh, await self._move_all(fresh, queue, destination, matching), strict=True):
                if is_moved:
                    moved += 1
                    del run.kept[message.message_id]
        run.touched_at = self._clock.monotonic()
        return RedriveStep(moved=moved, skipped=looked - moved, next_sequence_number=run.number)

    def _run(self, name: QueueName, after: int) -> _Run:
        now = self._clock.monotonic()
        for number in [number for number, run in self._runs.items() if now - run.touched_at > RUN_IDLE_S]:
            del self._runs[number]
        run = self._runs.get(after)
        if run is None or run.queue != name:
            run = _Run(queue=name, number=next(self._numbers), touched_at=now)
            while len(self._runs) >= RUNS_MAX:
                del self._runs[next(iter(self._runs))]
            self._runs[run.number] = run
        return run

    async def _finish(self, run: _Run, queue: SqsQueue) -> None:
        """The whole queue was seen: give back what stays."""
        self._runs.pop(run.number, None)
        visibility = self._lanes.of(queue).visibility
        answers = await asyncio.gather(
            *(visibility.call(HandleChange(handle, 0)) for handle in run.kept.values()), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                _log.warning("dead_letter_not_given_back", queue=queue.name, error=str(answer))

    async def _move_all(
        self,
        messages: list[SqsMessage],
        queue: SqsQueue,
        destination: QueueName | None,
        matching: RedriveFilter | None,
    ) -> list[bool]:
        if queue.settings.fifo:
            # One after the other: they come back in the order they had.
            return [await self._move(message, queue, destination, matching) for message in messages]
        moves = (self._move(message, queue, destination, matching) for message in messages)
        return list(await asyncio.gather(*moves))

    async def _move(
        self, message: SqsMessage, queue: SqsQueue, destination: QueueName | None, matching: RedriveFilter | None
    ) -> bool:
        parcel = identify(message, queue.name, self._directory)
        envelope = parcel.envelope
        dead = envelope.dead_letter
        if not matches(matching, dead, envelope.message_id):
            return False
        name = destination or (dead.origin if dead is not None else envelope.origin)
        if name is None or name == queue.name:
            return False
        try:
            target = await self._directory.find(name, age_s_max=STALE_S)
        except QueueNotFound:
            return False
        redriven = reborn(parcel, target.name, self._sender.next_sequence_number())
        redriven.envelope.redrive_count += 1
        redriven.envelope.dead_letter = None
        redriven.envelope.origin = None
        # The same name for the same return: a repeat within five minutes is one message on a FIFO queue.
        repeat_id = f"{envelope.message_id}.{redriven.envelope.redrive_count}"
        try:
            await self._sender.post(redriven, target, deduplication_id=repeat_id)
            await self._lanes.of(queue).delete.call(message.receipt_handle)
        except WipsieError as error:
            _log.warning("dead_letter_not_moved", queue=queue.name, destination=name, error=str(error))
            return False
        return True


def reborn(parcel: Parcel, queue: QueueName, sequence_number: int) -> Parcel:
    """A copy that begins a new life in another queue: its own number, no receives, no delay."""
    envelope = msgspec.structs.replace(
        parcel.envelope,
        queue=queue,
        sequence_number=sequence_number,
        sent_at_ms=parcel.envelope.accepted_at_ms,
        not_before_ms=None,
        delay_ms=0,
        earlier_receives=0,
    )
    return msgspec.structs.replace(parcel, envelope=envelope)
