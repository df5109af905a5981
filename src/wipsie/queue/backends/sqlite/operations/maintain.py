"""Housekeeping in small steps: messages past their retention and forgotten deduplication ids."""

from __future__ import annotations

from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.queues import remove_rows
from wipsie.queue.backends.sqlite.rows import State
from wipsie.queue.backends.sqlite.transaction import Transaction

STEP = 1000


class Maintain(Operation):
    """One step; answers how many messages of which queue were dropped for their age."""

    __slots__ = ()

    ORDER = 60

    def run(self, transaction: Transaction) -> dict[QueueName, int]:
        transaction.promote_due()
        transaction.run(
            """DELETE FROM deduplication WHERE (queue_id, id) IN (
                 SELECT queue_id, id FROM deduplication INDEXED BY deduplication_expiry
                 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)""",
            transaction.now_ms,
            STEP,
        )
        dropped: dict[QueueName, int] = {}
        for name in transaction.rows("SELECT json_group_array(name) FROM queues"):
            queue = transaction.queue(str(name))
            first, last = queue.key_range
            # Keys grow with time of entry, so only the first rows can be too old; a leased one is somebody's work.
            removed = remove_rows(
                transaction,
                queue,
                """SELECT * FROM (SELECT key, state, priority, group_id, entered_at FROM messages
                     WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?) WHERE entered_at < ? AND state <> ?""",
                (first, last, STEP, transaction.now_ms - queue.settings.retention_s * 1000, int(State.LEASED)),
            )
            if removed:
                dropped[queue.settings.name] = removed
        return dropped
