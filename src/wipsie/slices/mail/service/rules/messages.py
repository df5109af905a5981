"""What actions send. A mail is named by its id, subject, sender, time and key; its text stays in the archive."""

from __future__ import annotations

import re

import msgspec

from wipsie.kernel.clock import iso_utc
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import NewMessage
from wipsie.queue.message import complete
from wipsie.queue.notification import NOTIFICATION_TASK_TYPE, NOTIFICATIONS_QUEUE, mail
from wipsie.queue.operations_signal import OperationsSignal, signal_message
from wipsie.slices.mail.domain.archive_key import sender_digits
from wipsie.slices.mail.domain.rules.folding import one_line
from wipsie.slices.mail.domain.rules.matching import CompiledRule
from wipsie.slices.mail.domain.rules.rule import (
    TITLE_CHARACTERS_MAX,
    Action,
    ForwardAction,
    IncidentAction,
    NotifyAction,
    TagAction,
)
from wipsie.slices.mail.store.entries import Entry
from wipsie.telemetry import correlation

SOURCE = "mail"
HOUR_S = 3600
SUBJECT_CHARACTERS_MAX = 300
SENDER_CHARACTERS_MAX = 300
LAST_NOTICE = "More mails of this rule are not told of before the hour is over."
_PLACEHOLDER = re.compile(r"\{(rule|subject|sender)\}")


class MailData(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of a message about a mail."""

    id: str
    subject: str
    sender: str
    timestamp: int
    """Unix seconds, by the mail's own clock."""
    key: str
    """Of its document in the archive."""
    rule: str
    """Id of the rule that held."""


EXAMPLE = MailData(
    id="mail_018a4f3bb4c8a1b2c3d4e5f60718293a",
    subject="Invoice 4711",
    sender="Ann <ann@example.org>",
    timestamp=1_693_561_101,
    key="emails/2023/09/01/email-1693561101-a1b2c3d4e5f6a1b2c3d4e5f60718293a.json",
    rule="mrl_0199a1f27c557a279d5c3a1f6c1f2f11",
)
"""What a handler is asked about when a rule is written that forwards to it."""


def data_of(entry: Entry, rule: CompiledRule) -> MailData:
    """The names of a mail, its texts on one line each."""
    return MailData(
        id=entry.name.id,
        subject=one_line(entry.mail["subject"], SUBJECT_CHARACTERS_MAX),
        sender=one_line(entry.mail["sender"], SENDER_CHARACTERS_MAX),
        timestamp=entry.mail["timestamp_s"],
        key=entry.name.key,
        rule=rule.id,
    )


def forwarded(action: ForwardAction, data: MailData, *, now_s: float) -> NewMessage:
    """The mail, for a queue."""
    content = {
        "task_type": action.task_type,
        "message": data.subject,
        "data": msgspec.to_builtins(data),
    }
    message_id, body = complete(
        content, queue=action.queue, source=SOURCE, now_s=now_s, correlation_id=correlation.correlation_id()
    )
    message = NewMessage(queue=QueueName(action.queue), body=body, message_id=message_id)
    if action.queue.endswith(".fifo"):
        message.group_id = sender_digits(data.sender)
        message.deduplication_id = f"{data.rule}:{data.id}"
    return message


def notice(action: NotifyAction, rule: CompiledRule, data: MailData, *, is_last: bool, now_s: float) -> NewMessage:
    """The mail, for a person or a program. `is_last`: no further one is sent for a while."""
    subject = one_line(f"{rule.name}: {data.subject}", SUBJECT_CHARACTERS_MAX)
    lines = [
        f"The mail rule {rule.name} holds of a mail that came.",
        "",
        f"Subject: {data.subject}",
        f"From: {data.sender}",
        f"Sent: {iso_utc(data.timestamp)}",
        f"Id: {data.id}",
        *(["", LAST_NOTICE] if is_last else []),
    ]
    body = "\n".join(lines) + "\n"
    if action.channel == "email":
        return mail(recipient=action.recipient, subject=subject, body=body, source=SOURCE, now_s=now_s)
    content = {
        "task_type": NOTIFICATION_TASK_TYPE,
        "message": subject,
        "data": {
            "recipient": action.recipient,
            "notification_type": action.channel,
            "subject": subject,
            "body": body,
            "metadata": msgspec.to_builtins(data),
        },
    }
    message_id, text = complete(
        content, queue=NOTIFICATIONS_QUEUE, source=SOURCE, now_s=now_s, correlation_id=correlation.correlation_id()
    )
    return NewMessage(queue=QueueName(NOTIFICATIONS_QUEUE), body=text, message_id=message_id)


def incident(action: IncidentAction, rule: CompiledRule, data: MailData, *, now_ms: int) -> NewMessage:
    """Word of trouble that the mail tells of. Of one rule, one arrives within an hour."""
    values = {"rule": rule.name, "subject": data.subject, "sender": data.sender}
    # In one pass: what a mail says is never taken for a placeholder.
    title = _PLACEHOLDER.sub(lambda found: values[found[1]], action.title)
    signal = OperationsSignal(
        problem="mail_rule_matched",
        subject_kind="mail",
        subject=data.id,
        trouble=rule.id,
        state="failing",
        sentence=one_line(f"A mail came that the rule {rule.name} is about; it is {data.id} in the archive", 500),
        title=one_line(title, TITLE_CHARACTERS_MAX) or None,
        severity=action.severity,
        noticed_at_ms=now_ms,
        facts={"rule": rule.id, "mail": data.id, "sent_at": iso_utc(data.timestamp)},
    )
    hour = now_ms // (HOUR_S * 1000)
    return signal_message(
        signal,
        source=SOURCE,
        now_s=now_ms / 1000,
        deduplication_id=f"mail-rule:{rule.id}:{hour}",
        deduplication_window_s=HOUR_S,
    )


def words_of(action: Action) -> str:
    """An action as its hit keeps it: nobody's address stands there."""
    if isinstance(action, ForwardAction):
        return f"forward:{action.queue}:{action.task_type}"
    if isinstance(action, NotifyAction):
        return f"notify:{action.channel}"
    return f"tag:{action.tag}" if isinstance(action, TagAction) else "propose_incident"
