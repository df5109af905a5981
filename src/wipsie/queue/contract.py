"""What every queue backend can do, in the words of Amazon SQS users.

The contract is batch-first: `send`, `delete`, `change_visibility` and `dead_letter` take many items, possibly of many
queues, and answer one outcome per item in the same order; an outcome that is a `WipsieError` is that item's refusal and
says nothing about its neighbours. A call raises only when nothing at all happened (`StorageUnavailable`).

Life of a message::

                 send                      receive                    delete
      (nothing) ─────► delayed ─► ready ─────────────► leased ──────────────────► (gone)
                        delay ends  ▲ ▲                  │ │
                                    │ └── lease ends ────┘ │ dead_letter, or received more than
                     blocked ───────┘     or returned      │ max_receive_count times
                     key becomes free                      ▼
                                                 ready in the dead-letter queue ── redrive ─► ready in its origin

A message is `blocked` while its key (a FIFO group, or a key with limited concurrency) is busy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any, Protocol

import msgspec

from wipsie.kernel import limits
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt


class Priority(IntEnum):
    """Order between waiting messages; the number is the stored one."""

    HIGH = 0
    MEDIUM = 1
    LOW = 2


class MessageState(StrEnum):
    """Where a message is; the words `counts` and `peek` speak."""

    READY = "ready"
    DELAYED = "delayed"
    LEASED = "leased"
    BLOCKED = "blocked"


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a queue remembers about itself. Two queues are the same when all fields are equal."""

    name: QueueName
    visibility_timeout_s: float = 30.0
    retention_s: int = 14 * 24 * 3600
    """A message that stayed ready this long, wanted by nobody, is dropped. Delayed and leased ones are not: a delay may be
    longer than the retention."""
    delay_s: float = 0.0
    dead_letter_queue: QueueName | None = None
    """Where messages go that failed for good; without one they stay and are delivered again."""
    max_receive_count: int = 8
    """A message received this often without being acknowledged is dead-lettered instead of delivered again. It stops a
    message that kills its worker; ordinary failures are counted by the worker's retry policy, which is shorter."""
    fifo: bool = False
    """Messages of one `group_id` are delivered in order, one at a time; every message needs a group."""
    content_based_deduplication: bool = False
    """Without a deduplication id, the SHA-256 of the body is taken for one."""
    deduplication_by_group: bool = False
    """FIFO queues: ids count within their group only; the same id in two groups is two messages."""
    deduplication_window_s: float = 300.0
    key_concurrency: int | None = None
    """Standard queues: at most this many messages of one `group_id` are delivered at the same time."""
    aging_s: float = 60.0
    """Head start of one priority level: a medium message that waited this much longer than a high one goes first."""
    max_messages: int | None = None
    """A queue that holds this many refuses more with QUEUE_FULL."""
    message_bytes_max: int = limits.MESSAGE_BYTES_MAX
    paused: bool = False
    """Accepts messages, delivers none."""
    tags: dict[str, str] = {}
    protocol_attributes: dict[str, str] = {}
    """What a protocol keeps with the queue for its clients, word for word. The engine does not look at it."""


TRACE_HEADER = "AWS.TraceHeader"
"""The attribute that holds the trace header of a message. It is none of the sender's own: it counts neither in size nor in
number, and no sender can choose a name that begins so."""


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """A typed note beside the body. `data_type` is String, Number or Binary, optionally with a ``.label``; `value` is
    text, for Binary the base64 text."""

    value: str
    data_type: str = "String"


class NewMessage(msgspec.Struct, kw_only=True):
    """A message on its way in. `body` is text; the queue never looks into it."""

    queue: QueueName
    body: str
    message_id: MessageId
    attributes: dict[str, Attribute] | None = None
    priority: Priority = Priority.MEDIUM
    delay_s: float | None = None
    """None takes the queue's delay."""
    group_id: str | None = None
    deduplication_id: str | None = None
    deduplication_window_s: float | None = None
    """None takes the queue's window."""
    fingerprint: str | None = None
    """With a deduplication id: what the first send said; a repeat with another fingerprint is IDEMPOTENCY_KEY_REUSED."""
    origin: QueueName | None = None
    """For messages written straight into a dead-letter queue: where a redrive sends them."""


class SendResult(msgspec.Struct, frozen=True):
    """An accepted message: it is on disk. For a duplicate, id and time are those of the first send."""

    message_id: MessageId
    sequence_number: int
    """Grows within a queue, in the order of acceptance."""
    sent_at_ms: int
    duplicate: bool = False


class AttemptRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One failed try of a handler."""

    attempt: int
    started_at_ms: int
    finished_at_ms: int
    worker: str
    error: str


class DeadLetterCause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a message is in a dead-letter queue; kept with the message."""

    code: str
    """RETRIES_EXHAUSTED, REJECTED, RECEIVE_LIMIT, TIMED_OUT, UNREADABLE or EXPIRED_BREAKER…: stable, for grouping."""
    reason: str
    """One line, for example ``ValueError: no such column``."""
    traceback: str | None = None
    worker: str | None = None
    attempts: tuple[AttemptRecord, ...] = ()


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a message only dead letters have."""

    origin: QueueName
    dead_at_ms: int
    cause: DeadLetterCause


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands in a queue; what `peek` shows and a delivery extends."""

    queue: QueueName
    message_id: MessageId
    body: str
    attributes: Mapping[str, Attribute]
    priority: Priority
    state: MessageState
    sequence_number: int
    sent_at_ms: int
    visible_at_ms: int
    """Ready: since when it waits. Delayed: when it may be delivered. Leased: when the lease ends."""
    receive_count: int
    first_received_at_ms: int | None
    group_id: str | None = None
    deduplication_id: str | None = None
    redrive_count: int = 0
    dead_letter: DeadLetter | None = None
    origin: QueueName | None = None
    """As in `NewMessage`: of a message written straight into a dead-letter queue."""


class Delivery(msgspec.Struct, kw_only=True):
    """A leased message. Acknowledge with `delete([(queue, receipt)])` before `lease_until_ms`."""

    queue: QueueName
    message_id: MessageId
    receipt: Receipt
    body: str
    attributes: dict[str, Attribute]
    priority: Priority
    sequence_number: int
    sent_at_ms: int
    waiting_since_ms: int
    """When this message last became ready: receive time minus this is its wait."""
    received_at_ms: int
    lease_until_ms: int
    receive_count: int
    """1 on the first delivery."""
    first_received_at_ms: int
    group_id: str | None = None
    deduplication_id: str | None = None
    redrive_count: int = 0
    dead_letter: DeadLetter | None = None


class VisibilityChange(msgspec.Struct, frozen=True):
    """New end of a lease, counted from now; 0 returns the message at once."""

    queue: QueueName
    receipt: Receipt
    visibility_timeout_s: float
    release: bool = False
    """The holder is done with this delivery: its receipt is spent, and until the timeout the message counts as delayed,
    not as leased. `undo_receive` releases as well. (A timeout of 0 alone returns the message and leaves the receipt good
    until the next delivery, as Amazon SQS does.)"""
    undo_receive: bool = False
    """The delivery was never tried: take it back from the receive count (where `Capabilities.undo_receive`)."""


class DeadLetterOrder(msgspec.Struct, frozen=True):
    """Move one leased message to the dead-letter queue of its queue."""

    queue: QueueName
    receipt: Receipt
    cause: DeadLetterCause


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages a queue holds, by state, and how long the oldest ready one has waited."""

    queue: QueueName
    ready: int
    delayed: int
    leased: int
    blocked: int
    oldest_ready_age_s: float | None
    paused: bool = False

    @property
    def total(self) -> int:
        return self.ready + self.delayed + self.leased + self.blocked


class RedriveFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters to move; fields left None match all."""

    message_ids: frozenset[MessageId] | None = None
    cause_code: str | None = None
    reason_contains: str | None = None
    dead_before_ms: int | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend can do. What it cannot, it refuses with NOT_SUPPORTED; nothing is emulated in silence."""

    name: str
    durable: bool
    """An accepted message survives a kill of every process and a power cut."""
    caution: str | None = None
    """What an operator should know, and change if they can: why `durable` is False, for example. Known after the start."""
    peek: bool = True
    priority: bool = True
    """Messages are delivered by priority, then age. False: in no order; a priority is kept and arrives with the message, it
    only does not move it forward."""
    deduplication: bool = True
    fifo: bool = True
    fifo_deduplication: bool = True
    """FIFO queues recognise a repeat. Where `deduplication` is False the repeat is not stored, but its sender is answered as
    if it were, and a fingerprint or a window of its own is refused."""
    fifo_delay: bool = True
    """Messages of a FIFO queue may have delays of their own."""
    key_concurrency: bool = True
    undo_receive: bool = True
    atomic_dead_letter: bool = True
    """Dead-lettering and redrive are one step; otherwise a crash between send and delete leaves a copy."""
    moves_by_any_process: bool = True
    """Any process that has the receipt can dead-letter the message; otherwise only the one that received it."""
    fenced_receipts: bool = True
    """A stale or used receipt is refused, whoever holds it. False: among receipts of one process only; between processes
    the store's own rule holds, which may answer "done" and do nothing."""
    single_delivery: bool = True
    """Within its lease a message is delivered once. False: nearly always."""
    exact_counts: bool = True
    """Counts are right to the message, `max_messages` holds, and the age of the oldest message is known."""
    protocol_attributes: bool = True
    """Queues keep `protocol_attributes`."""
    deduplication_by_group: bool = True
    """Queues may recognise repeats by group."""
    settings_noticed_s: float = 0.0
    """Settings changed by one process, a pause among them, reach the others within this time."""
    delay_s_max: float = limits.DELAY_S_MAX
    message_bytes_max: int = limits.MESSAGE_BYTES_MAX


