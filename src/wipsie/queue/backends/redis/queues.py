"""Queues themselves: create, change, list, empty, remove."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit import refusals
from wipsie.queue.backends.redis.layout import key_slots, queue_fields
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import QueueSettings

_GONE, _OTHER_KIND, _LOOK_AT_BLOCKED = -1, -2, 1
_settings_decoder = msgspec.json.Decoder(QueueSettings)


class Queues:
    """The verbs about queues."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def create(self, settings: QueueSettings) -> QueueSettings:
        """Create a queue, or find the same one there. QueueExists, StorageUnavailable."""
        store = self._store
        found = await store.ask(store.scripts.create_queue, settings.name, *queue_fields(settings))
        store.forget(settings.name)
        if found is None:
            return settings
        existing = _settings_decoder.decode(found)
        refusal = refusals.queue_exists(settings, existing)
        if refusal is not None:
            raise refusal
        return existing

    async def change(self, settings: QueueSettings) -> None:
        """Replace the settings of a queue. QueueNotFound, InvalidInput, StorageUnavailable."""
        store = self._store
        arguments: list[Any] = [
            settings.name,
            int(settings.fifo),
            key_slots(settings),
            int(settings.paused),
            *queue_fields(settings),
        ]
        result = await store.change(store.scripts.change_queue, *arguments)
        store.forget(settings.name)
        if result == _GONE:
            raise refusals.queue_not_found(settings.name)
        if result == _OTHER_KIND:
            raise refusals.fifo_is_fixed()
        if result == _LOOK_AT_BLOCKED:
            await self._release_blocked(settings.name)

    async def _release_blocked(self, name: QueueName) -> None:
        store = self._store
        queue_id = (await store.queue(name)).queue_id
        after: Any = b""
        while after is not None:
            after = await store.change(store.scripts.release_blocked, queue_id, after)

    async def settings(self, name: QueueName) -> QueueSettings:
        """Settings of one queue as they are now. QueueNotFound, StorageUnavailable."""
        await self._store.refresh([name])
        return (await self._store.queue(name)).settings

    async def all(self) -> list[QueueSettings]:
        """All queues by name. StorageUnavailable."""
        found = await self._store.ask(self._store.scripts.list_queues)
        queues = [_settings_decoder.decode(text) for text in found]
        return sorted(queues, key=lambda settings: settings.name)

    async def remove_messages(self, name: QueueName, *, and_queue: bool) -> int:
        """Remove all messages, and the queue when asked to; how many there were. QueueNotFound, StorageUnavailable."""
        store = self._store
        # Looked up anew: the queue of this name may be another one than we knew.
        await store.refresh([name])
        queue = await store.queue(name)
        removed = await store.ask(store.scripts.remove_messages, queue.queue_id, int(and_queue))
        if and_queue or removed == _GONE:
            store.forget(name)
        if removed == _GONE:
            raise refusals.queue_not_found(name)
        return removed
