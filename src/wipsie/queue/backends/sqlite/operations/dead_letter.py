"""Dead-letter: move messages that failed for good, with the cause, in one step with their removal."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.extras import Extras, read_extras, write_extras
from wipsie.queue.backend_kit.refusals import dead_letter_queue_missing, no_dead_letter_queue
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.settle import look_up, split
from wipsie.queue.backends.sqlite.rows import QueueRow, State
from wipsie.queue.backends.sqlite.transaction import Transaction
from wipsie.queue.contract import DeadLetter, DeadLetterCause, DeadLetterOrder, Outcome


class Moving(msgspec.Struct, array_like=True):
    """What a message takes along when it changes queues."""

    key: int
    state: int
    priority: int
    group_id: str | None
    extras: str | None


_moving_decoder = msgspec.json.Decoder(list[Moving])


def select_moving(transaction: Transaction, keys: Sequence[int]) -> list[Moving]:
    """The rows of these keys, in order of acceptance."""
    return _moving_decoder.decode(
        transaction.value(
            """SELECT json_group_array(json_array(key, state, priority, group_id, extras)) FROM (
                 SELECT key, state, priority, group_id, extras FROM messages
                 WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key)""",
            json.encode_text(keys),
        )
    )


def move(
    transaction: Transaction, source: QueueRow, target: QueueRow, row: Moving, extras: Extras, *, fresh: bool
) -> None:
    """Give one message a new place at the end of `target`. `fresh` starts its receive count again."""
    now_ms = transaction.now_ms
    source.count(State(row.state), row.priority, -1)
    if row.group_id is not None and source.has_keys:
        transaction.touch_key(source, row.group_id)
    state = transaction.place(target, row.group_id, now_ms)
    transaction.run(
        """UPDATE messages SET key = ?, queue_id = ?, state = ?, visible_at = ?, lease = NULL, extras = ?,
           receive_count = CASE WHEN ? THEN 0 ELSE receive_count END,
           first_received_at = CASE WHEN ? THEN NULL ELSE first_received_at END WHERE key = ?""",
        target.take_key(),
        target.queue_id,
        int(state),
        now_ms,
        write_extras(extras),
        fresh,
        fresh,
        row.key,
    )
    transaction.enter(target, state, row.priority, now_ms)


def move_to_dead_letters(
    transaction: Transaction, queue: QueueRow, keys: Sequence[int], cause: DeadLetterCause
) -> None:
    """Move messages of one queue to its dead-letter queue, all for the same cause. QueueNotFound, Conflict."""
    target = dead_letter_queue(transaction, queue)
    for row in select_moving(transaction, keys):
        _bury(transaction, queue, target, row, cause)


def dead_letter_queue(transaction: Transaction, queue: QueueRow) -> QueueRow:
    """The queue that takes the dead letters of `queue`."""
    name = queue.settings.dead_letter_queue
    target = None if name is None else transaction.find_queue(name)
    if target is not None:
        return target
    if name is None:
        raise no_dead_letter_queue(queue.settings.name)
    raise dead_letter_queue_missing(name)


def _bury(transaction: Transaction, queue: QueueRow, target: QueueRow, row: Moving, cause: DeadLetterCause) -> None:
    extras = read_extras(row.extras)
    name = QueueName(queue.settings.name)
    extras.dead_letter = DeadLetter(origin=name, dead_at_ms=transaction.now_ms, cause=cause)
    move(transaction, queue, target, row, extras, fresh=False)


class DeadLetterMessages(Operation):
    """Move leased messages to the dead-letter queues of their queues."""

    __slots__ = ("orders",)

    ORDER = 20

    def __init__(self, orders: Sequence[DeadLetterOrder]) -> None:
        self.orders = orders

    @classmethod
    def run_all(cls, transaction: Transaction, operations: Sequence[DeadLetterMessages]) -> list[list[Outcome]]:
        orders = [order for operation in operations for order in operation.orders]
        outcomes: list[Outcome] = []
        for order, entry in zip(
            orders, look_up(transaction, [(order.queue, order.receipt) for order in orders]), strict=True
        ):
            if isinstance(entry, WipsieError):
                outcomes.append(entry)
                continue
            try:
                target = dead_letter_queue(transaction, entry.queue)
            except WipsieError as error:
                outcomes.append(error)
                continue
            for row in select_moving(transaction, [entry.key]):
                _bury(transaction, entry.queue, target, row, order.cause)
            outcomes.append(None)
        transaction.settle_keys()
        return split(outcomes, [len(operation.orders) for operation in operations])
