"""Moving house: messages taken in as they stood elsewhere, and given up without a receipt."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel import json
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
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.queues import remove_rows
from wipsie.queue.backends.sqlite.rows import SEQUENCE_MASK, QueueRow, pack_key
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import StoredMessage

_INSERT = """INSERT INTO messages (key, queue_id, state, priority, visible_at, lease, receive_count, first_received_at,
      sent_at, message_id, group_id, extras, body)
    SELECT value ->> 0, ?, value ->> 1, value ->> 2, value ->> 3, NULL, value ->> 4, value ->> 5,
      value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10 FROM json_each(?)"""
# A window that is still open for the same id began here: the first send of this store is the one to tell.
_REMEMBER = """INSERT INTO deduplication (queue_id, id, message_id, sequence, sent_at, expires_at)
    SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
    ON CONFLICT (queue_id, id) DO UPDATE SET message_id = excluded.message_id, sequence = excluded.sequence,
      sent_at = excluded.sent_at, expires_at = excluded.expires_at, fingerprint = NULL
    WHERE deduplication.expires_at <= ?"""
_NOTE = """INSERT OR REPLACE INTO deduplication (queue_id, id, message_id, sequence, sent_at, expires_at, fingerprint)
    VALUES (?, ?, '', 0, ?, ?, ?)"""
_REMOVE = """SELECT m.key AS key, m.state AS state, m.priority AS priority, m.group_id AS group_id
    FROM json_each(?) AS wanted JOIN messages AS m ON m.key = wanted.value ->> 0 AND m.message_id = wanted.value ->> 1"""


def _read_note(transaction: Transaction, queue: QueueRow, transfer: str) -> str | None:
    return transaction.value(
        "SELECT fingerprint FROM deduplication WHERE queue_id = ? AND id = ?", queue.queue_id, note_key(transfer)
    )


class AdoptMessages(Operation):
    """Append messages of another store and note the batch. Conflict when the note is not the expected one."""

    __slots__ = ("batch", "messages", "previous", "queue", "transfer")

    ORDER = 31

    def __init__(
        self, queue: QueueName, messages: Sequence[StoredMessage], transfer: str, batch: str, previous: str | None
    ) -> None:
        self.queue = queue
        self.messages = messages
        self.transfer = transfer
        self.batch = batch
        self.previous = previous

    def run(self, transaction: Transaction) -> None:
        queue = transaction.queue(self.queue)
        note = _read_note(transaction, queue, self.transfer)
        if note == self.batch:
            return
        if note != self.previous:
            raise another_mover(self.queue)
        now_ms = transaction.now_ms
        rows: list[tuple[object, ...]] = []
        known: list[tuple[object, ...]] = []
        for message in self.messages:
            key = queue.take_key()
            at_ms = adopted_at_ms(message, now_ms)
            state = transaction.place(queue, message.group_id, at_ms)
            transaction.enter(queue, state, message.priority, at_ms)
            rows.append(
                (
                    key,
                    int(state),
                    int(message.priority),
                    at_ms,
                    message.receive_count,
                    message.first_received_at_ms,
                    message.sent_at_ms,
                    message.message_id,
                    message.group_id,
                    write_extras(adopted_extras(message)),
                    message.body,
                )
            )
            if (entry := remembered(queue.settings, message, now_ms)) is not None:
                key_id, expires_at = entry
                known.append((key_id, message.message_id, key & SEQUENCE_MASK, message.sent_at_ms, expires_at))
        transaction.run(_INSERT, queue.queue_id, json.encode_text(rows))
        if known:
            transaction.run(_REMEMBER, queue.queue_id, json.encode_text(known), now_ms)
        expires_at = now_ms + NOTE_KEPT_S * 1000
        transaction.run(_NOTE, queue.queue_id, note_key(self.transfer), now_ms, expires_at, self.batch)


class ReadNote(Operation):
    """The batch that was noted last."""

    __slots__ = ("queue", "transfer")

    ORDER = 32

    def __init__(self, queue: QueueName, transfer: str) -> None:
        self.queue = queue
        self.transfer = transfer

    def run(self, transaction: Transaction) -> str | None:
        return _read_note(transaction, transaction.queue(self.queue), self.transfer)


class RemoveMessages(Operation):
    """Remove messages by sequence number and id, whatever their state; answers how many."""

    __slots__ = ("messages", "queue")

    ORDER = 12

    def __init__(self, queue: QueueName, messages: Sequence[tuple[int, MessageId]]) -> None:
        self.queue = queue
        self.messages = messages

    def run(self, transaction: Transaction) -> int:
        queue = transaction.queue(self.queue)
        wanted = [(pack_key(queue.queue_id, sequence), message_id) for sequence, message_id in self.messages]
        return remove_rows(transaction, queue, _REMOVE, (json.encode_text(wanted),))
