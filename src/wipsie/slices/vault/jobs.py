"""The messages by which the parts of the vault give each other work. They carry ids of ours, and nothing of anybody."""

from __future__ import annotations

from typing import Final

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import NewMessage
from wipsie.queue.message import complete
from wipsie.telemetry import correlation

MESSAGES_QUEUE: Final = "vault_messages"
MEDIA_QUEUE: Final = "vault_media"
DELIVERIES_QUEUE: Final = "vault_deliveries"

PROCESS: Final = "vault_process"
TIMER: Final = "vault_timer"
FETCH: Final = "vault_fetch"
DELIVER: Final = "vault_deliver"
READ_ON: Final = "vault_read_on"
EXPORT: Final = "vault_export"
CLEAN: Final = "vault_clean"

_SOURCE = "vault"


class ProcessJob(msgspec.Struct, frozen=True, kw_only=True):
    """Handle what waits in the inbox of one sender."""

    sender: str
    """Their `sender_token`."""


class FetchJob(msgspec.Struct, frozen=True, kw_only=True):
    """Fetch and check one file."""

    file: str
    password: str | None = None
    """Of a locked PDF: sealed for this file, in base64."""


class DeliverJob(msgspec.Struct, frozen=True, kw_only=True):
    """Send what waits for one owner."""

    owner: str


class TimerJob(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a conversation is over, unless it went on."""

    owner: str
    deadline_ms: int


class ReadOnJob(msgspec.Struct, frozen=True, kw_only=True):
    """Read the pages of a saved file that its card did not need."""

    file: str


class ExportJob(msgspec.Struct, frozen=True, kw_only=True):
    """Make the archive an owner asked for."""

    owner: str
    export: str
    """Id of the object it becomes."""


class CleanJob(msgspec.Struct, frozen=True, kw_only=True):
    """Do what is due by the clock."""


Job = ProcessJob | TimerJob | FetchJob | ReadOnJob | DeliverJob | ExportJob

_PLACES: dict[type, tuple[str, str]] = {
    ProcessJob: (MESSAGES_QUEUE, PROCESS),
    TimerJob: (MESSAGES_QUEUE, TIMER),
    FetchJob: (MEDIA_QUEUE, FETCH),
    ReadOnJob: (MEDIA_QUEUE, READ_ON),
    DeliverJob: (DELIVERIES_QUEUE, DELIVER),
    ExportJob: (MEDIA_QUEUE, EXPORT),
}


def job_message(job: Job, *, now_s: float, delay_s: float | None = None) -> NewMessage:
    """The message of a job, to be published in the commit that makes it necessary. A job too many does no harm: each looks at the
    tables for what there is to do."""
    queue, task_type = _PLACES[type(job)]
    message_id, body = complete(
        {"task_type": task_type, "data": msgspec.to_builtins(job)},
        queue=queue,
        source=_SOURCE,
        now_s=now_s,
        correlation_id=correlation.correlation_id(),
        request_id=correlation.request_id(),
    )
    # The short name: the relay resolves it.
    return NewMessage(queue=QueueName(queue), body=body, message_id=message_id, delay_s=delay_s)
