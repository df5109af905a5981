"""Receive: long polls that belong to the backend, so that a caller who goes away leaves no lease behind.

An HTTP request that is cut off may have leased messages that nobody will ever see. So a poll runs to its end whatever
becomes of its caller; what it brings for nobody is given back at once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import QueueNotFound, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.causes import receive_limit_cause
from wipsie.queue.backend_kit.waiters import Waiters
from wipsie.queue.backends.sqs.address import SqsAddress
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.directory import QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.envelope import decode_body
from wipsie.queue.backends.sqs.lanes import AllLanes, HandleChange
from wipsie.queue.backends.sqs.large_bodies import LargeBodies
from wipsie.queue.backends.sqs.leases import Held, Leases
from wipsie.queue.backends.sqs.parcel import Parcel, SqsMessage, unpack
from wipsie.queue.backends.sqs.receipts import read_receipt, write_receipt
from wipsie.queue.backends.sqs.sending import Sender
from wipsie.queue.backends.sqs.sqs_limits import DELAY_S_MAX, RECEIVE_MESSAGES_MAX
from wipsie.queue.contract import DeadLetter, Delivery
from wipsie.telemetry.logging import get_logger

REQUESTS_PARALLEL = 10
"""Requests of one receive that asks for more than ten messages."""
_SHORT_PAUSE_S = 0.25
"""Between short polls in the last second of a wait: SQS counts waits in whole seconds."""

_log = get_logger(__name__)


def read_message(raw: dict[str, Any]) -> SqsMessage:
    """A message as the client library gives it, typed."""
    return msgspec.convert(raw, SqsMessage)


def identify(message: SqsMessage, queue: QueueName, directory: QueueDirectory) -> Parcel:
    """What the message is. One that a redrive policy moved here has no cause with it: it gets the one there is."""
    parcel = unpack(message, queue)
    envelope = parcel.envelope
    if envelope.queue == queue:
        return parcel
    dead = envelope.dead_letter
    source = directory.remembered(envelope.queue)
    is_policy = source is not None and source.settings.dead_letter_queue == queue
    if dead is not None and dead.origin == queue:
        # Somebody sent it home with a redrive of Amazon's.
        envelope.dead_letter = None
        envelope.redrive_count += 1
    elif dead is None or is_policy:
        system = message.attributes
        if source is not None and is_policy:
            limit = source.settings.max_receive_count
        else:
            limit = max(1, int(system.get("ApproximateReceiveCount", 1)) - 1)
        # The first receive is the last time that is known of its life before.
        dead_at_ms = int(system.get("ApproximateFirstReceiveTimestamp", 0)) or envelope.accepted_at_ms
        envelope.dead_letter = DeadLetter(
            origin=envelope.queue, dead_at_ms=dead_at_ms, cause=receive_limit_cause(limit)
        )
    envelope.queue = queue
    envelope.earlier_receives = 0
    return parcel


class Receiver:
    """All receives of one backend."""

    def __init__(
        self,
        connection: SqsConnection,
        directory: QueueDirectory,
        lanes: AllLanes,
        leases: Leases,
        sender: Sender,
        *,
        clock: Clock,
        waiters: Waiters,
        address: SqsAddress,
        large_bodies: LargeBodies | None,
    ) -> None:
        self._connection = connection
        self._directory = directory
        self._lanes = lanes
        self._leases = leases
        self._sender = sender
        self._clock = clock
        self._waiters = waiters
        self._address = address
        self._large_bodies = large_bodies
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Accept receives."""
        self._stopped = asyncio.get_running_loop().create_future()

    async def stop(self) -> None:
        """Send waiting receivers home with nothing, and wait for the polls under way: each lasts some seconds at most."""
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)
        self._waiters.wake_all()
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def _is_stopping(self) -> bool:
        return self._stopped is None or self._stopped.done()

    async def receive(
        self, name: QueueName, *, max_messages: int, visibility_timeout_s: float | None, wait_s: float
    ) -> list[Delivery]:
        """Lease up to `max_messages`, waiting up to `wait_s` for the first. QueueNotFound, StorageUnavailable."""
        deadline = self._clock.monotonic() + wait_s
        while True:
            signal = self._waiters.signal(name)
            queue = await self._directory.find(name)
            remaining_s = deadline - self._clock.monotonic()
            if self._is_stopping:
                return []
            if queue.settings.paused:
                if remaining_s <= 0:
                    return []
                await self._waiters.wait(name, signal, min(remaining_s, self._address.settings_s))
                continue
            poll_s = min(int(remaining_s), self._address.poll_s) if remaining_s > 0 else 0
            began = self._clock.monotonic()
            try:
                deliveries = await self._poll(queue, max_messages, visibility_timeout_s, poll_s)
            except QueueNotFound:
                self._directory.forget(name)
                raise
            known = self._directory.remembered(name)
            if deliveries and known is not None and known.settings.paused:
                # Paused while the poll was out.
                self._give_back(deliveries)
                continue
            now = self._clock.monotonic()
            if deliveries or now >= deadline or self._is_stopping:
                return deliveries
            if now - began < _SHORT_PAUSE_S:
                await self._waiters.wait(name, signal, min(_SHORT_PAUSE_S, deadline - now))

    async def _poll(
        self, queue: SqsQueue, max_messages: int, visibility_timeout_s: float | None, poll_s: int
    ) -> list[Delivery]:
        if self._stopped is None:
            return []
        lease_s = queue.settings.visibility_timeout_s if visibility_timeout_s is None else visibility_timeout_s
        task = self._background(self._fetch(queue, max_messages, math.ceil(lease_s), poll_s))
        try:
            await asyncio.wait((task, self._stopped), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.add_done_callback(self._arrived_for_nobody)
            raise
        if task.done():
            return task.result()
        task.add_done_callback(self._arrived_for_nobody)
        return []

    def _background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name="wipsie-sqs-receive")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _arrived_for_nobody(self, task: asyncio.Task[list[Delivery]]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._give_back(task.result())

    def _give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Make messages visible at once; SQS counts the receive all the same."""
        for delivery in deliveries:
            self._background(self._return(delivery))

    async def _return(self, delivery: Delivery) -> None:
        handle, _ = read_receipt(delivery.queue, delivery.receipt)
        queue = self._directory.remembered(delivery.queue)
        self._leases.spend(handle)
        if queue is None:
            return
        try:
            await self._lanes.of(queue).visibility.call(HandleChange(handle, 0))
        except WipsieError as error:
            # The end of the lease brings it back.
            _log.warning("message_not_given_back", queue=delivery.queue, error=str(error))

    # What runs in the background

    async def _fetch(self, queue: SqsQueue, max_messages: int, lease_s: int, poll_s: int) -> list[Delivery]:
        if queue.settings.fifo:
            return await self._fetch_in_order(queue, max_messages, lease_s, poll_s)
        wanted = min(max_messages, RECEIVE_MESSAGES_MAX)
        arrived, deliveries = await self._request(queue, wanted, lease_s, poll_s)
        # Without a lease the same messages would come again.
        more = arrived == wanted and lease_s > 0
        while more and len(deliveries) < max_messages:
            sizes = _split(max_messages - len(deliveries))
            answers = await asyncio.gather(
                *(self._request(queue, size, lease_s, 0) for size in sizes), return_exceptions=True
            )
            for size, answer in zip(sizes, answers, strict=True):
                if isinstance(answer, BaseException):
                    # What was leased already is worth more than the complaint, which the next receive will hear.
                    more = False
                else:
                    more = more and answer[0] == size
                    deliveries += answer[1]
        # Requests side by side may bring the same message: the newest receipt is the one that counts.
        return [one for one in deliveries if not self._leases.is_spent(read_receipt(one.queue, one.receipt)[0])]

    async def _fetch_in_order(self, queue: SqsQueue, max_messages: int, lease_s: int, poll_s: int) -> list[Delivery]:
        """One message for each request: SQS gives several of one group to the same request, the contract one."""
        deliveries: list[Delivery] = []
        while len(deliveries) < min(max_messages, RECEIVE_MESSAGES_MAX):
            try:
                arrived, some = await self._request(queue, 1, lease_s, 0 if deliveries else poll_s)
            except WipsieError:
                if not deliveries:
                    raise
                break
            deliveries += some
            if not arrived or not lease_s:
                break
        return deliveries

    async def _request(self, queue: SqsQueue, wanted: int, lease_s: int, poll_s: int) -> tuple[int, list[Delivery]]:
        """(how many messages came, those that may be handed out)."""
        messages = await self._connection.receive(
            queue=queue.name,
            wait_s=poll_s,
            QueueUrl=queue.url,
            MaxNumberOfMessages=wanted,
            VisibilityTimeout=lease_s,
        )
        opened = await asyncio.gather(*(self._open(read_message(raw), queue, lease_s) for raw in messages))
        return len(messages), [delivery for delivery in opened if delivery is not None]

    async def _open(self, message: SqsMessage, queue: SqsQueue, lease_s: int) -> Delivery | None:
        now_ms = self._clock.now_ms()
        parcel = identify(message, queue.name, self._directory)
        envelope = parcel.envelope
        system = message.attributes
        if envelope.dead_letter is None and envelope.not_before_ms is not None and envelope.not_before_ms > now_ms:
            await self._send_on(message, parcel, queue, (envelope.not_before_ms - now_ms) / 1000)
            return None
        if envelope.large_body is None:
            body = decode_body(parcel.body, envelope.encoding)
        elif (fetched := await self._fetch_body(envelope.large_body, queue.name)) is not None:
            body = decode_body(fetched, envelope.encoding)
        else:
            return None
        receive_count = int(system.get("ApproximateReceiveCount", 1)) + envelope.earlier_receives
        handle = message.receipt_handle
        due_ms = self._leases.deliver(
            Held(
                queue=queue.name,
                sqs_id=message.message_id,
                handle=handle,
                parcel=parcel,
                receive_count=receive_count,
                visible_at_ms=now_ms + lease_s * 1000,
            )
        )
        if receive_count == 1:
            due_ms = envelope.not_before_ms or int(system.get("SentTimestamp", now_ms)) + envelope.delay_ms
        return Delivery(
            queue=queue.name,
            message_id=envelope.message_id,
            receipt=write_receipt(queue.name, handle, envelope.large_body),
            body=body,
            # A copy: what the handler does to it must not show in a dead letter.
            attributes=dict(parcel.attributes),
            priority=envelope.priority,
            sequence_number=envelope.sequence_number,
            sent_at_ms=envelope.accepted_at_ms,
            # Of a message that another process had, nobody tells since when it waits.
            waiting_since_ms=now_ms if due_ms is None else min(due_ms, now_ms),
            received_at_ms=now_ms,
            lease_until_ms=now_ms + lease_s * 1000,
            receive_count=receive_count,
            # The server's stamp, except for the delivery that made it: that one knows the time by our own clock.
            first_received_at_ms=now_ms
            if receive_count == 1
            else int(system.get("ApproximateFirstReceiveTimestamp", now_ms)),
            group_id=parcel.group_id,
            deduplication_id=envelope.deduplication_id,
            redrive_count=envelope.redrive_count,
            dead_letter=envelope.dead_letter,
        )

    async def _send_on(self, message: SqsMessage, parcel: Parcel, queue: SqsQueue, remaining_s: float) -> None:
        """Too early: put a copy behind, then remove this one. A crash in between leaves both, with one message id. The copy
        starts with no receives, so waiting never counts as failing."""
        delay_s = min(remaining_s, DELAY_S_MAX)
        try:
            await self._sender.post(parcel, queue, deduplication_id=None, delay_s=delay_s)
            await self._lanes.of(queue).delete.call(message.receipt_handle)
        except WipsieError as error:
            _log.warning("delayed_message_not_sent_on", queue=queue.name, error=str(error))

    async def _fetch_body(self, key: str, queue: QueueName) -> str | None:
        """None when it cannot be had: the message stays leased, comes back, and in the end its receive limit stops it. It
        is never delivered without its body."""
        reason = "no object store is configured: set BLOB_URL"
        if self._large_bodies is not None:
            try:
                content = await self._large_bodies.get(key)
                if content is not None:
                    return content.decode()
                reason = "there is nothing under its key"
            except (WipsieError, UnicodeDecodeError) as error:
                reason = str(error)
        _log.error("large_body_not_found", queue=queue, key=key, reason=reason)
        return None


def _split(count: int) -> list[int]:
    """Shares of one round of requests."""
    sizes: list[int] = []
    while count > 0 and len(sizes) < REQUESTS_PARALLEL:
        sizes.append(min(count, RECEIVE_MESSAGES_MAX))
        count -= sizes[-1]
    return sizes
