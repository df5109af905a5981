"""Requests and responses of the ``/sqs`` API, as the technical spec writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

QueueNameText = Annotated[str, Meta(min_length=1, max_length=100)]


class SendRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A message for one queue."""

    queue_name: QueueNameText
    message: dict[str, Any]
    """Any JSON object. What it leaves out of `id`, `timestamp`, `source`, `queue` and `correlation_id` is filled in."""
    attributes: dict[str, Any] | None = None
    """Up to 10 notes beside the message: texts, numbers, or in the form of SQS."""
    delay_s: Annotated[float, Meta(ge=0)] | None = None
    """Seconds until the message can be received; null takes the queue's delay."""
    group_id: str | None = None
    """FIFO queues: messages of one group keep their order."""
    deduplication_id: str | None = None
    """A second message with this id within the queue's window is answered like the first and not stored."""


class SendResponse(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The message is stored durably."""

    message_id: str
    queue: str
    status: str
    timestamp: str
    duplicate: bool = False
    """Only for a repeat: this message was accepted before; id and time are those of the first."""


class ReceivedMessage(msgspec.Struct, kw_only=True):
    """One leased message."""

    message_id: str
    body: Any
    """The parsed JSON, or the text when it is none."""
    attributes: dict[str, dict[str, str]]
    receipt_handle: str


class ReceiveResponse(msgspec.Struct, kw_only=True):
    """The messages that were leased."""

    queue: str
    message_count: int
    messages: list[ReceivedMessage]


class DeleteResponse(msgspec.Struct, kw_only=True):
    """The message is gone."""

    status: str
    queue: str


class QueuesResponse(msgspec.Struct, kw_only=True):
    """The queues that take work."""

    available_queues: list[str]
    region: str


class SentTestMessage(msgspec.Struct, kw_only=True):
    """What became of the test message."""

    message_id: str
    queue: str
    status: str


class TestMessageResponse(msgspec.Struct, kw_only=True):
    """The test message and what became of it."""

    # Not a test class, whatever its name says.
    __test__ = False

    status: str
    test_message: dict[str, Any]
    result: SentTestMessage


class QueueStatistics(msgspec.Struct, kw_only=True):
    """One queue in numbers."""

    queue: str
    ready: int
    delayed: int
    leased: int
    blocked: int
    total: int
    oldest_ready_age_s: float | None
    paused: bool
    is_dead_letter_queue: bool


class StatisticsResponse(msgspec.Struct, kw_only=True):
    """All queues, dead-letter queues included."""

    queues: list[QueueStatistics]
    timestamp: str


class TaskRunView(msgspec.Struct, kw_only=True):
    """One try of one message."""

    message_id: str
    queue: str
    task_type: str
    attempt: int
    status: str
    worker: str
    wait_ms: float
    run_ms: float
    started_at: str
    finished_at: str
    result: Any
    error: str | None
    traceback: str | None
    correlation_id: str | None


class RunsResponse(msgspec.Struct, kw_only=True):
    """Tries of tasks, newest first; those of one message in their order."""

    runs: list[TaskRunView]


class WorkerView(msgspec.Struct, kw_only=True):
    """One worker process."""

    id: str
    host: str
    pid: int
    state: Literal["alive", "late", "stopped"]
    """late: silent for longer than 20 seconds, most likely killed. Late and stopped ones are forgotten after an hour."""
    queues: list[str]
    started_at: str
    last_heartbeat_at: str
    busy: int
    """Handlers it ran at its last heartbeat."""
    slots: int
    """Handlers it can run at the same time."""
    processed: int
    """Tries that succeeded since it started."""
    failed: int
    """Tries that did not."""
    version: str


class WorkersResponse(msgspec.Struct, kw_only=True):
    """Workers, whatever process or machine they run on."""

    workers: list[WorkerView]
    alive: int
    timestamp: str


class WelcomeResponse(msgspec.Struct, kw_only=True):
    """What this is and where to go on."""

    name: str
    version: str
    message: str
    links: dict[str, str]
