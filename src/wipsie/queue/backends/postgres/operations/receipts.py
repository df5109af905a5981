"""Receipts of a batch: which queue, message and lease each stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName, Receipt
from wipsie.queue.backend_kit.refusals import queue_not_found, receipt_of_another_queue
from wipsie.queue.backends.postgres.known_queues import KnownQueue
from wipsie.queue.backends.postgres.rows import NUMBER_BITS, parse_receipt
from wipsie.queue.backends.postgres.store import Store
from wipsie.queue.contract import Outcome


class Held(NamedTuple):
    """What a receipt says; whether it is current, the database decides."""

    queue: KnownQueue
    key: int
    lease: int


async def look_at(store: Store, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Held | WipsieError]:
    """One entry for each (queue name, receipt). Refusals: QueueNotFound, InvalidReceipt."""
    await store.learn(name for name, _ in receipts)
    entries = [_look_at(store, name, receipt) for name, receipt in receipts]
    doubtful = {name for (name, _), entry in zip(receipts, entries, strict=True) if isinstance(entry, WipsieError)} & {
        name for name, _ in receipts if store.queues.get(name) is not None
    }
    if not doubtful:
        return entries
    # A queue of that name may have been deleted and made anew since it was read.
    await store.refresh(doubtful)
    return [_look_at(store, name, receipt) for name, receipt in receipts]


def _look_at(store: Store, name: QueueName, receipt: Receipt) -> Held | WipsieError:
    queue = store.queues.get(name)
    if queue is None:
        return queue_not_found(name)
    try:
        key, lease = parse_receipt(receipt)
    except WipsieError as error:
        return error
    if key >> NUMBER_BITS != queue.queue_id:
        return receipt_of_another_queue(name)
    return Held(queue, key, lease)


def split(outcomes: list[Outcome], calls: Sequence[Sequence[object]]) -> list[list[Outcome] | BaseException]:
    """Cut the outcomes of a merged batch back into those of each call."""
    results: list[list[Outcome] | BaseException] = []
    start = 0
    for call in calls:
        results.append(outcomes[start : start + len(call)])
        start += len(call)
    return results
