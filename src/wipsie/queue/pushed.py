"""Messages that somebody else received: a transport that reads the queue itself and hands over what it got.

Amazon's event source mapping does so for Lambda functions. The message is leased already; what is missing is everything that
a receive of the backend would have made of it.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import Attribute, Delivery


class PushedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the transport shows it."""

    transport_id: str
    """The id the transport's store gave it; the message's own id lies within."""
    handle: str
    """What the store takes to settle it: a receipt handle of Amazon SQS."""
    body: str
    system: dict[str, str] = {}
    """What the store says of it, by the names of Amazon SQS: ApproximateReceiveCount, SentTimestamp, MessageGroupId, …"""
    attributes: dict[str, Attribute] = {}


@runtime_checkable
class PushedDeliveries(Protocol):
    """A backend whose messages others may receive for it."""

    async def take_pushed(self, queue: QueueName, message: PushedMessage) -> Delivery | None:
        """The delivery this message is, as if it had been received here: from then on it can be acknowledged, given back
        and dead-lettered. None when it must not be handled now (its delay goes on, or its body cannot be fetched): leave it
        alone, it comes back by itself. QueueNotFound, StorageUnavailable."""
        ...
