"""What Amazon SQS locks and Wipsie does not, unless it is told to be as strict."""

from __future__ import annotations

from typing import NamedTuple

from wipsie.database.shared_store import SharedStore
from wipsie.kernel.ids import QueueName
from wipsie.sqs_endpoint.errors import PURGE_IN_PROGRESS, QUEUE_DELETED_RECENTLY, SqsError

LOCKED_S = 60.0
"""After a purge until the next, and after a delete until the name can be used again."""
IN_FLIGHT_MAX = 120_000


class Strictness(NamedTuple):
    """How strict."""

    locked_s: float = LOCKED_S
    in_flight_max: int = IN_FLIGHT_MAX


async def begin_purge(shared: SharedStore, strictness: Strictness, queue: QueueName) -> None:
    """Lock a queue against the next purge. SqsError while it is locked."""
    if await shared.compare_and_set(_purged(queue), 0, "purged", ttl_s=strictness.locked_s) is None:
        raise SqsError(
            PURGE_IN_PROGRESS,
            f"Only one PurgeQueue operation on {queue} is allowed every {strictness.locked_s:.0f} seconds.",
        )


async def purge_failed(shared: SharedStore, queue: QueueName) -> None:
    """The lock is taken back: nothing was purged."""
    await shared.delete(_purged(queue))


async def note_delete(shared: SharedStore, strictness: Strictness, queue: QueueName) -> None:
    """Lock a name that was just given up."""
    await shared.set(_deleted(queue), "deleted", ttl_s=strictness.locked_s)
    await shared.delete(_purged(queue))


async def check_name(shared: SharedStore, strictness: Strictness, queue: QueueName) -> None:
    """SqsError while a name is locked."""
    if await shared.get(_deleted(queue)) is not None:
        raise SqsError(
            QUEUE_DELETED_RECENTLY,
            f"You must wait {strictness.locked_s:.0f} seconds after deleting a queue before you can create another with the "
            "same name.",
        )


def _purged(queue: QueueName) -> str:
    return f"sqs-purged:{queue}"


def _deleted(queue: QueueName) -> str:
    return f"sqs-deleted:{queue}"
