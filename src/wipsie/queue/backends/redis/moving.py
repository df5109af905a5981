"""Moving house: messages taken in as they stood elsewhere, and given up without a receipt; see
`wipsie.queue.transfer.port`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wipsie.kernel import json
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit.adoption import (
    NOTE_KEPT_S,
    adopted_at_ms,
    adopted_extras,
    another_mover,
    note_key,
    remembered,
)
from wipsie.queue.backend_kit.extras import Extras
from wipsie.queue.backends.redis.layout import SEQUENCE_DIGITS, FirstSend, Head, join_message
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import QueueSettings, StoredMessage

_DONE_OR_DONE_BEFORE = (0, 1)
_ANOTHER_NOTE = 2
_GONE = -1
_CHANGED_TRIES = 10
_NO_LEASE = "-" * 16


class HouseMover:
    """The backend's part in moves between stores."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def adopt(
        self, name: QueueName, messages: Sequence[StoredMessage], *, transfer: str, batch: str, previous: str | None
    ) -> None:
        """Append messages and note the batch in one step. QueueNotFound, Conflict, StorageUnavailable."""
        store = self._store
        for _ in range(_CHANGED_TRIES):
            queue = await store.queue(name)
            now_ms = store.time.now_ms()
            arguments: list[Any] = [
                queue.queue_id,
                queue.version,
                note_key(transfer),
                previous or "",
                batch,
                now_ms + NOTE_KEPT_S * 1000,
            ]
            for message in messages:
                arguments += _written(message, queue.settings, now_ms)
            result = await store.change(store.scripts.adopt, *arguments)
            if result in _DONE_OR_DONE_BEFORE:
                return
            if result == _ANOTHER_NOTE:
                raise another_mover(name)
            store.forget(name)
        raise StorageUnavailable(
            f"The settings of '{name}' change all the time; nothing was moved. Try again.", retry_after_s=1
        )

    async def adopted(self, name: QueueName, transfer: str) -> str | None:
        """The batch noted last. QueueNotFound, StorageUnavailable."""
        store = self._store
        store.forget(name)
        queue = await store.queue(name)
        note: bytes | None = await store.ask(store.scripts.read_note, queue.queue_id, note_key(transfer))
        return None if note is None else note.decode()

    async def remove(self, name: QueueName, messages: Sequence[tuple[int, MessageId]]) -> int:
        """Remove messages by number and id; answers how many. QueueNotFound, StorageUnavailable."""
        store = self._store
        queue = await store.queue(name)
        pairs: list[Any] = []
        for number, message_id in messages:
            # Heads begin with the message id.
            pairs += (f"{number:0{SEQUENCE_DIGITS}d}", json.encode([message_id])[:-1])
        removed: int = await store.change(store.scripts.give_up, queue.queue_id, *pairs)
        if removed == _GONE:
            store.forget(name)
            await store.queue(name)
            return 0
        return removed


def _written(message: StoredMessage, settings: QueueSettings, now_ms: int) -> tuple[Any, ...]:
    """One message as `scripts/adopt.lua` takes it."""
    extras = adopted_extras(message)
    dead_letter, extras.dead_letter = extras.dead_letter, None
    head = Head(message.message_id, message.sent_at_ms, message.group_id, None if extras == Extras() else extras)
    first_ms = message.first_received_at_ms
    lease = "" if first_ms is None else f"{_NO_LEASE}:{message.receive_count}:{first_ms}"
    key = remembered(settings, message, now_ms)
    return (
        int(message.priority),
        join_message(json.encode(head), message.body.encode()),
        adopted_at_ms(message, now_ms),
        message.group_id or "",
        "" if dead_letter is None else json.encode(dead_letter),
        lease,
        "" if key is None else key[0],
        "" if key is None else key[1],
        message.sent_at_ms,
        json.encode(FirstSend(message.message_id)),
    )
