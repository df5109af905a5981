"""What became of a message, however its statuses come: late, twice, in any order, or not all of them.

queued < sent < failed < delivered < read < played

A status that is lower than what is known changes nothing. `failed` stands above `sent` alone: what a phone has shown has not
failed.
"""

from __future__ import annotations

from typing import Literal, TypeGuard, get_args

DeliveryStatus = Literal["queued", "sent", "failed", "delivered", "read", "played"]
_HEIGHT: dict[str, int] = {status: height for height, status in enumerate(get_args(DeliveryStatus))}


def joined(known: DeliveryStatus, told: str) -> DeliveryStatus:
    """The higher of the two. `told`: as a webhook names it; a status that is not known changes nothing."""
    return told if is_delivery_status(told) and _HEIGHT[told] > _HEIGHT[known] else known


def is_delivery_status(told: str) -> TypeGuard[DeliveryStatus]:
    """Whether we know what it means."""
    return told in _HEIGHT
