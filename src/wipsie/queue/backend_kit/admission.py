"""What a queue takes in: size, keys, limits. The same rules whatever keeps the queue."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from wipsie.kernel.errors import InvalidInput, MessageTooLarge, QueueFull
from wipsie.queue.contract import TRACE_HEADER, Attribute, NewMessage, QueueSettings


def message_bytes(message: NewMessage) -> int:
    """Size as Amazon SQS counts it: body in UTF-8 plus names, types and values of attributes."""
    body = message.body
    size = len(body) if body.isascii() else len(body.encode())
    if message.attributes:
        for name, attribute in message.attributes.items():
            if name != TRACE_HEADER:
                size += len(name.encode()) + len(attribute.data_type.encode()) + _value_bytes(attribute)
    return size


def _value_bytes(attribute: Attribute) -> int:
    value = attribute.value
    if attribute.data_type.startswith("Binary"):
        return len(value) * 3 // 4 - value.count("=", -2)
    return len(value.encode())


def deduplication_key(settings: QueueSettings, message: NewMessage) -> str | None:
    """The id under which a repeat of this message is recognised, if any."""
    if message.deduplication_id is not None:
        key = message.deduplication_id
    elif settings.content_based_deduplication:
        key = "sha256:" + hashlib.sha256(message.body.encode()).hexdigest()
    else:
        return None
    if not settings.deduplication_by_group:
        return key
    # Hashed: both are of any length up to theirs, and hold any characters.
    return "group:" + hashlib.sha256(f"{len(message.group_id or '')}:{message.group_id}:{key}".encode()).hexdigest()


def deduplication_window_s(settings: QueueSettings, message: NewMessage) -> float:
    """How long a repeat is recognised."""
    window_s = message.deduplication_window_s
    return settings.deduplication_window_s if window_s is None else window_s


def visible_at_ms(settings: QueueSettings, message: NewMessage, now_ms: int) -> int:
    """From when on the message may be delivered."""
    return now_ms + int((settings.delay_s if message.delay_s is None else message.delay_s) * 1000)


def check(settings: QueueSettings, message: NewMessage, *, total: Callable[[], int]) -> None:
    """Refuse what this queue cannot take: MessageTooLarge, InvalidInput, QueueFull. `total`, the number of messages in the
    queue, is asked only where it matters."""
    size = message_bytes(message)
    if size > settings.message_bytes_max:
        raise MessageTooLarge(
            f"The message has {size} bytes; this queue takes up to {settings.message_bytes_max}. "
            "Store the content elsewhere and send a reference.",
            details={"bytes": size, "bytes_max": settings.message_bytes_max},
        )
    if settings.fifo and message.group_id is None:
        raise InvalidInput("A FIFO queue needs a group_id on every message.", details={"field": "group_id"})
    if settings.max_messages is not None and total() >= settings.max_messages:
        raise QueueFull(
            f"The queue holds its maximum of {settings.max_messages} messages; try again when some were processed.",
            details={"queue_name": settings.name, "max_messages": settings.max_messages},
            retry_after_s=5,
        )
