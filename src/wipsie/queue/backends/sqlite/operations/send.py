"""Send: check, deduplicate and insert all waiting messages with one statement per chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from wipsie.kernel import json
from wipsie.kernel.errors import (
    IdempotencyKeyReused,
    InvalidInput,
    MessageTooLarge,
    QueueFull,
    WipsieError,
)
from wipsie.kernel.ids import MessageId
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.rows import SEQUENCE_MASK, Extras, QueueRow, State, write_extras
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import NewMessage, SendResult

_COLUMNS = (
    "key, queue_id, state, priority, visible_at, lease, receive_count, first_received_at, sent_at, "
    "message_id, group_id, extras, body"
)
_WIDTH = _COLUMNS.count(",") + 1
_CHUNKS = (256, 64, 16, 4, 1)
"""Few statement shapes, so that all stay prepared; a multi-row statement is one step whatever its size."""


def _insert(rows: int) -> str:
    row = f"({','.join('?' * _WIDTH)})"
    return f"INSERT INTO messages ({_COLUMNS}) VALUES {','.join([row] * rows)}"  # noqa: S608  constants only


_INSERTS = {rows: _insert(rows) for rows in _CHUNKS}

FirstSend = tuple[str, int, int, str | None]
"""Message id, sequence number, sent at, fingerprint."""


class Send(Operation):
    """Store messages."""

    __slots__ = ("messages",)

    ORDER = 30

    def __init__(self, messages: Sequence[NewMessage]) -> None:
        self.messages = messages

    @classmethod
    def run_all(cls, transaction: Transaction, operations: Sequence[Send]) -> list[list[SendResult | WipsieError]]:
        batch = _Batch(transaction, operations)
        results = [[batch.add(message) for message in operation.messages] for operation in operations]
        batch.insert()
        return results


def message_bytes(message: NewMessage) -> int:
    """Size as Amazon SQS counts it: body in UTF-8 plus names, types and values of attributes."""
    body = message.body
    size = len(body) if body.isascii() else len(body.encode())
    if message.attributes:
        for name, attribute in message.attributes.items():
            size += len(name.encode()) + len(attribute.data_type.encode()) + len(attribute.value.encode())
    return size


def deduplication_key(queue: QueueRow, message: NewMessage) -> str | None:
    """The id under which a repeat of this message is recognised, if any."""
    if message.deduplication_id is not None:
        return message.deduplication_id
    if queue.settings.content_based_deduplication:
        return "sha256:" + hashlib.sha256(message.body.encode()).hexdigest()
    return None


class _Batch:
    """Rows to insert, flat, as the multi-row statement takes them."""

    def __init__(self, transaction: Transaction, operations: Sequence[Send]) -> None:
        self.transaction = transaction
        self.operations = operations
        self.values: list[object] = []
        self.deduplications: list[tuple[int, str, str, int, int, int, str | None]] = []
        self._first_sends: dict[tuple[int, str], FirstSend] | None = None
        self._queue: QueueRow | None = None
        self._queue_name = ""

    def _find_first_sends(self) -> dict[tuple[int, str], FirstSend]:
        """What was sent within its window under the deduplication ids of this batch: one look for all."""
        transaction = self.transaction
        wanted: list[tuple[int, str]] = []
        for operation in self.operations:
            for message in operation.messages:
                queue = transaction.find_queue(message.queue)
                if queue is not None and (key := deduplication_key(queue, message)) is not None:
                    wanted.append((queue.queue_id, key))
        rows = transaction.rows(
            """SELECT json_group_array(json_array(d.queue_id, d.id, d.message_id, d.sequence, d.sent_at, d.fingerprint))
               FROM json_each(?) AS wanted JOIN deduplication AS d
               ON d.queue_id = wanted.value ->> 0 AND d.id = wanted.value ->> 1 WHERE d.expires_at > ?""",
            json.encode_text(wanted),
            transaction.now_ms,
        )
        return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in rows}

    def add(self, message: NewMessage) -> SendResult | WipsieError:
        """Take one message in, or refuse it."""
        if message.queue != self._queue_name:
            self._queue_name = message.queue
            self._queue = self.transaction.find_queue(message.queue)
        queue = self._queue
        # A character is at most four bytes: most bodies need no exact count.
        if (
            queue is not None
            and queue.takes_all
            and message.deduplication_id is None
            and message.delay_s is None
            and message.attributes is None
            and message.origin is None
            and len(message.body) * 4 <= queue.settings.message_bytes_max
        ):
            queue.counts[message.priority] += 1
            queue.became_ready += 1
            return self._append(queue, message, State.READY, self.transaction.now_ms, None)
        try:
            return self._decide(message)
        except WipsieError as error:
            return error

    def _decide(self, message: NewMessage) -> SendResult:
        transaction = self.transaction
        now_ms = transaction.now_ms
        queue = transaction.queue(message.queue)
        settings = queue.settings
        key_id = deduplication_key(queue, message)
        first_sends = self._first_sends
        if key_id is not None:
            if first_sends is None:
                first_sends = self._first_sends = self._find_first_sends()
            if (first := first_sends.get((queue.queue_id, key_id))) is not None:
                return _repeat(message, first)
        _check(queue, message)
        visible_at = now_ms + int((settings.delay_s if message.delay_s is None else message.delay_s) * 1000)
        state = transaction.place(queue, message.group_id, visible_at)
        transaction.enter(queue, state, message.priority, visible_at)
        extras = Extras(
            attributes=message.attributes or {},
            deduplication_id=message.deduplication_id,
            origin=message.origin,
        )
        result = self._append(queue, message, state, visible_at, write_extras(extras))
        if key_id is not None and first_sends is not None:
            window_s = message.deduplication_window_s
            if window_s is None:
                window_s = settings.deduplication_window_s
            first = (message.message_id, result.sequence_number, now_ms, message.fingerprint)
            first_sends[queue.queue_id, key_id] = first
            expires_at = now_ms + int(window_s * 1000)
            self.deduplications.append((queue.queue_id, key_id, *first[:3], expires_at, message.fingerprint))
        return result

    def _append(
        self, queue: QueueRow, message: NewMessage, state: State, visible_at: int, extras: str | None
    ) -> SendResult:
        now_ms = self.transaction.now_ms
        key = queue.take_key()
        self.values += (
            key,
            queue.queue_id,
            state,
            message.priority,
            visible_at,
            None,
            0,
            None,
            now_ms,
            message.message_id,
            message.group_id,
            extras,
            message.body,
        )
        return SendResult(message.message_id, key & SEQUENCE_MASK, now_ms)

    def insert(self) -> None:
        transaction, values = self.transaction, self.values
        start = 0
        for size in _CHUNKS:
            width = size * _WIDTH
            while len(values) - start >= width:
                transaction.cursor.execute(_INSERTS[size], values[start : start + width])
                start += width
        if self.deduplications:
            transaction.run(
                """INSERT OR REPLACE INTO deduplication
                     (queue_id, id, message_id, sequence, sent_at, expires_at, fingerprint)
                   SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
                   FROM json_each(?)""",
                json.encode_text(self.deduplications),
            )


def _repeat(message: NewMessage, first: FirstSend) -> SendResult:
    message_id, sequence, sent_at, fingerprint = first
    if message.fingerprint is not None and fingerprint is not None and fingerprint != message.fingerprint:
        raise IdempotencyKeyReused(
            "This key was used for another message; use a new key for a new message.",
            details={"message_id": message_id},
        )
    return SendResult(MessageId(message_id), sequence, sent_at, True)


def _check(queue: QueueRow, message: NewMessage) -> None:
    """Refuse what this queue cannot take."""
    settings = queue.settings
    size = message_bytes(message)
    if size > settings.message_bytes_max:
        raise MessageTooLarge(
            f"The message has {size} bytes; this queue takes up to {settings.message_bytes_max}. "
            "Store the content elsewhere and send a reference.",
            details={"bytes": size, "bytes_max": settings.message_bytes_max},
        )
    if settings.fifo and message.group_id is None:
        raise InvalidInput("A FIFO queue needs a group_id on every message.", details={"field": "group_id"})
    if settings.max_messages is not None and queue.total >= settings.max_messages:
        raise QueueFull(
            f"The queue holds its maximum of {settings.max_messages} messages; try again when some were processed.",
            details={"queue_name": settings.name, "max_messages": settings.max_messages},
            retry_after_s=5,
        )
