"""Where messages come from: by looking and removing, or, where a backend cannot, by receiving and acknowledging."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from wipsie.kernel.errors import Conflict
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.contract import Delivery, MessageState, QueueBackend, StoredMessage
from wipsie.queue.transfer.port import TransferPort

LEASE_S = 120.0
"""How long received messages are ours: far longer than a batch takes."""
_WAIT_S = 2.0
_EMPTY_LOOKS = 3
"""A store of many machines may answer an empty receive although it holds messages."""
_RECEIVE_MAX = 100


class Item(NamedTuple):
    """One message on its way. `key` names it in notes and journals, the same in every run."""

    key: str
    message: StoredMessage
    receipt: Receipt | None = None


class TransferSource(Protocol):
    """The side messages leave."""

    async def next_batch(self, queue: QueueName, limit: int) -> list[Item]:
        """The next messages in order; empty when there are no more."""
        ...

    async def remove(self, queue: QueueName, items: list[Item]) -> set[str]:
        """Take messages out for good; the keys of those that are gone now."""
        ...

    async def resume(self, queue: QueueName, arrived: set[str]) -> set[str]:
        """These arrived in a run that was interrupted: remove what can be removed at once, answer what may still turn up."""
        ...


class WholeBackend(QueueBackend, TransferPort, Protocol):
    """A backend with the transfer port."""


class LookingSource:
    """Looks at the front of the paused queue and removes what arrived: every state, delayed messages too."""

    def __init__(self, backend: WholeBackend) -> None:
        self._backend = backend

    async def next_batch(self, queue: QueueName, limit: int) -> list[Item]:
        messages = await self._backend.peek(queue, limit=limit)
        if any(one.state is MessageState.LEASED for one in messages):
            raise Conflict(
                f"Somebody resumed '{queue}' in the source and works on it; stop the workers there, then run the same "
                "command again.",
                details={"queue_name": queue},
            )
        return [Item(f"{one.sequence_number} {one.message_id}", one) for one in messages]

    async def remove(self, queue: QueueName, items: list[Item]) -> set[str]:
        await self._backend.remove(queue, [(one.message.sequence_number, one.message.message_id) for one in items])
        return {one.key for one in items}

    async def resume(self, queue: QueueName, arrived: set[str]) -> set[str]:
        pairs: list[tuple[int, MessageId]] = []
        for key in sorted(arrived):
            sequence, _, message_id = key.partition(" ")
            pairs.append((int(sequence), MessageId(message_id)))
        if pairs:
            await self._backend.remove(queue, pairs)
        return set()


class ReceivingSource:
    """Receives what is ready and acknowledges what arrived. Nobody else may receive meanwhile."""

    def __init__(self, backend: QueueBackend) -> None:
        self._backend = backend

    async def next_batch(self, queue: QueueName, limit: int) -> list[Item]:
        for _ in range(_EMPTY_LOOKS):
            deliveries = await self._backend.receive(
                queue, max_messages=min(limit, _RECEIVE_MAX), visibility_timeout_s=LEASE_S, wait_s=_WAIT_S
            )
            if deliveries:
                return [Item(one.message_id, _stored(one), one.receipt) for one in deliveries]
        return []

    async def remove(self, queue: QueueName, items: list[Item]) -> set[str]:
        receipts = [(queue, one.receipt) for one in items if one.receipt is not None]
        outcomes = await self._backend.delete(receipts)
        # What could not be acknowledged is delivered again, recognised by its key, and acknowledged then.
        return {one.key for one, outcome in zip(items, outcomes, strict=True) if outcome is None}

    async def resume(self, queue: QueueName, arrived: set[str]) -> set[str]:
        del queue
        return arrived


def _stored(delivery: Delivery) -> StoredMessage:
    """The message as it stood before this receive."""
    first_time = delivery.receive_count <= 1
    return StoredMessage(
        queue=delivery.queue,
        message_id=delivery.message_id,
        body=delivery.body,
        attributes=delivery.attributes,
        priority=delivery.priority,
        state=MessageState.READY,
        sequence_number=delivery.sequence_number,
        sent_at_ms=delivery.sent_at_ms,
        visible_at_ms=delivery.waiting_since_ms,
        receive_count=max(0, delivery.receive_count - 1),
        first_received_at_ms=None if first_time else delivery.first_received_at_ms,
        group_id=delivery.group_id,
        deduplication_id=delivery.deduplication_id,
        redrive_count=delivery.redrive_count,
        dead_letter=delivery.dead_letter,
    )
