"""Receive: lease the most urgent ready messages of a queue."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import MessageId, Receipt
from wipsie.queue.backend_kit.causes import receive_limit_cause
from wipsie.queue.backend_kit.extras import add_extras
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.dead_letter import move_to_dead_letters
from wipsie.queue.backends.sqlite.operations.queues import remove_messages
from wipsie.queue.backends.sqlite.operations.settle import ChangeVisibility
from wipsie.queue.backends.sqlite.rows import SEQUENCE_MASK, QueueRow, State
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import Delivery, Priority, VisibilityChange

_Claimed = tuple[int, str, int, int, int, int, int | None, str | None, str | None, str]
_claimed_decoder = msgspec.json.Decoder(list[_Claimed])

_PRIORITIES = tuple(Priority)
_FIELDS = "key, message_id, priority, visible_at, sent_at, receive_count, first_received_at, group_id, extras, body"
# One aggregated row instead of many: stepping through rows costs one hand-over of the interpreter lock each.
_CLAIM_ONE_LANE = f"""SELECT json_group_array(json_array({_FIELDS})) FROM (
    SELECT {_FIELDS} FROM messages INDEXED BY messages_ready
    WHERE state = 0 AND queue_id = ? AND priority = ? ORDER BY visible_at LIMIT ?)"""  # noqa: S608  constants only
_LANE = """SELECT * FROM (SELECT key, visible_at + {priority} * :aging AS rank FROM messages INDEXED BY messages_ready
    WHERE state = 0 AND queue_id = :queue AND priority = {priority} ORDER BY visible_at LIMIT :limit)"""
_CLAIM_LANES = f"""SELECT json_group_array(json_array({_FIELDS})) FROM (
    SELECT {", ".join("m." + field for field in _FIELDS.split(", "))}
    FROM ({" UNION ALL ".join(_LANE.format(priority=int(priority)) for priority in Priority)}) AS lanes
    JOIN messages AS m ON m.key = lanes.key ORDER BY lanes.rank, lanes.key LIMIT :limit)"""  # noqa: S608  constants only
_LEASE = """UPDATE messages SET state = 2, lease = ?, visible_at = ?, receive_count = receive_count + 1,
    first_received_at = coalesce(first_received_at, ?) WHERE key IN (SELECT value FROM json_each(?))"""

Claim = tuple[list[Delivery], int | None]
"""Deliveries, and with none: when the next delay or lease of any queue ends."""


class Receive(Operation):
    """Lease messages of one queue."""

    __slots__ = ("max_messages", "queue", "visibility_timeout_s")

    ORDER = 40
    LEASES_ONLY = True

    def __init__(self, queue: str, max_messages: int, visibility_timeout_s: float | None) -> None:
        self.queue = queue
        self.max_messages = max_messages
        self.visibility_timeout_s = visibility_timeout_s

    @classmethod
    def run_all(cls, transaction: Transaction, operations: Sequence[Receive]) -> list[Claim | WipsieError]:
        transaction.promote_due()
        return super().run_all(transaction, operations)

    def run(self, transaction: Transaction) -> Claim:
        queue = transaction.queue(self.queue)
        deliveries: list[Delivery] = []
        if not queue.settings.paused:
            # A round may find poison and move it away; the next round then finds others.
            while len(deliveries) < self.max_messages and any(queue.counts[: len(Priority)]):
                if not self._claim(transaction, queue, deliveries):
                    break
        return deliveries, None if deliveries else transaction.next_due_ms()

    def _claim(self, transaction: Transaction, queue: QueueRow, deliveries: list[Delivery]) -> bool:
        settings, now_ms = queue.settings, transaction.now_ms
        wanted = self.max_messages - len(deliveries)
        claimed = self._select(transaction, queue, wanted)
        oldest_ms = now_ms - settings.retention_s * 1000
        if claimed and min(row[3] for row in claimed) <= oldest_ms:
            # Past their retention, and not tidied away so far: nobody gets them any more.
            remove_messages(transaction, queue, [row[0] for row in claimed if row[3] <= oldest_ms])
            return True
        if settings.dead_letter_queue is not None:
            poison = [row[0] for row in claimed if row[5] >= settings.max_receive_count]
            if poison:
                move_to_dead_letters(transaction, queue, poison, receive_limit_cause(settings.max_receive_count))
                claimed = [row for row in claimed if row[5] < settings.max_receive_count]
                if not claimed:
                    return True
        if not claimed:
            return False
        timeout_s = settings.visibility_timeout_s if self.visibility_timeout_s is None else self.visibility_timeout_s
        lease = secrets.randbits(62)
        lease_until_ms = now_ms + int(timeout_s * 1000)
        transaction.run(_LEASE, lease, lease_until_ms, now_ms, json.encode_text([row[0] for row in claimed]))
        transaction.becomes_due(queue, lease_until_ms)
        counts = queue.counts
        receipt_end = f"-{lease:x}"
        for key, message_id, priority, visible_at, sent_at, received, first_received, group_id, extras, body in claimed:
            counts[priority] -= 1
            delivery = Delivery(
                queue=settings.name,
                message_id=MessageId(message_id),
                receipt=Receipt(f"{key:x}{receipt_end}"),
                body=body,
                attributes={},
                priority=_PRIORITIES[priority],
                sequence_number=key & SEQUENCE_MASK,
                sent_at_ms=sent_at,
                waiting_since_ms=visible_at,
                received_at_ms=now_ms,
                lease_until_ms=lease_until_ms,
                receive_count=received + 1,
                first_received_at_ms=first_received or now_ms,
                group_id=group_id,
            )
            if extras is not None:
                add_extras(delivery, extras)
            deliveries.append(delivery)
        queue.count(State.LEASED, 0, len(claimed))
        return True

    def _select(self, transaction: Transaction, queue: QueueRow, wanted: int) -> list[_Claimed]:
        lanes = [priority for priority in Priority if queue.counts[priority]]
        if len(lanes) == 1:
            text = transaction.value(_CLAIM_ONE_LANE, queue.queue_id, int(lanes[0]), wanted)
        else:
            aging_ms = int(queue.settings.aging_s * 1000)
            text = transaction.value(_CLAIM_LANES, queue=queue.queue_id, aging=aging_ms, limit=wanted)
        return _claimed_decoder.decode(text)

    def abandoned(self, result: Any) -> Operation | None:
        if isinstance(result, WipsieError) or not result[0]:
            return None
        deliveries: list[Delivery] = result[0]
        return ChangeVisibility(
            [VisibilityChange(delivery.queue, delivery.receipt, 0, undo_receive=True) for delivery in deliveries]
        )
