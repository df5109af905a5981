"""Mail to people, as a message for the notifications queue: whoever sends one knows its form and nothing of who delivers."""

from __future__ import annotations

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import NewMessage
from wipsie.queue.message import complete
from wipsie.telemetry import correlation

NOTIFICATIONS_QUEUE = "notifications"
NOTIFICATION_TASK_TYPE = "notification"


def mail(
    *,
    recipient: str,
    subject: str,
    body: str,
    source: str,
    now_s: float,
    html: str | None = None,
    deduplication_id: str | None = None,
) -> NewMessage:
    """An e-mail to be published: to one address, with plain text and, beside it, the same as HTML.

    `source` names the slice that sends it. Of messages with one `deduplication_id` within the queue's window, one is sent.
    """
    message_id, text = complete(
        {
            "task_type": NOTIFICATION_TASK_TYPE,
            "message": subject,
            "data": {
                "recipient": recipient,
                "notification_type": "email",
                "subject": subject,
                "body": body,
                **({} if html is None else {"html": html}),
            },
        },
        queue=NOTIFICATIONS_QUEUE,
        source=source,
        now_s=now_s,
        correlation_id=correlation.correlation_id(),
        request_id=correlation.request_id(),
    )
    # The short name: the relay resolves it, and knows then which queues there are.
    return NewMessage(
        queue=QueueName(NOTIFICATIONS_QUEUE), body=text, message_id=message_id, deduplication_id=deduplication_id
    )
