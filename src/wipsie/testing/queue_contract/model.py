"""The queue as a page of plain Python: what the state machine holds every backend against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.contract import Delivery, Priority, QueueSettings


@dataclass
class ModelMessage:
    """One message, with its times in milliseconds."""

    message_id: MessageId
    queue: QueueName
    order: int
    """Grows with every entry into a queue."""
    visible_at_ms: int
    priority: Priority = Priority.MEDIUM
    group_id: str | None = None
    receive_count: int | None = 0
    """None: not said by the contract (a dead letter's count before it is seen)."""
    receipt: Receipt | None = None
    leased: bool = False
    redrive_count: int = 0
    origin: QueueName | None = None

    def is_leased(self, now_ms: int) -> bool:
        return self.leased and self.visible_at_ms > now_ms

    def is_waiting(self, now_ms: int) -> bool:
        """Neither leased nor delayed: ready, or blocked by its key."""
        return self.visible_at_ms <= now_ms


@dataclass
class QueueModel:
    """All queues and messages; changed by the same calls as the backend, after it answered."""

    settings: dict[QueueName, QueueSettings]
    messages: dict[MessageId, ModelMessage] = field(default_factory=dict[MessageId, ModelMessage])
    keys: dict[tuple[QueueName, str], tuple[MessageId, int]] = field(
        default_factory=dict[tuple[QueueName, str], tuple[MessageId, int]]
    )
    """Deduplication: (first message id, when the window ends) by queue and key."""
    entries: int = 0

    def next_order(self) -> int:
        self.entries += 1
        return self.entries

    def of(self, queue: QueueName) -> list[ModelMessage]:
        """Messages of a queue in order of acceptance."""
        return sorted((one for one in self.messages.values() if one.queue == queue), key=lambda one: one.order)

    def counts(self, queue: QueueName, now_ms: int) -> tuple[int, int, int]:
        """(ready or blocked, delayed, leased)."""
        messages = self.of(queue)
        leased = sum(one.is_leased(now_ms) for one in messages)
        waiting = sum(one.is_waiting(now_ms) for one in messages)
        return waiting, len(messages) - waiting - leased, leased

    def rank(self, message: ModelMessage) -> int:
        """Smaller is more urgent: time of becoming ready plus one head start per level."""
        return message.visible_at_ms + message.priority * int(self.settings[message.queue].aging_s * 1000)

    def is_poison(self, message: ModelMessage) -> bool:
        settings = self.settings[message.queue]
        return (
            settings.dead_letter_queue is not None
            and message.receive_count is not None
            and message.receive_count >= settings.max_receive_count
        )

    def deliverable(self, queue: QueueName, now_ms: int) -> list[ModelMessage]:
        """What a receive may take next: of a FIFO group its first message, of a limited key any while places are free."""
        settings = self.settings[queue]
        messages = self.of(queue)
        if settings.paused:
            return []
        if settings.fifo:
            heads: dict[str | None, ModelMessage] = {}
            for one in messages:
                heads.setdefault(one.group_id, one)
            return [one for one in heads.values() if one.is_waiting(now_ms)]
        return [
            one
            for one in messages
            if one.is_waiting(now_ms)
            and (settings.key_concurrency is None or self.in_flight(one, messages, now_ms) < settings.key_concurrency)
        ]

    def in_flight(self, message: ModelMessage, messages: Iterable[ModelMessage], now_ms: int) -> int:
        """How many messages of the same key are leased; 0 for a message without a key."""
        if message.group_id is None:
            return 0
        return sum(one.group_id == message.group_id and one.is_leased(now_ms) for one in messages)

    def deliver(self, delivery: Delivery) -> None:
        message = self.messages[delivery.message_id]
        message.receipt = delivery.receipt
        message.leased = True
        message.visible_at_ms = delivery.lease_until_ms
        message.receive_count = delivery.receive_count

    def move(self, message: ModelMessage, queue: QueueName, now_ms: int) -> None:
        """Into another queue, as dead letter or back."""
        message.queue = queue
        message.order = self.next_order()
        message.visible_at_ms = now_ms
        message.leased = False
        message.receipt = None
