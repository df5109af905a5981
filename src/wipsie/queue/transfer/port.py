"""What a backend offers beside the contract so that messages can move house whole.

A backend without any of it can still be moved from and to, by the verbs of the contract, and what that loses is told
beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.contract import Outcome, StoredMessage


@runtime_checkable
class TransferPort(Protocol):
    """Take messages in and give them up as they stand, with all the queue knows about them.

    `adopt` and `adopted` are used at the destination, `remove` at the source. A crash between the two leaves a batch in both
    stores; what `adopted` answers tells which batch that is.
    """

    async def adopt(
        self, queue: QueueName, messages: Sequence[StoredMessage], *, transfer: str, batch: str, previous: str | None
    ) -> None:
        """Append messages to `queue` in this order and note `batch` under the name `transfer`, in one durable step.

        Kept: id, body, attributes, priority, group, deduplication id, times of sending and of first receive, receive and
        redrive counts, the dead-letter part, and `visible_at_ms`: delays end when they would have ended, what waited keeps
        its age. New: the sequence number; `blocked` or `ready` is decided by the keys of this queue, and a message given as
        leased enters as ready. A deduplication id, or the digest of the body where the queue asks for it, is remembered for
        what is left of the queue's window since the message was sent, unless this queue knows that id already; dead letters
        are not remembered. Limits of intake (`max_messages`, `message_bytes_max`) do not apply: these messages were
        accepted before.

        `previous` is what was noted before, None when nothing was. When `batch` itself stands there, it was done before and
        nothing happens; when any other text stands there, somebody else moves the same queue: Conflict. QueueNotFound,
        StorageUnavailable; after the latter it may have happened, ask `adopted`.
        """
        ...

    async def adopted(self, queue: QueueName, transfer: str) -> str | None:
        """The batch noted last under this name, for at least a year. QueueNotFound."""
        ...

    async def remove(self, queue: QueueName, messages: Sequence[tuple[int, MessageId]]) -> int:
        """Remove messages by sequence number and id, in whatever state; a pair of which one does not fit is passed over.
        Returns how many were removed. Their receipts are expired from then on. QueueNotFound."""
        ...


@runtime_checkable
class HistorySender(Protocol):
    """A destination that keeps all that is known of a message, but cannot note a batch in one step with it."""

    async def send_stored(self, messages: Sequence[StoredMessage]) -> list[Outcome]:
        """Send messages as they stood, as far as the store has a place for it; one outcome each. Messages of a FIFO group
        keep their order, and what follows a refused one is refused. QueueNotFound, StorageUnavailable."""
        ...
