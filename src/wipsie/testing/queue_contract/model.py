"""The queue as a page of plain Python: what the state machines hold every backend against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wipsie.kernel.errors import ReceiptExpired
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.contract import Delivery, NewMessage, Outcome, Priority, QueueSettings, VisibilityChange

_RECEIPTS_TRIED = 8


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
    handed_out: list[tuple[QueueName, Receipt, MessageId]] = field(
        default_factory=list[tuple[QueueName, Receipt, MessageId]]
    )
    """The receipt of every delivery, oldest first."""
    entries: int = 0

    # What the model says

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

    def holder(self, queue: QueueName, receipt: Receipt, message_id: MessageId) -> ModelMessage | None:
        """The message this receipt is current for; None when it is stale."""
        message = self.messages.get(message_id)
        return message if message is not None and message.queue == queue and message.receipt == receipt else None

    def newest_receipts(self) -> list[tuple[QueueName, Receipt, ModelMessage | None]]:
        """Receipts to try, each with the message it is current for. Stale ones come up often enough, current ones must
        too: so only the newest."""
        newest = reversed(self.handed_out[-_RECEIPTS_TRIED:])
        return [(queue, receipt, self.holder(queue, receipt, message_id)) for queue, receipt, message_id in newest]

    def forget_stale_receipts(self) -> None:
        """Try none of them any more."""
        self.handed_out = [one for one in self.handed_out if self.holder(*one) is not None]

    def check(self, delivery: Delivery) -> None:
        """What holds of every delivery, however its store keeps time."""
        message = self.messages[delivery.message_id]
        assert message.queue == delivery.queue
        assert all(delivery.receipt != receipt for _, receipt, _ in self.handed_out), "a receipt was used twice"
        if message.receive_count is not None:
            assert delivery.receive_count == message.receive_count + 1
        assert delivery.redrive_count == message.redrive_count
        assert delivery.priority == message.priority
        assert delivery.group_id == message.group_id
        assert (delivery.dead_letter is not None) == (message.origin is not None)

    # What calls change

    def accept(self, message: NewMessage, now_ms: int) -> None:
        """It was sent."""
        self.messages[message.message_id] = ModelMessage(
            message_id=message.message_id,
            queue=message.queue,
            order=self.next_order(),
            visible_at_ms=now_ms + int((message.delay_s or 0.0) * 1000),
            priority=message.priority,
            group_id=message.group_id,
        )

    def deliver(self, delivery: Delivery) -> None:
        """It was received."""
        message = self.messages[delivery.message_id]
        message.receipt = delivery.receipt
        message.leased = True
        message.visible_at_ms = delivery.lease_until_ms
        message.receive_count = delivery.receive_count
        self.handed_out.append((delivery.queue, delivery.receipt, delivery.message_id))

    def change_visibility(self, message: ModelMessage, change: VisibilityChange, now_ms: int) -> None:
        """Its lease was extended, or ended for a delay."""
        if change.undo_receive and message.receive_count:
            message.receive_count -= 1
        released = change.release or change.undo_receive
        if released:
            message.receipt = None
        message.visible_at_ms = now_ms + int(change.visibility_timeout_s * 1000)
        message.leased = change.visibility_timeout_s > 0 and not released

    def die(self, message: ModelMessage, now_ms: int) -> None:
        """It went to the dead-letter queue."""
        origin = message.queue
        dead_letter_queue = self.settings[origin].dead_letter_queue
        assert dead_letter_queue is not None
        self._move(message, dead_letter_queue, now_ms)
        message.origin = origin
        message.receive_count = None

    def redrive(self, message: ModelMessage, now_ms: int) -> None:
        """It came back from there."""
        assert message.origin is not None
        self._move(message, message.origin, now_ms)
        message.origin = None
        message.receive_count = 0
        message.redrive_count += 1

    def purge(self, queue: QueueName) -> None:
        """Everything in the queue was removed."""
        for one in self.of(queue):
            del self.messages[one.message_id]

    def _move(self, message: ModelMessage, queue: QueueName, now_ms: int) -> None:
        message.queue = queue
        message.order = self.next_order()
        message.visible_at_ms = now_ms
        message.leased = False
        message.receipt = None


def agreed(outcome: Outcome, held: ModelMessage | None) -> ModelMessage | None:
    """The message a call by receipt was done to, None when the receipt was stale: `held` is what the model says of it.
    Fails when a current receipt was refused or a stale one taken."""
    if held is None:
        assert isinstance(outcome, ReceiptExpired), f"a stale receipt was answered with {outcome!r}"
    else:
        assert outcome is None, f"a current receipt was refused: {outcome!r}"
    return held
