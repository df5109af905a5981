"""Queues themselves: create, change, list, delete, purge, count."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel import json
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.refusals import fifo_is_fixed, queue_exists
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.rows import QueueRow, State, pack_key
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import Priority, QueueCounts, QueueSettings

PURGE_STEP = 5000


class CreateQueue(Operation):
    """Create a queue, or find the same one there."""

    __slots__ = ("settings",)

    ORDER = 1

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings

    def run(self, transaction: Transaction) -> QueueSettings:
        existing = transaction.find_queue(self.settings.name)
        if existing is None:
            transaction.run(
                """INSERT INTO queues (name, settings, settings_version, next_sequence, ready_high, ready_medium,
                     ready_low, delayed, leased, blocked) VALUES (?, ?, 1, 1, 0, 0, 0, 0, 0, 0)""",
                self.settings.name,
                json.encode_text(self.settings),
            )
            return self.settings
        if (refusal := queue_exists(self.settings, existing.settings)) is not None:
            raise refusal
        return existing.settings


class ChangeQueue(Operation):
    """Replace the settings of a queue."""

    __slots__ = ("settings",)

    ORDER = 2

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings

    def run(self, transaction: Transaction) -> None:
        queue = transaction.queue(self.settings.name)
        before = queue.settings
        if before.fifo != self.settings.fifo:
            raise fifo_is_fixed()
        transaction.run(
            "UPDATE queues SET settings = ?, settings_version = settings_version + 1 WHERE queue_id = ?",
            json.encode_text(self.settings),
            queue.queue_id,
        )
        queue.settings = self.settings
        if before.key_concurrency != self.settings.key_concurrency:
            self._settle_all_keys(transaction, queue)
        if before.paused and not self.settings.paused:
            queue.became_ready += sum(queue.counts[: len(Priority)])

    def _settle_all_keys(self, transaction: Transaction, queue: QueueRow) -> None:
        if not queue.has_keys:
            freed = transaction.rows(
                """SELECT json_group_array(json_array(key, priority)) FROM messages INDEXED BY messages_group
                   WHERE queue_id = ? AND group_id IS NOT NULL AND state = 3""",
                queue.queue_id,
            )
            transaction.run(
                "UPDATE messages SET state = 0 WHERE key IN (SELECT value ->> 0 FROM json_each(?))",
                json.encode_text(freed),
            )
            for _, priority in freed:
                queue.count(State.BLOCKED, priority, -1)
                transaction.enter(queue, State.READY, priority, transaction.now_ms)
            return
        groups = transaction.rows(
            """SELECT json_group_array(json_array(group_id)) FROM (
                 SELECT DISTINCT group_id FROM messages INDEXED BY messages_group
                 WHERE queue_id = ? AND group_id IS NOT NULL AND state = 3)""",
            queue.queue_id,
        )
        for (group_id,) in groups:
            transaction.touch_key(queue, group_id)
        transaction.settle_keys()


class ReadQueue(Operation):
    """Settings of one queue."""

    __slots__ = ("queue",)

    ORDER = 3

    def __init__(self, queue: QueueName) -> None:
        self.queue = queue

    def run(self, transaction: Transaction) -> QueueSettings:
        return transaction.queue(self.queue).settings


class ListQueues(Operation):
    """Settings of all queues by name."""

    __slots__ = ()

    ORDER = 3

    def run(self, transaction: Transaction) -> list[QueueSettings]:
        names = transaction.rows("SELECT json_group_array(name) FROM (SELECT name FROM queues ORDER BY name)")
        return [transaction.queue(str(name)).settings for name in names]


class CountQueue(Operation):
    """Counts of one queue, with delays and leases that ended counted as ready."""

    __slots__ = ("queue",)

    ORDER = 50

    def __init__(self, queue: QueueName) -> None:
        self.queue = queue

    def run(self, transaction: Transaction) -> QueueCounts:
        transaction.promote_due()
        queue = transaction.queue(self.queue)
        counts = queue.counts
        oldest: int | None = transaction.value(
            """SELECT min(at) FROM (SELECT (SELECT visible_at FROM messages INDEXED BY messages_ready
                 WHERE state = 0 AND queue_id = ? AND priority = lane.value ORDER BY visible_at LIMIT 1) AS at
               FROM json_each('[0, 1, 2]') AS lane)""",
            queue.queue_id,
        )
        return QueueCounts(
            queue=queue.settings.name,
            ready=sum(counts[: QueueRow.DELAYED]),
            delayed=counts[QueueRow.DELAYED],
            leased=counts[QueueRow.LEASED],
            blocked=counts[QueueRow.BLOCKED],
            oldest_ready_age_s=None if oldest is None else max(0, transaction.now_ms - oldest) / 1000,
            paused=queue.settings.paused,
        )


class PurgeStep(Operation):
    """Remove up to `PURGE_STEP` messages with sequence numbers up to `until` (None: all that are there now).
    Answers (removed, until, whether more is left)."""

    __slots__ = ("queue", "until")

    ORDER = 5

    def __init__(self, queue: QueueName, until: int | None = None) -> None:
        self.queue = queue
        self.until = until

    def run(self, transaction: Transaction) -> tuple[int, int, bool]:
        queue = transaction.queue(self.queue)
        until = queue.next_sequence - 1 if self.until is None else self.until
        first, _ = queue.key_range
        removed = remove_rows(
            transaction,
            queue,
            """SELECT key, state, priority, group_id FROM messages WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?""",
            (first, pack_key(queue.queue_id, until), PURGE_STEP),
        )
        return removed, until, removed == PURGE_STEP


def remove_rows(transaction: Transaction, queue: QueueRow, select: str, bindings: tuple[object, ...]) -> int:
    """Delete the messages a SELECT of (key, state, priority, group_id) names, keeping counts and keys right."""
    rows = transaction.rows(
        f"SELECT json_group_array(json_array(key, state, priority, group_id)) FROM ({select})",  # noqa: S608  ours
        *bindings,
    )
    if not rows:
        return 0
    for _, state, priority, group_id in rows:
        queue.count(State(state), priority, -1)
        if group_id is not None and queue.has_keys:
            transaction.touch_key(queue, group_id)
    keys = json.encode_text([row[0] for row in rows])
    transaction.run("DELETE FROM messages WHERE key IN (SELECT value FROM json_each(?))", keys)
    transaction.settle_keys()
    return len(rows)


def remove_messages(transaction: Transaction, queue: QueueRow, keys: Sequence[int]) -> int:
    """`remove_rows` for messages by their keys."""
    select = "SELECT key, state, priority, group_id FROM messages WHERE key IN (SELECT value FROM json_each(?))"
    return remove_rows(transaction, queue, select, (json.encode_text(keys),))


class DropQueue(Operation):
    """Remove an empty queue with all it remembers; refuses (False) while messages are left."""

    __slots__ = ("queue",)

    ORDER = 6

    def __init__(self, queue: QueueName) -> None:
        self.queue = queue

    def run(self, transaction: Transaction) -> bool:
        queue = transaction.queue(self.queue)
        if queue.total:
            return False
        transaction.run("DELETE FROM deduplication WHERE queue_id = ?", queue.queue_id)
        transaction.run("DELETE FROM queues WHERE queue_id = ?", queue.queue_id)
        transaction.forget(queue)
        return True
