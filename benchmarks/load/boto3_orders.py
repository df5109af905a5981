"""What the boto3 client is told, and what it answers."""

from __future__ import annotations

import json

import msgspec

BATCH = 10
"""Messages in a batch: as many as Amazon SQS takes."""
BODY = json.dumps(
    {
        "task_type": "user_action",
        "message": "Process user data",
        "data": {"user_id": "12345", "action": "profile_update", "source": "web_app", "tries": [1, 2, 3]},
        "note": "about two hundred bytes, as most messages are",
    }
)
PHASES = ("send", "send a batch of 10", "receive + delete", "receive + delete, 10 at a time")
"""What is measured, in this order: the first two leave the messages that the others take."""


class Boto3Order(msgspec.Struct, kw_only=True):
    """Run each phase for `seconds`, by `threads` threads of one process with a client in common."""

    endpoint_url: str
    queue: str
    seconds: float
    warm_up_s: float
    threads: int
    core: int | None = None


class PhaseReport(msgspec.Struct, kw_only=True):
    """One phase."""

    name: str
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds


class Boto3Report(msgspec.Struct, kw_only=True):
    """One run against one server. `sent` and `deleted` count the warm-up too."""

    version: str
    phases: list[PhaseReport]
    sent: int
    deleted: int
