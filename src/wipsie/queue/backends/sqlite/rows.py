"""How messages and queues look inside the file: packed keys, receipts and states."""

from __future__ import annotations

import re
from enum import IntEnum

from wipsie.queue.backend_kit.refusals import receipt_invalid
from wipsie.queue.contract import MessageState, QueueSettings

SEQUENCE_BITS = 40
_RECEIPT = re.compile("[0-9a-f]{1,15}-[0-9a-f]{1,16}")
SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1


class State(IntEnum):
    """Stored form of `MessageState`."""

    READY = 0
    DELAYED = 1
    LEASED = 2
    BLOCKED = 3


PUBLIC_STATES = {
    State.READY: MessageState.READY,
    State.DELAYED: MessageState.DELAYED,
    State.LEASED: MessageState.LEASED,
    State.BLOCKED: MessageState.BLOCKED,
}
STORED_STATES = {public: stored for stored, public in PUBLIC_STATES.items()}


def pack_key(queue_id: int, sequence: int) -> int:
    """Primary key of a message."""
    return queue_id << SEQUENCE_BITS | sequence


def parse_receipt(receipt: str) -> tuple[int, int]:
    """(key, lease) of a receipt, which is both in hex with a dash between; InvalidReceipt for text that no delivery ever
    carried."""
    if _RECEIPT.fullmatch(receipt):
        key, _, lease = receipt.partition("-")
        return int(key, 16), int(lease, 16)
    raise receipt_invalid(receipt)


class QueueRow:
    """A queue during one transaction: its settings, its next sequence number and its counts."""

    __slots__ = ("became_ready", "counts", "dirty", "next_sequence", "queue_id", "settings", "takes_all")

    READY, DELAYED, LEASED, BLOCKED = 0, 3, 4, 5
    """Positions in `counts`; ready has one position per priority."""

    def __init__(self, queue_id: int, settings: QueueSettings, next_sequence: int, counts: list[int]) -> None:
        self.queue_id = queue_id
        self.settings = settings
        self.next_sequence = next_sequence
        self.counts = counts
        self.dirty = False
        self.became_ready = 0
        """Messages that became ready in this transaction."""
        self.takes_all = not (
            self.has_keys
            or settings.delay_s
            or settings.content_based_deduplication
            or settings.max_messages is not None
        )
        """A message that asks for nothing special is simply ready here: there is nothing to decide."""

    def count(self, state: int, priority: int, change: int) -> None:
        """Note that `change` messages entered (or left) a state."""
        self.counts[priority if state == State.READY else state + 2] += change
        self.dirty = True

    def take_key(self) -> int:
        """The next primary key of this queue."""
        key = self.queue_id << SEQUENCE_BITS | self.next_sequence
        self.next_sequence += 1
        self.dirty = True
        return key

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def has_keys(self) -> bool:
        """Messages of one group hold each other back in this queue."""
        return self.settings.fifo or self.settings.key_concurrency is not None

    @property
    def key_slots(self) -> int:
        """How many messages of one group may be active at once."""
        return 1 if self.settings.fifo else (self.settings.key_concurrency or 1)

    @property
    def key_range(self) -> tuple[int, int]:
        """First and last possible message key."""
        return pack_key(self.queue_id, 0), pack_key(self.queue_id, SEQUENCE_MASK)
