"""A delivery in this worker's hands, from the moment it was received until its lease is given up."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from wipsie.queue.contract import Delivery


class CancelReason(Enum):
    """Why a running handler is told to stop."""

    TIMED_OUT = "timed_out"
    LEASE_LOST = "lease_lost"
    DRAINED = "drained"


class Runner(Protocol):
    """What runs a handler: a slot."""

    def cancel(self, reason: CancelReason, now: float) -> None:
        """Tell the running handler to stop. `now`: monotonic seconds."""
        ...


class Held:
    """One held delivery::

    received ─► buffered ─► running ─► settled (deleted, given back or dead-lettered) ─► let go
                   │  ▲         │
                   ▼  │         └── lease lost: cancelled, nothing is settled
                   aside (its key or its handler is busy)
    """

    __slots__ = ("attempt", "delivery", "lease_s", "lease_until_ms", "lost", "slot")

    def __init__(self, delivery: Delivery, lease_s: float) -> None:
        """`lease_s` is how long the lease was when it was given, and what it is extended by."""
        self.delivery = delivery
        self.attempt = delivery.receive_count
        self.lease_until_ms = delivery.lease_until_ms
        self.lease_s = lease_s
        self.lost = False
        """The queue gave the message to somebody else."""
        self.slot: Runner | None = None
        """Where it runs, while it runs."""
