"""What this process holds of the messages it received, and which of its receipts are spent.

SQS gives a message only to those who receive it: who moves it to a dead-letter queue must still have it. And SQS, asked
with a receipt that is no longer current, mostly says "done" and does nothing; within one process we know better.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqs.parcel import Parcel

HELD_MAX = 20_000
HELD_BYTES_MAX = 64 * 1024 * 1024
"""Bodies that only we hold; those a handler holds too cost nothing twice."""
SPENT_MAX = 100_000


class Held(msgspec.Struct):
    """One delivery of this process."""

    queue: QueueName
    sqs_id: str
    handle: str
    parcel: Parcel
    receive_count: int
    visible_at_ms: int
    """When its lease ends, as far as this process moved it."""
    copied: bool = False
    """A copy was sent to where the message shall go; only its removal is left."""


class Leases:
    """Deliveries by receipt handle. Bounded: the oldest are forgotten first."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._newest: dict[tuple[QueueName, str], str] = {}
        self._bytes = 0
        # Hashes of handles, which are long; two alike among so few are not to be expected.
        self._spent: OrderedDict[int, None] = OrderedDict()
        self._settling: set[str] = set()
        self._due: OrderedDict[tuple[QueueName, str], int] = OrderedDict()

    def deliver(self, held: Held) -> int | None:
        """A new delivery: receipts of earlier ones of the same message are spent. Answers when the message became visible
        again, where this process knows."""
        self.supersede(held.queue, held.sqs_id)
        due_ms = self._due.pop((held.queue, held.sqs_id), None)
        self._held[held.handle] = held
        self._newest[held.queue, held.sqs_id] = held.handle
        self._bytes += len(held.parcel.body)
        while len(self._held) > HELD_MAX or (self._bytes > HELD_BYTES_MAX and len(self._held) > 1):
            self._drop(next(iter(self._held)))
        return due_ms

    def supersede(self, queue: QueueName, sqs_id: str) -> None:
        """The message was received again."""
        earlier = self._newest.get((queue, sqs_id))
        if earlier is not None:
            self._note_due(earlier)
            self.spend(earlier)

    def move(self, handle: str, visible_at_ms: int) -> None:
        """The lease ends at another time."""
        held = self._held.get(handle)
        if held is not None:
            held.visible_at_ms = visible_at_ms

    def release(self, handle: str, visible_at_ms: int) -> None:
        """The holder is done with the delivery; the message comes back at `visible_at_ms`."""
        self.move(handle, visible_at_ms)
        self._note_due(handle)
        self.spend(handle)

    def _note_due(self, handle: str) -> None:
        held = self._held.get(handle)
        if held is not None:
            self._due[held.queue, held.sqs_id] = held.visible_at_ms
            while len(self._due) > HELD_MAX:
                self._due.popitem(last=False)

    def find(self, handle: str) -> Held | None:
        """The delivery, while this process has it."""
        return self._held.get(handle)

    def is_spent(self, handle: str) -> bool:
        """Whether this process used the receipt up, or received the message again."""
        return hash(handle) in self._spent

    def spend(self, handle: str) -> None:
        """The receipt is good for nothing more."""
        self._drop(handle)
        self._spent[hash(handle)] = None
        while len(self._spent) > SPENT_MAX:
            self._spent.popitem(last=False)

    def reserve(self, handle: str) -> bool:
        """Begin to settle a delivery; False when somebody else is at it, or it is done."""
        if handle in self._settling or self.is_spent(handle):
            return False
        self._settling.add(handle)
        return True

    def unreserve(self, handle: str) -> None:
        """The settling ended, in whatever way."""
        self._settling.discard(handle)

    def forget_queue(self, queue: QueueName) -> None:
        """The queue was purged or deleted, with all that was leased."""
        for handle in [handle for handle, held in self._held.items() if held.queue == queue]:
            self.spend(handle)

    def _drop(self, handle: str) -> None:
        held = self._held.pop(handle, None)
        if held is not None:
            self._bytes -= len(held.parcel.body)
            if self._newest.get((held.queue, held.sqs_id)) == handle:
                del self._newest[held.queue, held.sqs_id]
