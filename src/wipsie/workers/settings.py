"""How a worker is run: which queues, how many handlers at once, how it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wipsie.workers.retry_policy import RetryPolicy


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """The defaults suit one small machine; every number may be changed without losing a promise."""

    queues: tuple[str, ...] | None = None
    """Short names of the queues to serve; None serves every queue that has a handler."""
    concurrency: int = 16
    """Handlers running at the same time, per queue."""
    concurrency_by_queue: Mapping[str, int] = field(default_factory=dict[str, int])
    """Other numbers for single queues, by short name."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    """For handlers that bring no policy of their own."""
    retry_by_queue: Mapping[str, RetryPolicy] = field(default_factory=dict[str, RetryPolicy])
    idle_pause_s_by_queue: Mapping[str, float] = field(default_factory=dict[str, float])
    """Rest after a long wait that brought nothing, by short name: for servers that charge by the request."""
    drain_deadline_s: float = 20.0
    """How long running handlers may go on after the worker was told to stop."""
    name: str | None = None
    """First part of the worker's id; None takes the host name."""
    prefetch_max: int = 1000
    """Most messages taken ahead of their start, per queue."""
    aside_max: int = 256
    """Most messages that wait in the worker for a busy key or handler, per queue."""
    cancel_grace_s: float = 10.0
    """A handler that does not end this long after it was cancelled loses its slot."""
    heartbeat_s: float = 5.0

    def concurrency_of(self, queue: str) -> int:
        """Slots for a queue (short name)."""
        return self.concurrency_by_queue.get(queue, self.concurrency)

    def retry_of(self, queue: str) -> RetryPolicy:
        """Retry policy of a queue (short name)."""
        return self.retry_by_queue.get(queue, self.retry)
