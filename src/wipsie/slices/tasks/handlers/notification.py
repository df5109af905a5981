"""Notifications: e-mail and webhooks; what has no provider is refused, never pretended."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.queue.message import StandardMessage
from wipsie.slices.tasks.domain.letters import Letter, compose
from wipsie.slices.tasks.domain.templates import render
from wipsie.slices.tasks.gateways.http_client import HttpAnswer, HttpClient, host_of
from wipsie.slices.tasks.gateways.http_errors import HttpRefused, HttpUnreachable
from wipsie.slices.tasks.gateways.mail_errors import MailRefused, MailUnavailable
from wipsie.slices.tasks.handlers.refusals import final_refusals
from wipsie.slices.tasks.schemas.task_data import NotificationData
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.handler import Reject, Retry, TaskContext

DEFAULT_SUBJECT = "Notification"
_SHOWN_CHARS = 500


class Mailer(Protocol):
    """Whatever takes a message for good: an SMTP server or a folder."""

    @property
    def name(self) -> str: ...

    async def deliver(self, message: Any) -> str:
        """Hand over; the answer in words. MailRefused or MailUnavailable."""
        ...


class NotificationResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a notification; filed as the task's result."""

    status: str
    """delivered, or already_delivered when the mailbox had it from an earlier try."""
    notification_type: str
    via: str
    delivered_at: str
    recipient: str
    message_id: str | None = None
    """The Message-ID of the e-mail: the same for every try of one message."""
    subject: str | None = None
    http_status: int | None = None


class _WebhookFailed(Exception):
    """The receiver answered that it cannot take it now."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"{answer.url} answered {answer.status}.")
        self.answer = answer


def _is_receiver_failure(error: BaseException) -> bool:
    return isinstance(error, MailUnavailable | HttpUnreachable) or (
        isinstance(error, _WebhookFailed) and error.answer.status >= 500
    )


class NotificationHandler:
    """`send_notification`."""

    def __init__(
        self, *, mailer: Mailer, mail_from: str, client: HttpClient, breakers: BreakerRegistry, clock: Clock
    ) -> None:
        self._mailer = mailer
        self._mail_from = mail_from
        self._client = client
        self._breakers = breakers
        self._clock = clock

    async def send_notification(
        self, message: StandardMessage[NotificationData], context: TaskContext
    ) -> NotificationResult:
        """Deliver to `recipient`. With `template_id`, subject and text come from the template, filled from `metadata`,
        `subject` and `body`. An e-mail's Message-ID is made from the message's id: a second delivery after a crash can be
        recognised, and the local mailbox recognises it. A webhook gets `id`, `subject`, `body` and `metadata` as JSON.

        Rejects bad addresses, unknown templates, header injection and final refusals; retries what may pass.
        """
        data = message.data
        with final_refusals():
            if data.notification_type == "email":
                return await self._send_email(data, context)
            if data.notification_type == "webhook":
                return await self._call_webhook(data, context)
        name = "SMS" if data.notification_type == "sms" else "push"
        raise Reject(
            f"no {name} provider is configured; send this notification as email or webhook.", code="NOT_CONFIGURED"
        )

    async def _send_email(self, data: NotificationData, context: TaskContext) -> NotificationResult:
        subject, body = _text_of(data)
        letter = compose(
            Letter(
                message_id=context.delivery.message_id,
                sender=self._mail_from,
                recipient=data.recipient,
                subject=subject,
                body=body,
                html=data.html if data.template_id is None else None,
                notes=data.metadata,
                sent_at_ms=context.delivery.sent_at_ms,
            )
        )
        breaker = self._breakers.get(self._mailer.name, is_failure=_is_receiver_failure)
        try:
            async with breaker:
                answer = await self._mailer.deliver(letter)
        except MailRefused as error:
            raise Reject(error.reason, code=error.code) from error
        except MailUnavailable as error:
            raise Retry(str(error)) from error
        return NotificationResult(
            status="already_delivered" if answer == "already delivered" else "delivered",
            notification_type="email",
            via=self._mailer.name,
            delivered_at=iso_utc_ms(self._clock.now_ms()),
            recipient=data.recipient,
            message_id=str(letter["Message-ID"]),
            subject=str(letter["Subject"])[:_SHOWN_CHARS],
        )

    async def _call_webhook(self, data: NotificationData, context: TaskContext) -> NotificationResult:
        subject, body = _text_of(data)
        payload = {
            "id": context.delivery.message_id,
            "subject": subject,
            "body": body,
            "metadata": data.metadata,
            "sent_at": iso_utc_ms(context.delivery.sent_at_ms),
        }
        # The receiver's own means to recognise a repeat.
        headers = {"Idempotency-Key": str(context.delivery.message_id)}
        breaker = self._breakers.get(f"http:{host_of(data.recipient)}", is_failure=_is_receiver_failure)
        try:
            async with breaker:
                answer = await self._client.post_json(data.recipient, payload, headers)
                if answer.status >= 500 or answer.status in (408, 425, 429):
                    raise _WebhookFailed(answer)
        except HttpRefused as error:
            raise Reject(error.reason, code=error.code) from error
        except HttpUnreachable as error:
            raise Retry(str(error)) from error
        except _WebhookFailed as error:
            raise Retry(str(error), after_s=error.answer.retry_after_s(self._clock.now())) from error
        if not 200 <= answer.status < 300:
            raise Reject(f"{answer.url} answered {answer.status}.", code="WEBHOOK_REFUSED")
        return NotificationResult(
            status="delivered",
            notification_type="webhook",
            via=f"http:{host_of(data.recipient)}",
            delivered_at=iso_utc_ms(self._clock.now_ms()),
            recipient=answer.url,
            http_status=answer.status,
        )


def _text_of(data: NotificationData) -> tuple[str, str]:
    """(subject, body) of a notification, from its template when it names one."""
    if data.template_id is None:
        return data.subject or DEFAULT_SUBJECT, data.body
    return render(data.template_id, {**data.metadata, "subject": data.subject or "", "body": data.body}, data.subject)
