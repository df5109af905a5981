"""The sentences of refusals every backend gives, so that users read the same ones everywhere. Each function returns the
error; callers raise it or give it as an outcome."""

from __future__ import annotations

from wipsie.kernel.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidInput,
    InvalidReceipt,
    NotSupported,
    QueueExists,
    QueueNotFound,
    ReceiptExpired,
    ShuttingDown,
    TooManyRequests,
)
from wipsie.queue.contract import QueueSettings, first_difference


def queue_not_found(name: str) -> QueueNotFound:
    """A queue nobody created."""
    return QueueNotFound(
        f"There is no queue '{name}'; list the queues to see the names, or create it first.",
        details={"queue_name": name},
    )


def queue_exists(wanted: QueueSettings, existing: QueueSettings) -> QueueExists | None:
    """The refusal to create `wanted` where `existing` is; None when both are the same queue."""
    difference = first_difference(wanted, existing)
    if difference is None:
        return None
    field, value, has = difference
    return QueueExists(
        f"The queue '{wanted.name}' exists with another {field} ({has!r}, not {value!r}); "
        "change the queue or choose another name.",
        details={"queue_name": wanted.name, "field": field, "existing": has, "wanted": value},
    )


def fifo_is_fixed() -> InvalidInput:
    """A change of a queue's kind."""
    return InvalidInput(
        "A queue cannot change between standard and FIFO; create another queue.", details={"field": "fifo"}
    )


def receipt_expired() -> ReceiptExpired:
    """A receipt that is no longer current."""
    return ReceiptExpired(
        "This receipt handle is no longer valid: the message was deleted, moved or delivered again since. "
        "Receive it again to get a new one."
    )


def receipt_invalid(receipt: str) -> InvalidReceipt:
    """Text that no delivery ever carried."""
    return InvalidReceipt(
        "This receipt handle was not issued by this queue; use the receipt_handle of a received message unchanged.",
        details={"receipt_handle": receipt[:64]},
    )


def receipt_of_another_queue(queue: str) -> InvalidReceipt:
    """A receipt used with the wrong queue."""
    return InvalidReceipt("This receipt handle belongs to another queue.", details={"queue_name": queue})


def no_dead_letter_queue(queue: str) -> Conflict:
    """A dead letter of a queue that has nowhere to put it."""
    return Conflict(
        f"The queue '{queue}' has no dead-letter queue; set dead_letter_queue first.", details={"queue_name": queue}
    )


def dead_letter_queue_missing(name: str) -> QueueNotFound:
    """A dead-letter queue that is named in settings and does not exist."""
    return QueueNotFound(f"The dead-letter queue '{name}' does not exist; create it.", details={"queue_name": name})


def key_reused(message_id: str) -> IdempotencyKeyReused:
    """A deduplication id that came again with another message. `message_id`: that of the first."""
    return IdempotencyKeyReused(
        "This key was used for another message; use a new key for a new message.", details={"message_id": message_id}
    )


def not_running() -> ShuttingDown:
    """A call before start or after stop."""
    return ShuttingDown("The queue is not running; try again when Wipsie has started.", retry_after_s=2)


def too_many_calls(waiting: int, what: str) -> TooManyRequests:
    """More calls wait than memory should hold. `what` they wait for: "the disk", "the database"."""
    return TooManyRequests(f"{waiting} calls wait for {what} already; slow down and try again.", retry_after_s=1)


def not_supported(backend: str, capability: str, sentence: str) -> NotSupported:
    """Something `backend` declares that it cannot do; `sentence` says what to do instead."""
    return NotSupported(
        f"The {backend} backend cannot do this: {sentence}", details={"capability": capability, "backend": backend}
    )
