"""Look into a queue file without disturbing the writer: a read-only connection on a thread of its own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw

from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit.extras import read_extras
from wipsie.queue.backend_kit.refusals import queue_not_found
from wipsie.queue.backends.sqlite.connection import Statements, open_connection, statements
from wipsie.queue.backends.sqlite.rows import (
    PUBLIC_STATES,
    SEQUENCE_MASK,
    STORED_STATES,
    State,
    pack_key,
)
from wipsie.queue.contract import MessageState, Priority, StoredMessage

_COLUMNS = (
    "key, message_id, state, priority, visible_at, sent_at, receive_count, first_received_at, group_id, extras, body"
)


class QueueReader:
    """Answers `peek`. Opened on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread: ThreadPoolExecutor | None = None
        self._connection: apsw.Connection | None = None
        self._cursor: Statements | None = None

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int,
        after_sequence_number: int,
        state: MessageState | None,
        message_id: MessageId | None,
        now_ms: int,
    ) -> list[StoredMessage]:
        """Messages in order of acceptance. QueueNotFound, StorageUnavailable."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="wipsie-queue-reader")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, self._peek, queue, limit, after_sequence_number, state, message_id, now_ms
        )

    async def stop(self) -> None:
        """Close the connection and end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._close)
            thread.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._cursor = None

    def _peek(
        self,
        queue: QueueName,
        limit: int,
        after: int,
        state: MessageState | None,
        message_id: MessageId | None,
        now_ms: int,
    ) -> list[StoredMessage]:
        if self._cursor is None:
            self._connection = open_connection(self._path, read_only=True)
            self._cursor = statements(self._connection)
        try:
            found = self._cursor.execute("SELECT queue_id FROM queues WHERE name = ?", (queue,)).fetchone()
            if found is None:
                raise queue_not_found(queue)
            conditions = ["key > ?", "key <= ?"]
            bindings: list[object] = [pack_key(found[0], after), pack_key(found[0], SEQUENCE_MASK)]
            if message_id is not None:
                conditions.append("message_id = ?")
                bindings.append(message_id)
            if state is not None:
                condition, more = _state_condition(state, now_ms)
                conditions.append(condition)
                bindings += more
            sql = f"SELECT {_COLUMNS} FROM messages WHERE {' AND '.join(conditions)} ORDER BY key LIMIT ?"  # noqa: S608  conditions are constants
            rows = self._cursor.execute(sql, (*bindings, limit)).fetchall()
        except apsw.Error as error:
            raise StorageUnavailable(f"The queue file cannot be read: {error}.", retry_after_s=2) from error
        return [_stored(queue, row, now_ms) for row in rows]


def _state_condition(state: MessageState, now_ms: int) -> tuple[str, list[object]]:
    """Delays and leases that ended are ready, although the row says so only after the next receive."""
    if state == MessageState.READY:
        return "(state = 0 OR (state IN (1, 2) AND visible_at <= ?))", [now_ms]
    if state == MessageState.BLOCKED:
        return "state = 3", []
    return "state = ? AND visible_at > ?", [int(STORED_STATES[state]), now_ms]


def _stored(queue: QueueName, row: tuple[Any, ...], now_ms: int) -> StoredMessage:
    key, message_id, state, priority, visible_at, sent_at, receive_count, first_received_at, group_id, extras, body = (
        row
    )
    more = read_extras(extras)
    if state in (State.DELAYED, State.LEASED) and visible_at <= now_ms:
        state = State.READY
    return StoredMessage(
        queue=queue,
        message_id=message_id,
        body=body,
        attributes=more.attributes,
        priority=Priority(priority),
        state=PUBLIC_STATES[State(state)],
        sequence_number=key & SEQUENCE_MASK,
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
