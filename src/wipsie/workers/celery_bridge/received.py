"""A message as kombu received it, on its way from Celery's main process into the pool."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.kernel.ids import QueueName


class Received(msgspec.Struct, kw_only=True):
    """What Celery's task carries; JSON in between."""

    queue: QueueName
    """Stored name."""
    message: dict[str, Any]
    """As Amazon SQS gives it: MessageId, ReceiptHandle, Body, Attributes, MessageAttributes."""
    leased_at_ms: int
    """When the lease was given or last extended."""
    lease_s: float

    @property
    def lease_until_ms(self) -> int:
        """When the message comes back by itself."""
        return self.leased_at_ms + int(self.lease_s * 1000)
