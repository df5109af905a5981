"""Send: check, deduplicate and insert all waiting messages with one statement per chunk."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel import json
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import MessageId
from wipsie.queue.backend_kit.admission import check, deduplication_key, deduplication_window_s, visible_at_ms
from wipsie.queue.backend_kit.extras import Extras, write_extras
from wipsie.queue.backend_kit.refusals import key_reused
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.rows import SEQUENCE_MASK, QueueRow, State
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
                if queue is not None and (key := deduplication_key(queue.settings, message)) is not None:
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
        key_id = deduplication_key(queue.settings, message)
        first_sends = self._first_sends
        if key_id is not None:
            if first_sends is None:
                first_sends = self._first_sends = self._find_first_sends()
            if (first := first_sends.get((queue.queue_id, key_id))) is not None:
                return _repeat(message, first)
        check(settings, message, total=lambda: queue.total)
        visible_at = visible_at_ms(settings, message, now_ms)
        state = transaction.place(queue, message.group_id, visible_at)
        transaction.enter(queue, state, message.priority, visible_at)
        extras = Extras(
            attributes=message.attributes or {},
            deduplication_id=message.deduplication_id,
            origin=message.origin,
        )
        result = self._append(queue, message, state, visible_at, write_extras(extras))
        if key_id is not None and first_sends is not None:
            first = (message.message_id, result.sequence_number, now_ms, message.fingerprint)
            first_sends[queue.queue_id, key_id] = first
            expires_at = now_ms + int(deduplication_window_s(settings, message) * 1000)
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
        raise key_reused(message_id)
    return SendResult(MessageId(message_id), sequence, sent_at, True)
