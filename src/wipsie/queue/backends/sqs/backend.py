"""The Amazon SQS backend: the contract's verbs over batched requests, long polls and what SQS itself promises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, QueueNotFound, WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.backend_kit.refusals import not_running, not_supported
from wipsie.queue.backend_kit.waiters import Waiters
from wipsie.queue.backends.sqs.address import parse_address
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.directory import STALE_S, QueueDirectory
from wipsie.queue.backends.sqs.faults import AccessRefused
from wipsie.queue.backends.sqs.lanes import AllLanes
from wipsie.queue.backends.sqs.large_bodies import LargeBodies
from wipsie.queue.backends.sqs.leases import Leases
from wipsie.queue.backends.sqs.moving import HouseMover
from wipsie.queue.backends.sqs.opening import Opener, read_pushed
from wipsie.queue.backends.sqs.receiving import Receiver
from wipsie.queue.backends.sqs.redriving import Redriver
from wipsie.queue.backends.sqs.sending import Sender
from wipsie.queue.backends.sqs.settling import Settler
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
from wipsie.queue.pushed import PushedMessage

_COUNTS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
]


class SqsQueueBackend:
    """Queues of one account in one region, ``sqs://us-east-1``. Any number of processes may use them, foreign ones too.

    Options of the URL: `endpoint_url`, `poll_s`, `settings_s`, `message_bytes_max`, `prefix`; see `SqsAddress`.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        blobs: LargeBodies | None = None,
        session: object | None = None,
        adopted: Mapping[QueueName, str] | None = None,
    ) -> None:
        """`blobs` keeps bodies that do not fit; without it they are refused. `session`: an aiobotocore session with
        credentials of the caller's own. `adopted`: names and URLs of queues that belong to others: they are sent to and read,
        even with rights to nothing else, and never changed. ConfigurationError for another URL."""
        address = parse_address(url)
        self._waiters = Waiters(clock)
        self._leases = Leases()
        self.connection = SqsConnection(address, session)
        self._directory = QueueDirectory(
            self.connection,
            clock=clock,
            settings_s=address.settings_s,
            prefix=address.prefix,
            message_bytes_max=address.message_bytes_max,
            adopted=adopted,
        )
        self._lanes = AllLanes(self.connection, clock, self._directory.forget)
        self._sender = Sender(self._directory, self._lanes, clock=clock, large_bodies=blobs)
        self._settler = Settler(
            self._directory, self._lanes, self._leases, self._sender, clock=clock, large_bodies=blobs
        )
        self._opener = Opener(self._directory, self._lanes, self._leases, self._sender, clock=clock, large_bodies=blobs)
        self._receiver = Receiver(
            self.connection,
            self._directory,
            self._lanes,
            self._leases,
            self._opener,
            clock=clock,
            waiters=self._waiters,
            address=address,
        )
        self._house_mover = HouseMover(self._directory, self._sender, clock=clock)
        self._redriver = Redriver(
            self.connection, self._directory, self._lanes, self._leases, self._sender, clock=clock
        )
        self._running = False
        self._capabilities = Capabilities(
            name="sqs",
            durable=True,
            peek=False,
            priority=False,
            deduplication=False,
            fifo_deduplication=True,
            fifo_delay=False,
            key_concurrency=False,
            undo_receive=False,
            atomic_dead_letter=False,
            moves_by_any_process=False,
            fenced_receipts=False,
            single_delivery=False,
            exact_counts=False,
            protocol_attributes=False,
            deduplication_by_group=False,
            settings_noticed_s=address.settings_s,
            message_bytes_max=address.message_bytes_max,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def start(self) -> None:
        await self.connection.start()
        try:
            await self._directory.check_access()
        except (AccessRefused, QueueNotFound) as error:
            await self.connection.stop()
            raise ConfigurationError(error.message, details=error.details) from error
        except BaseException:
            await self.connection.stop()
            raise
        self._receiver.start()
        self._running = True

    async def stop(self) -> None:
        self._running = False
        await self._receiver.stop()
        await self._lanes.stop()
        await self._directory.wait_until_quiet()
        await self.connection.stop()

    def _check_running(self) -> None:
        if not self._running:
            raise not_running()

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        self._check_running()
        return await self._directory.create(settings)

    async def change_queue(self, settings: QueueSettings) -> None:
        self._check_running()
        await self._directory.change(settings)
        # A pause or its end concerns those who wait.
        self._waiters.wake_all()

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        self._check_running()
        return (await self._directory.find(queue, age_s_max=0.0)).settings

    async def list_queues(self) -> list[QueueSettings]:
        self._check_running()
        return await self._directory.list()

    async def delete_queue(self, queue: QueueName) -> None:
        self._check_running()
        known = self._directory.remembered(queue)
        await self._directory.delete(queue)
        self._leases.forget_queue(queue)
        if known is not None:
            await self._lanes.forget(known)

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        self._check_running()
        return await self._sender.send(messages)

    async def send_stored(self, messages: Sequence[StoredMessage]) -> list[Outcome]:
        """Moving house, see `wipsie.queue.transfer.port`."""
        self._check_running()
        return await self._house_mover.send_stored(messages)

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        self._check_running()
        return await self._receiver.receive(
            queue, max_messages=max_messages, visibility_timeout_s=visibility_timeout_s, wait_s=wait_s
        )

    async def take_pushed(self, queue: QueueName, message: PushedMessage) -> Delivery | None:
        """See `wipsie.queue.pushed`. What is left of the lease is not told: it is taken for a whole one."""
        self._check_running()
        found = await self._directory.find(queue, age_s_max=STALE_S)
        return await self._opener.open(read_pushed(message), found, math.ceil(found.settings.visibility_timeout_s))

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        self._check_running()
        return await self._settler.delete(receipts)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        self._check_running()
        return await self._settler.change_visibility(changes)

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        self._check_running()
        return await self._settler.dead_letter(orders)

    async def counts(self, queue: QueueName) -> QueueCounts:
        self._check_running()
        found = await self._directory.find(queue)
        try:
            answer = await self.connection.call(
                "get_queue_attributes", queue=queue, QueueUrl=found.url, AttributeNames=_COUNTS
            )
        except QueueNotFound:
            self._directory.forget(queue)
            raise
        ready, delayed, leased = (int(answer.get("Attributes", {}).get(name, 0)) for name in _COUNTS)
        return QueueCounts(
            queue=queue,
            ready=ready,
            delayed=delayed,
            leased=leased,
            blocked=0,
            # SQS tells the age of its oldest message to CloudWatch only.
            oldest_ready_age_s=None,
            paused=found.settings.paused,
        )

    async def purge(self, queue: QueueName) -> int:
        total = (await self.counts(queue)).total
        found = await self._directory.find(queue)
        await self.connection.call("purge_queue", queue=queue, QueueUrl=found.url)
        self._leases.forget_queue(queue)
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
        raise not_supported("sqs", "peek", "Amazon SQS shows a message only to those who receive it.")

    async def redrive(
        self,
        queue: QueueName,
        *,
        destination: QueueName | None = None,
        matching: RedriveFilter | None = None,
        limit: int = 100,
        after_sequence_number: int = 0,
    ) -> RedriveStep:
        self._check_running()
        return await self._redriver.step(
            queue, destination=destination, matching=matching, limit=limit, after=after_sequence_number
        )
