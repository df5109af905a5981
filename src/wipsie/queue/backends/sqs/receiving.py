"""Receive: long polls that belong to the backend, so that a caller who goes away leaves no lease behind.

An HTTP request that is cut off may have leased messages that nobody will ever see. So a poll runs to its end whatever
becomes of its caller; what it brings for nobody is given back at once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import QueueNotFound, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.waiters import Waiters
from wipsie.queue.backends.sqs.address import SqsAddress
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.directory import QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.lanes import AllLanes, HandleChange
from wipsie.queue.backends.sqs.leases import Leases
from wipsie.queue.backends.sqs.opening import Opener, read_message
from wipsie.queue.backends.sqs.receipts import read_receipt
from wipsie.queue.backends.sqs.sqs_limits import RECEIVE_MESSAGES_MAX
from wipsie.queue.contract import Delivery
from wipsie.telemetry.logging import get_logger

REQUESTS_PARALLEL = 10
"""Requests of one receive that asks for more than ten messages."""
_SHORT_PAUSE_S = 0.25
"""Between short polls in the last second of a wait: SQS counts waits in whole seconds."""

_log = get_logger(__name__)


class Receiver:
    """All receives of one backend."""

    def __init__(
        self,
        connection: SqsConnection,
        directory: QueueDirectory,
        lanes: AllLanes,
        leases: Leases,
        opener: Opener,
        *,
        clock: Clock,
        waiters: Waiters,
        address: SqsAddress,
    ) -> None:
        self._connection = connection
        self._directory = directory
        self._lanes = lanes
        self._leases = leases
        self._opener = opener
        self._clock = clock
        self._waiters = waiters
        self._address = address
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
        opened = await asyncio.gather(*(self._opener.open(read_message(raw), queue, lease_s) for raw in messages))
        return len(messages), [delivery for delivery in opened if delivery is not None]


def _split(count: int) -> list[int]:
    """Shares of one round of requests."""
    sizes: list[int] = []
    while count > 0 and len(sizes) < REQUESTS_PARALLEL:
        sizes.append(min(count, RECEIVE_MESSAGES_MAX))
        count -= sizes[-1]
    return sizes