Outcome = WipsieError | None
"""None: done. An error: this item was refused."""


class QueueBackend(Protocol):
    """A place that keeps queues. Safe for concurrent calls from one event loop; other processes may use the same place."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def start(self) -> None:
        """Open or create the store. Raises StorageUnavailable or ConfigurationError."""
        ...

    async def stop(self) -> None:
        """Finish what was accepted, wake waiting receivers with nothing, close. Leases are left to their owners."""
        ...

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        """Create the queue, or return the existing one if all settings are equal; else QueueExists naming the field."""
        ...

    async def change_queue(self, settings: QueueSettings) -> None:
        """Replace the settings of an existing queue. `fifo` cannot change (InvalidInput). QueueNotFound."""
        ...

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        """Settings of one queue. QueueNotFound."""
        ...

    async def list_queues(self) -> list[QueueSettings]:
        """All queues by name."""
        ...

    async def delete_queue(self, queue: QueueName) -> None:
        """Remove the queue and every message in it. QueueNotFound."""
        ...

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        """Store messages; returns once they are durable. Refusals: QueueNotFound, QueueFull, MessageTooLarge,
        IdempotencyKeyReused, InvalidInput (FIFO without group), NotSupported."""
        ...

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        """Lease up to `max_messages`. With none ready, wait up to `wait_s` and wake on send, delay end and lease end.
        A cancelled call leaves no lease behind. Order: priority with aging, then age; FIFO groups in order. QueueNotFound."""
        ...

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        """Acknowledge. A receipt whose lease ended still counts until the message is delivered again; after that
        ReceiptExpired. Deleting twice answers ReceiptExpired the second time. InvalidReceipt for text that was never a receipt."""
        ...

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        """Move the end of leases. Same refusals as `delete`."""
        ...

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        """Move leased messages to the dead-letter queue of their queue, with the cause. Same refusals as `delete`;
        Conflict when the queue has no dead-letter queue."""
        ...

    async def counts(self, queue: QueueName) -> QueueCounts:
        """Counts by state, without scanning. QueueNotFound."""
        ...

    async def purge(self, queue: QueueName) -> int:
        """Remove every message sent before this call, leased ones too; returns how many. QueueNotFound."""
        ...

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int = 10,
        after_sequence_number: int = 0,
        state: MessageState | None = None,
        message_id: MessageId | None = None,
    ) -> list[StoredMessage]:
        """Look without consuming, in order of acceptance, from after `after_sequence_number` on. QueueNotFound."""
        ...

    async def redrive(
        self,
        queue: QueueName,
        *,
        destination: QueueName | None = None,
        matching: RedriveFilter | None = None,
        limit: int = 100,
        after_sequence_number: int = 0,
    ) -> RedriveStep:
        """Move up to `limit` waiting dead letters to `destination`, by default each to its origin. Messages keep their id
        and body, start with a receive count of 0 and carry `redrive_count` + 1. One step of `QueueEngine.redrive`."""
        ...


class RedriveStep(msgspec.Struct, frozen=True):
    """What one bounded redrive step did."""

    moved: int
    skipped: int
    """Looked at but not moved: no match, or leased."""
    next_sequence_number: int | None
    """Where the next step goes on; None when the queue was seen to its end."""


def first_difference(wanted: QueueSettings, existing: QueueSettings) -> tuple[str, Any, Any] | None:
    """The first setting in which two queues differ as (field, wanted, existing), or None."""
    for field in QueueSettings.__struct_fields__:
        left, right = getattr(wanted, field), getattr(existing, field)
        if left != right:
            return field, left, right
    return None
