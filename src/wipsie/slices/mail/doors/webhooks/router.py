"""``POST /webhook/mail/…``: one path for each provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.json_body import JSON_TYPE
from wipsie.api.openapi import Answer, describe
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.slices.mail.doors.webhooks.desk import AcceptRaw, AcceptStored, Desk, WebhookAnswer
from wipsie.slices.mail.doors.webhooks.mailgun import MailgunDoor
from wipsie.slices.mail.doors.webhooks.postmark import PostmarkDoor
from wipsie.slices.mail.doors.webhooks.replays import Replays
from wipsie.slices.mail.doors.webhooks.sendgrid import SendGridDoor
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.slices.mail.doors.webhooks.sns import SnsVerifier
from wipsie.slices.mail.doors.webhooks.sns_web import AddressRule, SnsWeb, is_sns

PATH = "/webhook/mail/"
_ANY_MEMBERS = dict[str, Any]
_FORM_TYPE = "multipart/form-data"


def build_webhook_router(
    settings: WebhookSettings,
    accept_raw: AcceptRaw,
    accept_stored: AcceptStored,
    shared_store: SharedStore,
    clock: Clock,
    *,
    address_rule: AddressRule = is_sns,
    spool_folder: Path | None = None,
) -> APIRouter:
    """All doors. ConfigurationError for a setting that is wrong.

    `address_rule` says which addresses SNS has; `spool_folder` is where large requests lie while they are worked on, by default
    the system's place for temporary files. The body limit of these paths must be `settings.size_bytes_max` at least.
    """
    desk = Desk(settings, accept_raw, accept_stored, Replays(shared_store, clock), clock, spool_folder)
    router = APIRouter(route_class=FastRoute)
    sendgrid, postmark = SendGridDoor(settings), PostmarkDoor(settings)
    parsed, mime = MailgunDoor(settings, mime=False), MailgunDoor(settings, mime=True)
    web = SnsWeb(clock, address_rule=address_rule)
    verifier = SnsVerifier(settings.ses_topic_arns, web, clock, tolerance_s=settings.tolerance_s)

    async def receive_sendgrid_mail(request: Request) -> Response:
        """A mail from SendGrid Inbound Parse, raw or taken apart."""
        return await desk.answer(request, sendgrid)

    async def receive_mailgun_mail(request: Request) -> Response:
        """A mail from a route of Mailgun, taken apart."""
        return await desk.answer(request, parsed)

    async def receive_mailgun_mime(request: Request) -> Response:
        """A mail from a route of Mailgun, as it was sent."""
        return await desk.answer(request, mime)

    async def receive_postmark_mail(request: Request) -> Response:
        """A mail from Postmark's inbound webhook, with or without the raw mail."""
        return await desk.answer(request, postmark)

    async def receive_ses_notice(request: Request) -> Response:
        """A mail from Amazon SES through SNS, with its content or the place in a bucket; confirms the subscription too."""
        return await desk.answer_sns(request, verifier, web)

    for path, endpoint, summary, media_type in (
        ("sendgrid", receive_sendgrid_mail, "Mail from SendGrid", _FORM_TYPE),
        ("mailgun", receive_mailgun_mail, "Mail from Mailgun", _FORM_TYPE),
        ("mailgun/mime", receive_mailgun_mime, "Raw mail from Mailgun", _FORM_TYPE),
        ("postmark", receive_postmark_mail, "Mail from Postmark", JSON_TYPE),
        ("ses", receive_ses_notice, "Mail from Amazon SES", JSON_TYPE),
    ):
        router.add_api_route(
            PATH + path,
            endpoint,
            methods=["POST"],
            tags=["mail"],
            summary=summary,
            openapi_extra=describe(
                access=PUBLIC,
                request=_ANY_MEMBERS,
                request_type=media_type,
                answers={
                    200: Answer(
                        type=WebhookAnswer,
                        description="On the queue, durably.",
                        example={"status": "success", "message_id": "0b6f8a52-7c55-4a27-9d5c-3a1f6c1f2f11"},
                    )
                },
                error_statuses=(400, 401, 403, 404, 406, 413, 503),
            ),
        )
    return router
