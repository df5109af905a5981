"""The Redis backend: the contract's verbs over scripts that Redis runs as one step each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.backends.redis.connection import RedisAddress
from wipsie.queue.backends.redis.durability import DurabilityFinding, examine
from wipsie.queue.backends.redis.layout import LAYOUT_VERSION
from wipsie.queue.backends.redis.looking import Onlooker
from wipsie.queue.backends.redis.maintenance import Maintenance
from wipsie.queue.backends.redis.moving import HouseMover
from wipsie.queue.backends.redis.queues import Queues
from wipsie.queue.backends.redis.receiving import Claim, Receiver
from wipsie.queue.backends.redis.redriving import redrive
from wipsie.queue.backends.redis.sending import Sender
from wipsie.queue.backends.redis.settling import Settler
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.backends.redis.wakeups import Wakeups
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

_NAMESPACE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class RedisQueueBackend:
    """Queues in one namespace of a Redis or Valkey server, for any number of processes and machines."""

    def __init__(self, url: str, *, clock: Clock, namespace: str = "wipsie", follow_server_time: bool = True) -> None:
        """`url`: redis://, rediss:// or unix://. With `follow_server_time` all times are the server's, told by its clock;
        without, `clock` is the truth. ConfigurationError for a URL or namespace that cannot be used."""
        if not _NAMESPACE.fullmatch(namespace):
            raise ConfigurationError("A Redis namespace has 1 to 64 letters, digits and the signs _ . : -.")
        self._address = RedisAddress(url, clock)
        store = RedisStore(self._address, clock=clock, namespace=namespace, follow_server_time=follow_server_time)
        self._store = store
        self._queues = Queues(store)
        self._sender = Sender(store)
        self._settler = Settler(store)
        self._receiver = Receiver(store, self._settler)
        self._onlooker = Onlooker(store)
        self._house_mover = HouseMover(store)
        self._wakeups = Wakeups(store)
        self._maintenance = Maintenance(store)
        self._lanes = (
            self._sender.lane,
            # Before the lanes that take back what a cancelled receive leaves behind.
            self._receiver.lane,
            self._settler.deletes,
            self._settler.dead_letters,
            self._settler.changes,
            self._onlooker.counts,
            # Last: the others look queues up through it.
            store.calls,
        )
        self._links = (self._sender.link, self._receiver.link, self._settler.link, store.link)
        self._durability: DurabilityFinding | None = None
        self._capabilities = Capabilities(name="redis", durable=False)

    @property
    def capabilities(self) -> Capabilities:
        """`durable` is known after the start: it depends on how the server keeps its data."""
        return self._capabilities

    @property
    def durability(self) -> DurabilityFinding | None:
        """What the server said at the start about how it keeps its data."""
        return self._durability

    async def start(self) -> None:
        store = self._store
        try:
            await store.link.open()
            for lane in self._lanes:
                lane.start()
            await self._check_layout()
            await store.observe_time()
            self._durability = await examine(store.link)
        except BaseException:
            await self._close()
            raise
        self._capabilities = msgspec.structs.replace(
            self._capabilities,
            durable=self._durability.durable,
            caution=_together(self._durability.sentence, self._address.caution),
        )
        self._receiver.is_stopping = False
        self._wakeups.start()
        self._maintenance.start()

    async def stop(self) -> None:
        self._receiver.is_stopping = True
        self._store.waiters.wake_all()
        await self._maintenance.stop()
        await self._wakeups.stop()
        await self._close()

    async def _close(self) -> None:
        for lane in self._lanes:
            await lane.stop()
        await asyncio.gather(*(link.close() for link in self._links))

    async def _check_layout(self) -> None:
        """Refuse queues that another release wrote in another way."""
        key = f"{self._store.prefix}layout"
        version = await self._store.link.command("GET", key)
        if version is None:
            await self._store.link.command("SET", key, LAYOUT_VERSION, "NX")
        elif version.decode() != LAYOUT_VERSION:
            raise ConfigurationError(
                f"The queues in this Redis have layout {version.decode()[:20]}, this Wipsie reads {LAYOUT_VERSION}; use "
                "the Wipsie that wrote them, or another database."
            )

    # Queues

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        return await self._queues.create(settings)

    async def change_queue(self, settings: QueueSettings) -> None:
        await self._queues.change(settings)

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        return await self._queues.settings(queue)

    async def list_queues(self) -> list[QueueSettings]:
        return await self._queues.all()

    async def delete_queue(self, queue: QueueName) -> None:
        await self._queues.remove_messages(queue, and_queue=True)

    async def purge(self, queue: QueueName) -> int:
        return await self._queues.remove_messages(queue, and_queue=False)

    # Messages

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        return await self._sender.lane.call(messages)

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        return await self._receiver.receive(Claim(queue, max_messages, visibility_timeout_s), wait_s)

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        return await self._settler.deletes.call(receipts)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        return await self._settler.changes.call(changes)

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        return await self._settler.dead_letters.call(orders)

    async def counts(self, queue: QueueName) -> QueueCounts:
        return await self._onlooker.counts.call(queue)

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int = 10,
        after_sequence_number: int = 0,
        state: MessageState | None = None,
        message_id: MessageId | None = None,
    ) -> list[StoredMessage]:
        return await self._onlooker.peek(
            queue, limit=limit, after_sequence_number=after_sequence_number, state=state, message_id=message_id
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
        return await redrive(
            self._store,
            queue,
            destination=destination,
            matching=matching,
            limit=limit,
            after_sequence_number=after_sequence_number,
        )

    # Moving house, see `wipsie.queue.transfer.port`

    async def adopt(
        self, queue: QueueName, messages: Sequence[StoredMessage], *, transfer: str, batch: str, previous: str | None
    ) -> None:
        await self._house_mover.adopt(queue, messages, transfer=transfer, batch=batch, previous=previous)

    async def adopted(self, queue: QueueName, transfer: str) -> str | None:
        return await self._house_mover.adopted(queue, transfer)

    async def remove(self, queue: QueueName, messages: Sequence[tuple[int, MessageId]]) -> int:
        return await self._house_mover.remove(queue, messages)


def _together(*sentences: str | None) -> str | None:
    return " ".join(sentence for sentence in sentences if sentence) or None
