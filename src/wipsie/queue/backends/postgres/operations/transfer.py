"""Moving house: messages taken in as they stood elsewhere, and given up without a receipt."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit.adoption import (
    NOTE_KEPT_S,
    adopted_at_ms,
    adopted_extras,
    another_mover,
    note_key,
    remembered,
)
from wipsie.queue.backend_kit.extras import write_extras
from wipsie.queue.backends.postgres.store import CHANGED_TRIES, Store, still_changing
from wipsie.queue.contract import StoredMessage

_ANOTHER_NOTE, _CHANGED = 2, 3


class HouseMover:
    """The backend's part in moves between stores; see `wipsie.queue.transfer.port`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def adopt(
        self, name: QueueName, messages: Sequence[StoredMessage], *, transfer: str, batch: str, previous: str | None
    ) -> None:
        """Append messages and note the batch in one step. QueueNotFound, Conflict, StorageUnavailable."""
        store = self._store
        for _ in range(CHANGED_TRIES):
            queue = await store.queue(name)
            now_ms = store.now_ms()
            keys = [remembered(queue.settings, message, now_ms) for message in messages]
            row = await store.row(
                "adopt",
                now_ms,
                queue.queue_id,
                queue.version,
                note_key(transfer),
                previous,
                batch,
                now_ms + NOTE_KEPT_S * 1000,
                [int(message.priority) for message in messages],
                [adopted_at_ms(message, now_ms) for message in messages],
                [message.receive_count for message in messages],
                [message.first_received_at_ms for message in messages],
                [message.sent_at_ms for message in messages],
                [message.message_id for message in messages],
                [message.group_id for message in messages],
                [write_extras(adopted_extras(message)) for message in messages],
                [message.body for message in messages],
                [None if key is None else key[0] for key in keys],
                [None if key is None else key[1] for key in keys],
            )
            if row[0] == _CHANGED:
                continue
            if row[0] == _ANOTHER_NOTE:
                raise another_mover(name)
            store.tell_rows(row[1], row[2], row[3])
            return
        raise still_changing()

    async def adopted(self, name: QueueName, transfer: str) -> str | None:
        """The batch noted last. QueueNotFound, StorageUnavailable."""
        queue = await self._store.queue(name)
        return await self._store.value("read_note", queue.queue_id, note_key(transfer))

    async def remove(self, name: QueueName, messages: Sequence[tuple[int, MessageId]]) -> int:
        """Remove messages by number and id; answers how many. QueueNotFound, StorageUnavailable."""
        queue = await self._store.queue(name)
        numbers, ids = [number for number, _ in messages], [message_id for _, message_id in messages]
        row = await self._store.row("give_up", self._store.now_ms(), queue.queue_id, numbers, ids)
        self._store.tell_rows(row[1], row[2], row[3])
        return row[0]
