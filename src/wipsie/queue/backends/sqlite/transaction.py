"""One group commit in the making: queue rows loaded once, counts kept, group keys settled, readiness remembered."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import QueueNotFound
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.refusals import queue_not_found
from wipsie.queue.backends.sqlite.connection import Statements
from wipsie.queue.backends.sqlite.rows import QueueRow, State
from wipsie.queue.contract import QueueSettings

_settings_decoder = msgspec.json.Decoder(QueueSettings)

_QUEUE_COLUMNS = (
    "queue_id, settings, settings_version, next_sequence, ready_high, ready_medium, ready_low, delayed, leased, blocked"
)
PROMOTE_MAX = 1000
"""Most delays and leases ended in one transaction, so that no commit grows without bound."""


class SettingsCache:
    """Decoded settings by queue id and version; another process may have changed them since the last transaction."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[int, QueueSettings]] = {}

    def get(self, queue_id: int, version: int, text: str) -> QueueSettings:
        entry = self._entries.get(queue_id)
        if entry is None or entry[0] != version:
            entry = self._entries[queue_id] = (version, _settings_decoder.decode(text))
        return entry[1]


class Transaction:
    """State of one transaction. Only the writer thread touches it."""

    def __init__(self, cursor: Statements, settings: SettingsCache, now_ms: int) -> None:
        self.cursor = cursor
        self.now_ms = now_ms
        self.soonest_due: dict[QueueName, int] = {}
        """Earliest new end of a delay or lease, by queue, so that waiting receivers can set their alarm."""
        self._settings = settings
        self._queues: dict[str, QueueRow] = {}
        self._queues_by_id: dict[int, QueueRow] = {}
        self._touched_keys: dict[tuple[int, str], None] = {}
        self._free_slots: dict[tuple[int, str], int] = {}

    # Statements. Each is one step of SQLite: stepping row by row would hand the interpreter lock back and forth.

    def value(self, sql: str, *bindings: Any, **named: Any) -> Any:
        """First column of the first row, or None. Bindings are positional or named, not both."""
        row = self.cursor.execute(sql, named or bindings).fetchone()
        return None if row is None else row[0]

    def rows(self, sql: str, *bindings: Any) -> list[list[Any]]:
        """Rows of a statement that aggregates them with json_group_array(json_array(…))."""
        return json.decode(self.value(sql, *bindings))

    def run(self, sql: str, *bindings: Any) -> None:
        """Execute for effect."""
        self.cursor.execute(sql, bindings)

    # Queues

    def find_queue(self, name: str) -> QueueRow | None:
        """The queue of that name, or None."""
        queue = self._queues.get(name)
        return queue if queue is not None else self._load("name", name)

    def queue(self, name: str) -> QueueRow:
        """The queue of that name. QueueNotFound."""
        queue = self._queues.get(name)
        if queue is None and (queue := self._load("name", name)) is None:
            raise queue_not_found(name)
        return queue

    def queue_by_id(self, queue_id: int) -> QueueRow:
        """The queue of that id, which a message row names and which therefore exists."""
        queue = self._queues_by_id.get(queue_id)
        if queue is None and (queue := self._load("queue_id", queue_id)) is None:
            raise QueueNotFound("This queue was deleted.", details={"queue_id": queue_id})
        return queue

    def _load(self, column: str, value: object) -> QueueRow | None:
        row = self.cursor.execute(f"SELECT {_QUEUE_COLUMNS} FROM queues WHERE {column} = ?", (value,)).fetchone()  # noqa: S608  column is one of two literals
        if row is None:
            return None
        queue_id, settings, version, next_sequence, *counts = row
        queue = QueueRow(queue_id, self._settings.get(queue_id, version, settings), next_sequence, counts)
        self._queues[queue.settings.name] = queue
        self._queues_by_id[queue_id] = queue
        return queue

    def forget(self, queue: QueueRow) -> None:
        """Drop the loaded state of a queue whose row was changed by hand."""
        self._queues.pop(queue.settings.name, None)
        self._queues_by_id.pop(queue.queue_id, None)

    # Readiness

    @property
    def ready(self) -> dict[QueueName, int]:
        """How many messages became ready, by queue: who waits there is woken after the commit."""
        return {queue.settings.name: queue.became_ready for queue in self._queues.values() if queue.became_ready}

    def becomes_due(self, queue: QueueRow, at_ms: int) -> None:
        """Remember an end of delay or lease that receivers may have to wake for."""
        name = queue.settings.name
        known = self.soonest_due.get(name)
        if known is None or at_ms < known:
            self.soonest_due[name] = at_ms

    def next_due_ms(self) -> int | None:
        """When the next delay or lease of any queue ends."""
        return self.value("SELECT min(visible_at) FROM messages INDEXED BY messages_due WHERE state IN (1, 2)")

    def promote_due(self) -> None:
        """Make messages ready whose delay or lease has ended."""
        due = self.rows(
            """SELECT json_group_array(json_array(key, queue_id, state, priority, group_id)) FROM (
                 SELECT key, queue_id, state, priority, group_id FROM messages INDEXED BY messages_due
                 WHERE state IN (1, 2) AND visible_at <= ? ORDER BY visible_at LIMIT ?)""",
            self.now_ms,
            PROMOTE_MAX,
        )
        if not due:
            return
        free: list[int] = []
        keyed: list[int] = []
        for key, queue_id, state, priority, group_id in due:
            queue = self.queue_by_id(queue_id)
            queue.count(state, priority, -1)
            if group_id is not None and queue.has_keys:
                queue.count(State.BLOCKED, priority, 1)
                self.touch_key(queue, group_id)
                keyed.append(key)
            else:
                queue.count(State.READY, priority, 1)
                queue.became_ready += 1
                free.append(key)
        for state, keys in ((State.READY, free), (State.BLOCKED, keyed)):
            if keys:
                self.run(
                    "UPDATE messages SET state = ? WHERE key IN (SELECT value FROM json_each(?))",
                    int(state),
                    json.encode_text(keys),
                )
        self.settle_keys()

    # Keys: FIFO groups (one slot, taken by a delayed head too) and keys with limited concurrency.

    def touch_key(self, queue: QueueRow, group_id: str) -> None:
        """A message of this key left or stopped being active: `settle_keys` must look for the next."""
        self._touched_keys[queue.queue_id, group_id] = None
        self._free_slots.pop((queue.queue_id, group_id), None)

    def take_slot(self, queue: QueueRow, group_id: str) -> bool:
        """Try to make one more message of the key active."""
        place = (queue.queue_id, group_id)
        free = self._free_slots.get(place)
        if free is None:
            free = self._count_free_slots(queue, group_id)
        self._free_slots[place] = max(0, free - 1)
        return free > 0

    def _count_free_slots(self, queue: QueueRow, group_id: str) -> int:
        active = "0, 1, 2" if queue.settings.fifo else "0, 2"
        taken = self.value(
            f"""SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY messages_group
                WHERE queue_id = ? AND group_id = ? AND state IN ({active}) LIMIT ?)""",  # noqa: S608  two literals
            queue.queue_id,
            group_id,
            queue.key_slots,
        )
        return queue.key_slots - taken

    def settle_keys(self) -> None:
        """Make blocked messages of the touched keys active, the oldest first, as far as slots are free."""
        while self._touched_keys:
            queue_id, group_id = next(iter(self._touched_keys))
            del self._touched_keys[queue_id, group_id]
            queue = self.queue_by_id(queue_id)
            free = self._count_free_slots(queue, group_id)
            self._free_slots.pop((queue_id, group_id), None)
            if free <= 0:
                continue
            blocked = self.rows(
                """SELECT json_group_array(json_array(key, priority, visible_at)) FROM (
                     SELECT key, priority, visible_at FROM messages INDEXED BY messages_group
                     WHERE queue_id = ? AND group_id = ? AND state = 3 ORDER BY key LIMIT ?)""",
                queue_id,
                group_id,
                free,
            )
            for key, priority, visible_at in blocked:
                # Waiting counts from now: otherwise a key with an old backlog would always go before the others.
                at_ms = max(self.now_ms, visible_at)
                state = State.DELAYED if at_ms > self.now_ms else State.READY
                self.run("UPDATE messages SET state = ?, visible_at = ? WHERE key = ?", int(state), at_ms, key)
                queue.count(State.BLOCKED, priority, -1)
                self.enter(queue, state, priority, at_ms)

    def place(self, queue: QueueRow, group_id: str | None, at_ms: int) -> State:
        """The state in which a message enters a queue, visible from `at_ms` on."""
        delayed = at_ms > self.now_ms
        if group_id is None or not queue.has_keys:
            return State.DELAYED if delayed else State.READY
        if delayed and not queue.settings.fifo:
            return State.DELAYED
        if not self.take_slot(queue, group_id):
            return State.BLOCKED
        return State.DELAYED if delayed else State.READY

    def enter(self, queue: QueueRow, state: State, priority: int, at_ms: int) -> None:
        """Count a message that entered a state and remember whom to wake."""
        queue.count(state, priority, 1)
        if state == State.READY:
            queue.became_ready += 1
        elif state == State.DELAYED:
            self.becomes_due(queue, at_ms)

    def finish(self) -> None:
        """Write the counts and sequence numbers of all queues that changed."""
        self.settle_keys()
        for queue in self._queues.values():
            if queue.dirty:
                self.run(
                    """UPDATE queues SET next_sequence = ?, ready_high = ?, ready_medium = ?, ready_low = ?, delayed = ?,
                       leased = ?, blocked = ? WHERE queue_id = ?""",
                    queue.next_sequence,
                    *queue.counts,
                    queue.queue_id,
                )
