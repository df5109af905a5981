"""Look into queues without changing them: counts and peek."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wipsie.kernel import json
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit import refusals
from wipsie.queue.backend_kit.extras import Extras
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backends.redis.layout import (
    SEQUENCE_DIGITS,
    KnownQueue,
    read_dead_letter,
    read_lease_record,
    split_message,
)
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import MessageState, Priority, QueueCounts, StoredMessage

STEP = 200
"""Most messages one script call shows."""
_GONE = -1


class Onlooker:
    """Answers `counts` and `peek`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self.counts: Lane[QueueName, QueueCounts] = Lane(self._count, name="counts", waits_for="Redis", calls_max=200)

    async def _count(self, names: list[QueueName]) -> Sequence[QueueCounts | BaseException]:
        results: dict[QueueName, QueueCounts] = {}
        wanted = set(names)
        # Twice, because a queue may have been deleted and created anew since we looked it up.
        for _ in range(2):
            known = await self._store.queues(wanted - set(results))
            queues = list(known.values())
            if not queues:
                break
            now_ms = self._store.time.now_ms()
            answers = await self._store.run(
                self._store.link, self._store.scripts.counts, [queue.queue_id for queue in queues], now_ms=now_ms
            )
            for queue, answer in zip(queues, answers, strict=True):
                if answer == _GONE:
                    self._store.forget(queue.name)
                else:
                    results[queue.name] = _counts(queue.name, answer, now_ms)
        return [results.get(name) or refusals.queue_not_found(name) for name in names]

    async def peek(
        self,
        name: QueueName,
        *,
        limit: int,
        after_sequence_number: int,
        state: MessageState | None,
        message_id: MessageId | None,
    ) -> list[StoredMessage]:
        """Messages in order of acceptance. QueueNotFound, StorageUnavailable."""
        queue = await self._store.queue(name)
        # Heads begin with the message id.
        begins = b"" if message_id is None else json.encode([message_id])[:-1]
        found: list[StoredMessage] = []
        after = after_sequence_number
        while after >= 0 and len(found) < limit:
            answer = await self._store.ask(
                self._store.scripts.peek,
                queue.queue_id,
                after,
                min(limit - len(found), STEP),
                "" if state is None else state.value,
                begins,
            )
            if answer == _GONE:
                queue = await self._again(queue)
                continue
            after, messages = answer
            found += [_stored(name, messages[place : place + 6]) for place in range(0, len(messages), 6)]
        return found

    async def _again(self, queue: KnownQueue) -> KnownQueue:
        """The queue that has the name of one that is gone. QueueNotFound."""
        self._store.forget(queue.name)
        return await self._store.queue(queue.name)


def _counts(name: QueueName, answer: Sequence[int], now_ms: int) -> QueueCounts:
    ready, delayed, leased, blocked, oldest_ms, paused = answer
    return QueueCounts(
        queue=name,
        ready=ready,
        delayed=delayed,
        leased=leased,
        blocked=blocked,
        oldest_ready_age_s=None if oldest_ms < 0 else max(0, now_ms - oldest_ms) / 1000,
        paused=bool(paused),
    )


def _stored(queue: QueueName, row: Sequence[Any]) -> StoredMessage:
    member, value, death, state, visible_at, record = row
    head, body = split_message(value)
    lease = read_lease_record(record)
    extras = head.extras or Extras()
    return StoredMessage(
        queue=queue,
        message_id=head.message_id,
        body=body,
        attributes=extras.attributes,
        priority=Priority(int(member[SEQUENCE_DIGITS : SEQUENCE_DIGITS + 1])),
        state=MessageState(state.decode()),
        sequence_number=int(member[:SEQUENCE_DIGITS]),
        sent_at_ms=head.sent_at_ms,
        visible_at_ms=int(visible_at),
        receive_count=lease.receive_count,
        first_received_at_ms=lease.first_received_at_ms,
        group_id=head.group_id,
        deduplication_id=extras.deduplication_id,
        redrive_count=extras.redrive_count,
        dead_letter=read_dead_letter(death) if death else None,
        origin=extras.origin,
    )
