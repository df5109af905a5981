"""Redrive: one bounded step of moving dead letters back."""

from __future__ import annotations

from typing import Any

from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.extras import read_extras
from wipsie.queue.backend_kit.redrive_filter import matches
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.dead_letter import Moving, move
from wipsie.queue.backends.sqlite.rows import SEQUENCE_MASK, State, pack_key
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import RedriveFilter, RedriveStep

_SCAN = """SELECT json_group_array(json_array(key, state, priority, group_id, extras, message_id)) FROM (
    SELECT key, state, priority, group_id, extras, message_id FROM messages
    WHERE key > ? AND key <= ? ORDER BY key LIMIT ?)"""


class RedriveMessages(Operation):
    """Look at up to `limit` messages and move those that match."""

    __slots__ = ("after", "destination", "limit", "matching", "queue")

    ORDER = 25

    def __init__(
        self, queue: QueueName, destination: QueueName | None, matching: RedriveFilter | None, limit: int, after: int
    ) -> None:
        self.queue = queue
        self.destination = destination
        self.matching = matching
        self.limit = limit
        self.after = after

    def run(self, transaction: Transaction) -> RedriveStep:
        queue = transaction.queue(self.queue)
        if self.destination is not None:
            transaction.queue(self.destination)
        _, last = queue.key_range
        # Messages redriven into their own queue get new keys at its end: stop where the queue ended before this step.
        last = min(last, pack_key(queue.queue_id, queue.next_sequence - 1))
        seen = transaction.rows(_SCAN, pack_key(queue.queue_id, self.after), last, self.limit)
        moved = sum(self._move(transaction, row) for row in seen)
        transaction.settle_keys()
        following = seen[-1][0] & SEQUENCE_MASK if len(seen) == self.limit else None
        return RedriveStep(moved=moved, skipped=len(seen) - moved, next_sequence_number=following)

    def _move(self, transaction: Transaction, row: list[Any]) -> bool:
        key, state, priority, group_id, text, message_id = row
        extras = read_extras(text)
        if state == State.LEASED or not matches(self.matching, extras.dead_letter, message_id):
            return False
        origin = extras.dead_letter.origin if extras.dead_letter is not None else extras.origin
        name = self.destination or origin
        try:
            target = transaction.queue(name) if name is not None else None
        except WipsieError:
            target = None
        if target is None or target.settings.name == self.queue:
            # Back into the same queue it would come round again and again.
            return False
        extras.dead_letter = None
        extras.redrive_count += 1
        source = transaction.queue(self.queue)
        move(transaction, source, target, Moving(key, state, priority, group_id, None), extras, fresh=True)
        return True
