"""A place in a worker where one handler runs at a time."""

from __future__ import annotations

import asyncio

from wipsie.workers.held import CancelReason, Held
from wipsie.workers.route import Route


class Slot:
    """One slot::

    idle ── begin ──► running ── end ──► idle
                         │
                       cancel ──► stopping ── the handler ends ──► idle
                                     │
                                     └── it swallows the cancellation: abandoned, another slot takes the place
    """

    __slots__ = (
        "abandoned",
        "cancelled_at",
        "correlation_id",
        "deadline",
        "held",
        "reason",
        "route",
        "started_at_ms",
        "task",
    )

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.held: Held | None = None
        self.route: Route | None = None
        self.correlation_id = ""
        self.started_at_ms = 0
        self.deadline = 0.0
        """Monotonic seconds."""
        self.reason: CancelReason | None = None
        self.cancelled_at = 0.0
        self.abandoned = False

    def begin(self, held: Held, route: Route, correlation_id: str, started_at_ms: int, deadline: float) -> None:
        """A handler starts."""
        self.held = held
        self.route = route
        self.correlation_id = correlation_id
        self.started_at_ms = started_at_ms
        self.deadline = deadline
        held.slot = self

    def end(self) -> None:
        """The handler is over; cancellations asked for are used up."""
        if self.held is not None:
            self.held.slot = None
            self.held = None
        if self.reason is not None:
            self.reason = None
            # What was cancelled is over; the next handler's time-outs must not see a cancelled task.
            while self.task is not None and self.task.cancelling():
                self.task.uncancel()

    def cancel(self, reason: CancelReason, now: float) -> None:
        """Tell the running handler to stop; the first reason counts. `now`: monotonic seconds."""
        if self.held is None or self.reason is not None or self.task is None:
            return
        self.reason = reason
        self.cancelled_at = now
        self.task.cancel()
