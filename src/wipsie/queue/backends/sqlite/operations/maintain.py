"""Housekeeping in small steps: messages past their retention and forgotten deduplication ids."""

from __future__ import annotations

from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.queues import remove_rows
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import Priority

STEP = 1000

_UNWANTED = """SELECT key, state, priority, group_id FROM messages INDEXED BY messages_ready
    WHERE state = 0 AND queue_id = ? AND priority = ? AND visible_at <= ? ORDER BY visible_at LIMIT ?"""


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
            oldest_ms = transaction.now_ms - queue.settings.retention_s * 1000
            removed = sum(
                remove_rows(transaction, queue, _UNWANTED, (queue.queue_id, int(priority), oldest_ms, STEP))
                for priority in Priority
                if queue.counts[priority]
            )
            if removed:
                dropped[queue.settings.name] = removed
        return dropped
