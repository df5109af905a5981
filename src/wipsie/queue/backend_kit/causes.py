"""Causes of death that a queue itself finds."""

from __future__ import annotations

from wipsie.queue.contract import DeadLetterCause


def receive_limit_cause(limit: int) -> DeadLetterCause:
    """A message that was delivered `limit` times and never acknowledged."""
    return DeadLetterCause(
        code="RECEIVE_LIMIT",
        reason=f"Delivered {limit} times and never acknowledged; it may end the worker that handles it.",
    )
