"""Ids are types, not strings: a message id cannot be passed where a request id is meant."""

from __future__ import annotations

import os
from typing import NewType

MessageId = NewType("MessageId", str)
"""UUID4 text, given once when a message is accepted, kept over retries, dead-lettering and redrive."""

Receipt = NewType("Receipt", str)
"""Opaque proof of one delivery; worthless once the message was delivered again."""

QueueName = NewType("QueueName", str)
"""The stored name of a queue, for example ``wipsie-data-polling``."""

RequestId = NewType("RequestId", str)
CorrelationId = NewType("CorrelationId", str)
WorkerId = NewType("WorkerId", str)


def new_uuid() -> str:
    """A random UUID4 in its usual text form, twice as fast as `uuid.uuid4`."""
    value = int.from_bytes(os.urandom(16), "big")
    # Version 4 in bits 76-79 and the RFC 9562 variant in bits 62-63.
    value = (value & ~(0xF << 76) & ~(0x3 << 62)) | (0x4 << 76) | (0x2 << 62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_message_id() -> MessageId:
    """A fresh message id."""
    return MessageId(new_uuid())


def new_request_id() -> RequestId:
    """A fresh request id, for example ``req-3f2a9c0d1e4b5a67``."""
    return RequestId(f"req-{os.urandom(8).hex()}")
