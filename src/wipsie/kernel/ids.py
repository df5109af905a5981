"""Ids are types, not strings: a message id cannot be passed where a request id is meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NewType

from wipsie.kernel.clock import SystemClock

MessageId = NewType("MessageId", str)
"""UUID text, given once when a message is accepted, kept over retries, dead-lettering and redrive."""

Receipt = NewType("Receipt", str)
"""Opaque proof of one delivery; worthless once the message was delivered again."""

QueueName = NewType("QueueName", str)
"""The stored name of a queue, for example ``wipsie-data-polling``."""

RequestId = NewType("RequestId", str)
CorrelationId = NewType("CorrelationId", str)
WorkerId = NewType("WorkerId", str)

ObjectId = NewType("ObjectId", str)
"""Kind and UUIDv7 of a record people work with, for example ``inc_0193f0c2…``: opaque, unique, in the order of making."""


_HEX_DIGITS_PER_ID = 32
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The first digit after the third dash carries the variant of RFC 9562 in its upper two bits."""


class _Entropy:
    """Random hex digits for ids, drawn from the system in blocks: one system call for 256 ids instead of one each."""

    def __init__(self) -> None:
        self.drawn: Iterator[str] = iter(())

    def forget(self) -> None:
        self.drawn = iter(())

    def draw(self) -> str:
        """32 fresh digits."""
        # `next` on this iterator is one step of the interpreter: two threads never get the same digits.
        for digits in self.drawn:
            return digits
        block = os.urandom(256 * _HEX_DIGITS_PER_ID // 2).hex()
        self.drawn = iter([block[start : start + 32] for start in range(0, len(block), _HEX_DIGITS_PER_ID)])
        return next(self.drawn)


class _MillisecondPrefix:
    """The first 48 bits of ids made in the last millisecond: most ids of a busy process share it."""

    __slots__ = ("entry",)

    def __init__(self) -> None:
        self.entry: tuple[int, str] = (-1, "")


_entropy = _Entropy()
_prefix = _MillisecondPrefix()
# A forked child must not repeat the ids of its parent.
os.register_at_fork(after_in_child=_entropy.forget)


def new_uuid() -> str:
    """A random UUID4 in its usual text form, several times as fast as `uuid.uuid4`."""
    d = _entropy.draw()
    return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-{_VARIANT[d[16]]}{d[17:20]}-{d[20:]}"


def new_message_id() -> MessageId:
    """A fresh message id: a UUID4 by its form whose first 48 bits are the milliseconds of its making.

    Ids made together lie together in every index that holds them; at random places, one index on them costs as much as
    all the rest of a row. 74 random bits are left, so ids of one millisecond do not meet.
    """
    d = _entropy.draw()
    now_ms = SystemClock.now_ms()
    known_ms, prefix = _prefix.entry
    if now_ms != known_ms:
        prefix = f"{now_ms >> 16 & 0xFFFFFFFF:08x}-{now_ms & 0xFFFF:04x}-4"
        _prefix.entry = (now_ms, prefix)
    return MessageId(f"{prefix}{d[13:16]}-{_VARIANT[d[16]]}{d[17:20]}-{d[20:]}")


def new_request_id() -> RequestId:
    """A fresh request id, for example ``req-3f2a9c0d1e4b5a67``."""
    return RequestId(f"req-{os.urandom(8).hex()}")


class _Sequence:
    """Numbers the object ids of one millisecond: the 12 bits after the time, as RFC 9562 allows."""

    __slots__ = ("entry",)

    def __init__(self) -> None:
        self.entry: tuple[int, int] = (-1, 0)

    def next(self, now_ms: int) -> int:
        last_ms, number = self.entry
        number = number + 1 if now_ms == last_ms else 0
        self.entry = (now_ms, number)
        return number


_sequence = _Sequence()


def new_object_id(prefix: str, now_ms: int) -> ObjectId:
    """A fresh id: `prefix`, ``_`` and the 32 digits of a UUIDv7 (RFC 9562) of this time. Later ones sort later; those of one
    millisecond in the order in which this process made them."""
    d = _entropy.draw()
    # More than 4096 in one millisecond go on in the next, which only moves their order.
    later_ms, number = divmod(_sequence.next(now_ms), 0x1000)
    return ObjectId(f"{prefix}_{now_ms + later_ms & 0xFFFFFFFFFFFF:012x}7{number:03x}{_VARIANT[d[16]]}{d[17:32]}")


def first_object_id(prefix: str, at_ms: int) -> str:
    """What sorts before every id that `new_object_id` makes at this time or later, and after all earlier ones."""
    return f"{prefix}_{max(0, at_ms) & 0xFFFFFFFFFFFF:012x}"
