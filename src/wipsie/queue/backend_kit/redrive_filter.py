"""Which dead letters a redrive takes."""

from __future__ import annotations

from wipsie.queue.contract import DeadLetter, RedriveFilter


def matches(matching: RedriveFilter | None, dead: DeadLetter | None, message_id: str) -> bool:
    """Whether a message fits the filter; without a filter every message does. `dead` is None for a message that was
    written into a dead-letter queue directly."""
    if matching is None:
        return True
    if matching.message_ids is not None and message_id not in matching.message_ids:
        return False
    if matching.cause_code is not None and (dead is None or dead.cause.code != matching.cause_code):
        return False
    if matching.reason_contains is not None and (dead is None or matching.reason_contains not in dead.cause.reason):
        return False
    return matching.dead_before_ms is None or (dead is not None and dead.dead_at_ms < matching.dead_before_ms)
