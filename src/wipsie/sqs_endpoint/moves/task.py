"""One message move task, and the handle by which clients name it.

RUNNING ──────────────► COMPLETED
   │ ├── an error ────► FAILED
   │ └── cancelled ───► CANCELLING ──► CANCELLED
"""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum

import msgspec

from wipsie.kernel.ids import QueueName


class MoveStatus(StrEnum):
    """Where a task is."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class MoveTask(msgspec.Struct, frozen=True, kw_only=True):
    """One run over one dead-letter queue, as it was last written down."""

    task_id: str
    source: QueueName
    source_arn: str
    """As the client named it, which says it back to them."""
    destination: QueueName | None
    destination_arn: str | None
    rate_per_s: int | None
    to_move: int
    """Messages in the queue when the task began."""
    started_at_ms: int
    status: MoveStatus = MoveStatus.RUNNING
    moved: int = 0
    position: int = 0
    """The sequence number after which the run goes on."""
    failure: str | None = None
    """The code of the error that ended it."""

    @property
    def handle(self) -> str:
        """By which it is cancelled."""
        return base64.b64encode(msgspec.json.encode(Handle(self.task_id, self.source_arn))).decode()


class Handle(msgspec.Struct, rename="camel"):
    """What a task handle says, in base64."""

    task_id: str
    source_arn: str


def read_handle(text: str) -> Handle | None:
    """What a handle says; None for text that never was one."""
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True), type=Handle)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return None
