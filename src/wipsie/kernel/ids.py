"""Ids are types, not strings: a message id cannot be passed where a request id is meant."""

from __future__ import annotations

import os
import struct
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


class _Entropy:
    """Random pairs of 64 bits, drawn from the system in blocks: one system call for 256 ids instead of one each."""

    def __init__(self) -> None:
        self.pairs: Iterator[tuple[int, ...]] = iter(())

    def forget(self) -> None:
        self.pairs = iter(())

    def draw(self) -> tuple[int, ...]:
        # `next` on this iterator is one step of the interpreter: two threads never get the same pair.
        for pair in self.pairs:
            return pair
        self.pairs = struct.iter_unpack(">QQ", os.urandom(4096))
        return next(self.pairs)


_entropy = _Entropy()
# A forked child must not repeat the ids of its parent.
os.register_at_fork(after_in_child=_entropy.forget)


def new_uuid() -> str:
    """A random UUID4 in its usual text form, several times as fast as `uuid.uuid4`."""
    high, low = _entropy.draw()
    return (
        f"{high >> 32:08x}-{high >> 16 & 0xFFFF:04x}-4{high & 0xFFF:03x}-"
        f"{low >> 48 & 0x3FFF | 0x8000:04x}-{low & 0xFFFFFFFFFFFF:012x}"
    )


def new_message_id() -> MessageId:
    """A fresh message id: a UUID4 by its form whose first 48 bits are the milliseconds of its making.

    Ids made together lie together in every index that holds them; at random places, one index on them costs as much as
    all the rest of a row. 74 random bits are left, so ids of one millisecond do not meet.
    """
    high, low = _entropy.draw()
    now_ms = SystemClock.now_ms()
    return MessageId(
        f"{now_ms >> 16 & 0xFFFFFFFF:08x}-{now_ms & 0xFFFF:04x}-4{high & 0xFFF:03x}-"
        f"{low >> 48 & 0x3FFF | 0x8000:04x}-{low & 0xFFFFFFFFFFFF:012x}"
    )


def new_request_id() -> RequestId:
    """A fresh request id, for example ``req-3f2a9c0d1e4b5a67``."""
    return RequestId(f"req-{os.urandom(8).hex()}")
