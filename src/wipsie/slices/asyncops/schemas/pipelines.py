"""Queues, as incidents about them show them."""

from __future__ import annotations

import msgspec


class PipelineState(msgspec.Struct, frozen=True, kw_only=True):
    """How the queue behind an incident is now."""

    queue: str
    is_well: bool
    """Nothing waits too long there, and no dead letters wait."""
    sentence: str
    ready: int
    oldest_ready_age_s: float | None
    dead_letters: int
    paused: bool
