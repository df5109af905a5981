"""Queues themselves: create, change, list, delete, purge, count, peek."""

from __future__ import annotations

import msgspec

from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit.extras import read_extras
from wipsie.queue.backend_kit.refusals import fifo_is_fixed, queue_exists, queue_not_found
from wipsie.queue.backends.postgres.driver import Row, Session
from wipsie.queue.backends.postgres.known_queues import KnownQueue, key_slots
from wipsie.queue.backends.postgres.marks import DueMark
from wipsie.queue.backends.postgres.rows import NUMBER_MASK, PUBLIC_STATES, STORED_STATES, State
from wipsie.queue.backends.postgres.store import Store
from wipsie.queue.contract import (
    MessageState,
    Priority,
    QueueCounts,
    QueueSettings,
    StoredMessage,
)

PURGE_STEP = 5000
_EMPTYING_TRIES = 1000
_PROMOTING_TRIES = 1000

_settings_decoder = msgspec.json.Decoder(QueueSettings)


class QueueKeeper:
    """The rare verbs; each is a call of its own."""

    def __init__(self, store: Store, clock: Clock, *, is_real: bool) -> None:
        """`is_real`: the clock moves by itself."""
        self._store = store
        self._due = DueMark(clock, is_real=is_real)

    async def create(self, settings: QueueSettings) -> QueueSettings:
        """Create a queue, or find the same one there. QueueExists."""
        text: str = await self._store.value("create_queue", *_arguments(settings))
        await self._store.refresh([settings.name])
        existing = _settings_decoder.decode(text)
        refusal = queue_exists(settings, existing)
        if refusal is not None:
            raise refusal
        return existing

    async def change(self, settings: QueueSettings) -> None:
        """Replace the settings of a queue. QueueNotFound, InvalidInput."""
        before = self._store.queues.get(settings.name)
        row = await self._store.row("change_queue", self._store.now_ms(), *_arguments(settings))
        await self._store.refresh([settings.name])
        if row[0] == 1:
            raise queue_not_found(settings.name)
        if row[0] == 2:
            raise fifo_is_fixed()
        self._store.tell_rows(row[1], row[2], row[3])
        if not settings.paused and (before is None or before.settings.paused):
            # Whoever waits may find something now.
            self._store.tell({settings.name: _EVERYBODY}, {})

    async def all(self) -> list[QueueSettings]:
        """Settings of all queues by name."""
        text = f"SELECT settings FROM {self._store.schema}.queues ORDER BY name"  # noqa: S608  checked name

        async def read(session: Session) -> list[Row]:
            return await session.fetch(text)

        return [_settings_decoder.decode(row[0]) for row in await self._store.connections.run(read)]

    async def delete(self, name: QueueName) -> None:
        """Remove a queue and every message in it. QueueNotFound."""
        queue = await self._store.queue(name)
        for _ in range(_EMPTYING_TRIES):
            outcome: int = await self._store.value("drop_queue", queue.queue_id)
            if outcome == 2:
                await self._purge(queue)
                continue
            self._store.queues.forget(name)
            if outcome == 1:
                raise queue_not_found(name)
            return
        raise StorageUnavailable(
            f"The queue '{name}' is filled faster than it can be emptied; stop its senders and try again.",
            retry_after_s=5,
        )

    async def purge(self, name: QueueName) -> int:
        """Remove every message sent before this call; answers how many. QueueNotFound."""
        return await self._purge(await self._store.queue(name))

    async def _purge(self, queue: KnownQueue) -> int:
        text = f"SELECT last_value FROM {self._store.schema}.message_numbers"  # noqa: S608  checked name

        async def read(session: Session) -> int:
            return await session.fetchval(text)

        until = await self._store.connections.run(read)
        removed = PURGE_STEP
        total = 0
        while removed == PURGE_STEP:
            removed = await self._remove(queue, until)
            total += removed
        return total

    async def _remove(self, queue: KnownQueue, until: int) -> int:
        """One bounded step."""
        row = await self._store.row("remove", self._store.now_ms(), queue.queue_id, until, None, PURGE_STEP)
        self._store.tell_rows(row[1], row[2], row[3])
        return row[0]

    async def count(self, names: list[QueueName]) -> list[QueueCounts | BaseException]:
        """Counts by state of many queues at one moment, or the refusal: QueueNotFound."""
        for _ in range(_PROMOTING_TRIES):
            now_ms = self._store.now_ms()
            due_after = self._due.after()
            rows = await self._store.rows("count_queues", now_ms, due_after, names)
            complete = not rows[0]["more"]
            self._due.looked(due_after, now_ms, complete=complete, took_s=0.0)
            if complete:
                return [_counts(name, row, now_ms) for name, row in zip(names, rows, strict=True)]
            # A great many delays or leases ended at once.
        raise StorageUnavailable("Leases end faster than they can be counted; try again.", retry_after_s=1)

    async def peek(
        self,
        name: QueueName,
        *,
        limit: int,
        after: int,
        state: MessageState | None,
        message_id: MessageId | None,
    ) -> list[StoredMessage]:
        """Messages in order of acceptance. QueueNotFound."""
        queue = await self._store.queue(name)
        now_ms = self._store.now_ms()
        wanted = None if state is None else int(STORED_STATES[state])
        rows = await self._store.rows("peek", now_ms, queue.queue_id, after, limit, wanted, message_id)
        return [_stored(name, row, now_ms) for row in rows]


_EVERYBODY = 1_000_000


def _arguments(settings: QueueSettings) -> tuple[object, ...]:
    return (
        settings.name,
        json.encode_text(settings),
        settings.fifo,
        key_slots(settings),
        int(settings.aging_s * 1000),
        settings.retention_s * 1000,
    )


def _counts(name: QueueName, row: Row, now_ms: int) -> QueueCounts | BaseException:
    text, ready, delayed, leased, blocked, oldest, _ = row
    if text is None:
        return queue_not_found(name)
    return QueueCounts(
        queue=name,
        ready=ready,
        delayed=delayed,
        leased=leased,
        blocked=blocked,
        oldest_ready_age_s=None if oldest is None else max(0, now_ms - oldest) / 1000,
        paused=_settings_decoder.decode(text).paused,
    )


def _stored(name: QueueName, row: Row, now_ms: int) -> StoredMessage:
    (
        key,
        visible_at,
        sent_at,
        first_received_at,
        _,
        _,
        receive_count,
        state,
        priority,
        message_id,
        group_id,
        extras,
        body,
    ) = row
    more = read_extras(extras)
    if state in (State.DELAYED, State.LEASED) and visible_at <= now_ms:
        state = State.READY
    return StoredMessage(
        queue=name,
        message_id=MessageId(message_id),
        body=body,
        attributes=more.attributes,
        priority=Priority(priority),
        state=PUBLIC_STATES[state],
        sequence_number=key & NUMBER_MASK,
        sent_at_ms=sent_at,
        visible_at_ms=visible_at,
        receive_count=receive_count,
        first_received_at_ms=first_received_at,
        group_id=group_id,
        deduplication_id=more.deduplication_id,
        redrive_count=more.redrive_count,
        dead_letter=more.dead_letter,
        origin=more.origin,
    )
