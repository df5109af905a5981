"""Settle leases: delete acknowledged messages, move the end of leases, give messages back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wipsie.kernel import json
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName, Receipt
from wipsie.queue.backend_kit.refusals import receipt_expired, receipt_of_another_queue
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.rows import SEQUENCE_BITS, QueueRow, State, parse_receipt
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import Outcome, VisibilityChange


class Held(NamedTuple):
    """A row whose receipt is current."""

    key: int
    state: State
    priority: int
    group_id: str | None
    queue: QueueRow


Lookup = Held | WipsieError

_LEASES_MAX = 16
"""More leases than this in one batch come from many callers with a message each; they are looked up together."""
_DELETE_LEASED = """DELETE FROM messages WHERE key IN (SELECT value FROM json_each(?)) AND state = 2 AND lease = ?
    AND key BETWEEN ? AND ?"""


def look_up(transaction: Transaction, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Lookup]:
    """For each (queue name, receipt) the row it is current for, or the refusal."""
    parsed: list[tuple[int, int] | WipsieError] = []
    for queue_name, receipt in receipts:
        try:
            queue = transaction.queue(queue_name)
            key, lease = parse_receipt(receipt)
            if key >> SEQUENCE_BITS != queue.queue_id:
                raise receipt_of_another_queue(queue_name)
        except WipsieError as error:
            parsed.append(error)
        else:
            parsed.append((key, lease))
    keys = [entry[0] for entry in parsed if isinstance(entry, tuple)]
    rows = (
        transaction.rows(
            """SELECT json_group_array(json_array(key, lease, state, priority, group_id)) FROM messages
               WHERE key IN (SELECT value FROM json_each(?))""",
            json.encode_text(keys),
        )
        if keys
        else []
    )
    current = {row[0]: row for row in rows}
    found: list[Lookup] = []
    for entry in parsed:
        if not isinstance(entry, tuple):
            found.append(entry)
            continue
        key, lease = entry
        # A receipt counts once in a transaction: the second of two equal deletes must be told.
        row = current.pop(key, None)
        if row is None or row[1] != lease:
            if row is not None:
                current[key] = row
            found.append(receipt_expired())
        else:
            found.append(Held(key, State(row[2]), row[3], row[4], transaction.queue_by_id(key >> SEQUENCE_BITS)))
    return found


class Delete(Operation):
    """Acknowledge messages."""

    __slots__ = ("receipts",)

    ORDER = 10

    def __init__(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> None:
        self.receipts = receipts

    @classmethod
    def run_all(cls, transaction: Transaction, operations: Sequence[Delete]) -> list[list[Outcome]]:
        receipts = [receipt for operation in operations for receipt in operation.receipts]
        done = _delete_leased(transaction, receipts)
        outcomes: list[Outcome] = [None] * len(receipts) if done else _delete(transaction, receipts)
        transaction.settle_keys()
        return split(outcomes, [len(operation.receipts) for operation in operations])


def _delete_leased(transaction: Transaction, receipts: Sequence[tuple[QueueName, Receipt]]) -> bool:
    """The usual acknowledgement: everything is leased as the receipts say, so nothing need be looked at one by one.
    False, with nothing changed, when it is not so."""
    batches: dict[tuple[str, str], list[int]] = {}
    try:
        for queue_name, receipt in receipts:
            key, _, lease = receipt.partition("-")
            batches.setdefault((queue_name, lease), []).append(int(key, 16))
        if len(batches) > _LEASES_MAX:
            return False
        transaction.run("SAVEPOINT acknowledge")
        for (queue_name, lease), keys in batches.items():
            queue = transaction.find_queue(queue_name)
            deleted = 0
            if queue is not None and not queue.has_keys:
                first, last = queue.key_range
                transaction.run(_DELETE_LEASED, json.encode_text(keys), int(lease, 16), first, last)
                deleted = transaction.value("SELECT changes()")
            if deleted != len(keys):
                transaction.run("ROLLBACK TO acknowledge")
                return False
    except (ValueError, OverflowError):
        # Some text that is no receipt: the careful way says which.
        return False
    for (queue_name, _), keys in batches.items():
        transaction.queue(queue_name).count(State.LEASED, 0, -len(keys))
    return True


def _delete(transaction: Transaction, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
    keys: list[int] = []
    outcomes: list[Outcome] = []
    for entry in look_up(transaction, receipts):
        if isinstance(entry, WipsieError):
            outcomes.append(entry)
            continue
        keys.append(entry.key)
        entry.queue.count(entry.state, entry.priority, -1)
        if entry.group_id is not None and entry.queue.has_keys:
            transaction.touch_key(entry.queue, entry.group_id)
        outcomes.append(None)
    if keys:
        transaction.run("DELETE FROM messages WHERE key IN (SELECT value FROM json_each(?))", json.encode_text(keys))
    return outcomes


class ChangeVisibility(Operation):
    """Move the end of leases; at 0, give the message back."""

    __slots__ = ("changes",)

    ORDER = 15
    LEASES_ONLY = True

    def __init__(self, changes: Sequence[VisibilityChange]) -> None:
        self.changes = changes

    @classmethod
    def run_all(cls, transaction: Transaction, operations: Sequence[ChangeVisibility]) -> list[list[Outcome]]:
        changes = [change for operation in operations for change in operation.changes]
        found = look_up(transaction, [(change.queue, change.receipt) for change in changes])
        updates: list[tuple[int, int, int, int, bool]] = []
        outcomes: list[Outcome] = []
        for change, entry in zip(changes, found, strict=True):
            if isinstance(entry, WipsieError):
                outcomes.append(entry)
                continue
            if entry.state == State.BLOCKED:
                # The lease ended and another message of the key took its slot: holding on would exceed the limit.
                outcomes.append(receipt_expired())
                continue
            updates.append(_change(transaction, change, entry))
            outcomes.append(None)
        if updates:
            transaction.run(
                """UPDATE messages SET state = c.value ->> 1, visible_at = c.value ->> 2,
                     receive_count = receive_count - (c.value ->> 3),
                     lease = CASE WHEN c.value ->> 4 THEN NULL ELSE lease END
                   FROM json_each(?) AS c WHERE messages.key = c.value ->> 0""",
                json.encode_text(updates),
            )
        transaction.settle_keys()
        return split(outcomes, [len(operation.changes) for operation in operations])


def _change(transaction: Transaction, change: VisibilityChange, held: Held) -> tuple[int, int, int, int, bool]:
    """(key, new state, visible at, receives to undo, receipt is spent) for one change."""
    queue = held.queue
    at_ms = transaction.now_ms + int(change.visibility_timeout_s * 1000)
    delayed = at_ms > transaction.now_ms
    # A keeper of leases may ask for more time while the message is being released: that must come too late.
    spent = change.release or change.undo_receive
    gives_back = spent or not delayed
    keyed = held.group_id is not None and queue.has_keys
    if not gives_back:
        state = State.LEASED
    elif keyed and (queue.settings.fifo or not delayed):
        # Blocked for a moment: settle_keys then picks the next of the key, for FIFO this very message.
        state = State.BLOCKED
    else:
        state = State.DELAYED if delayed else State.READY
    if keyed and gives_back:
        transaction.touch_key(queue, held.group_id or "")
    queue.count(held.state, held.priority, -1)
    queue.count(state, held.priority, 1)
    if state == State.READY:
        queue.became_ready += 1
    elif state != State.BLOCKED:
        transaction.becomes_due(queue, at_ms)
    return held.key, int(state), at_ms, int(change.undo_receive), spent


def split(outcomes: list[Outcome], sizes: Sequence[int]) -> list[list[Outcome]]:
    """Cut the outcomes of a merged batch back into those of each call."""
    results: list[list[Outcome]] = []
    start = 0
    for size in sizes:
        results.append(outcomes[start : start + size])
        start += size
    return results
