"""Word that something in the pipelines goes wrong or is well again, as a message: whoever notices it sends one and knows
nothing of incidents; whoever proposes incidents knows nothing of what noticed it.

Message: task type ``operations_signal`` in the queue ``operations``, ``data`` as `OperationsSignal`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import NewMessage
from wipsie.queue.message import complete
from wipsie.telemetry import correlation

OPERATIONS_QUEUE = "operations"
SIGNAL_TASK_TYPE = "operations_signal"

Problem = Literal[
    "dead_letters_growing", "queue_stuck", "breaker_open", "archive_failing", "delivery_failing", "mail_rule_matched"
]
Severity = Literal["sev1", "sev2", "sev3", "sev4"]


class OperationsSignal(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody noticed."""

    problem: Problem
    subject_kind: Literal["queue", "breaker", "archive", "channel", "mail"]
    subject: Annotated[str, Meta(min_length=1, max_length=200)]
    """Short name of the queue, name of the breaker, id of the mail, …"""
    trouble: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    """What several subjects have in common that are one trouble, such as the rule that mails matched; None: each is its own."""
    state: Literal["failing", "recovered"]
    sentence: Annotated[str, Meta(min_length=1, max_length=500)]
    """For people: what is wrong, with its figures."""
    title: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Of an incident about it: one printable line. None takes that of the problem."""
    severity: Severity | None = None
    """Of that incident; None takes that of the problem."""
    noticed_at_ms: int
    facts: dict[str, Any] = {}
    """Figures for programs."""

    @property
    def key(self) -> str:
        """The same for every word about one trouble."""
        return f"{self.problem}:{self.subject_kind}:{self.trouble or self.subject}"


def key_parts(key: str) -> tuple[str, str, str] | None:
    """(problem, kind of subject, what they have in common or the subject) of an `OperationsSignal.key`; None for a text that is
    none."""
    problem, _, rest = key.partition(":")
    kind, separator, subject = rest.partition(":")
    return (problem, kind, subject) if separator and subject and problem in get_args(Problem) else None


def signal_message(
    signal: OperationsSignal,
    *,
    source: str,
    now_s: float,
    deduplication_id: str,
    deduplication_window_s: float | None = None,
) -> NewMessage:
    """`signal` to be sent or published. Of several with one `deduplication_id` within the window, or that of the queue, one
    arrives."""
    message_id, body = complete(
        {"task_type": SIGNAL_TASK_TYPE, "message": signal.sentence, "data": msgspec.to_builtins(signal)},
        queue=OPERATIONS_QUEUE,
        source=source,
        now_s=now_s,
        correlation_id=correlation.correlation_id(),
    )
    return NewMessage(
        queue=QueueName(OPERATIONS_QUEUE),
        body=body,
        message_id=message_id,
        deduplication_id=deduplication_id[:128],
        deduplication_window_s=deduplication_window_s,
    )
