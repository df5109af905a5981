"""``GET`` and ``POST /webhook/whatsapp``: Meta asks whether the URL is ours, and delivers what people send.

Whatever is genuine and kept is answered with 200, read or not: everything else comes back for a week. 503 makes it come back, and is
for what may be better then: the database is away, or the key that seals the inbox is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.json_body import read_body
from wipsie.api.openapi import Answer, describe
from wipsie.kernel.errors import Forbidden, NotFound, Unauthorized, Unavailable
from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.whatsapp.signature import HEADER, is_signed
from wipsie.slices.vault.domain.whatsapp.updates import read_updates
from wipsie.slices.vault.domain.whatsapp.verification import challenge_answer
from wipsie.slices.vault.metrics import VaultMetrics
from wipsie.slices.vault.routes.standing_by import standing_by
from wipsie.slices.vault.service.receiving import WebhookIntake

PATH: Final = "/webhook/whatsapp"
BODY_BYTES_MAX: Final = 4 * MIB
"""Meta sends 3 MB at most."""


def build_webhook_router(
    app_secrets: Sequence[str], verify_tokens: Sequence[str], intake: WebhookIntake, metrics: VaultMetrics
) -> APIRouter:
    """Both methods; each is open once there is what it checks with. During a change of a secret or a token, both are in."""
    router = APIRouter(route_class=FastRoute)

    async def verify_webhook(request: Request) -> Response:
        """Meta asks for the challenge to be repeated, with the token that was set beside the callback URL."""
        if not verify_tokens:
            raise _closed("WHATSAPP_VERIFY_TOKEN")
        answer = challenge_answer(request.query_params, verify_tokens)
        if answer is None:
            raise Forbidden("This is no question of Meta's with the token of WHATSAPP_VERIFY_TOKEN.")
        return PlainTextResponse(answer)

    async def receive_whatsapp_updates(request: Request) -> Response:
        """Up to 1,000 messages and statuses, signed over their very bytes; on disk before they are answered."""
        if not app_secrets:
            raise _closed("WHATSAPP_APP_SECRET")
        body = await read_body(request)
        # Before anything reads it.
        if not is_signed(body, request.headers.get(HEADER), app_secrets):
            metrics.webhooks.labels("unsigned").inc()
            raise Unauthorized(f"The body is not signed with an app secret of ours; see {HEADER}.")
        try:
            with standing_by():
                await intake.accept(read_updates(body))
        except Unavailable:
            metrics.webhooks.labels("unavailable").inc()
            raise
        metrics.webhooks.labels("accepted").inc()
        return Response(status_code=200)

    router.add_api_route(
        PATH,
        verify_webhook,
        methods=["GET"],
        tags=["vault"],
        summary="Verification of the webhook",
        openapi_extra=describe(
            access=PUBLIC,
            answers={200: Answer(type=str, description="The challenge, as plain text.", media_type="text/plain")},
            error_statuses=(403, 404),
        ),
    )
    router.add_api_route(
        PATH,
        receive_whatsapp_updates,
        methods=["POST"],
        tags=["vault"],
        summary="Messages and statuses of WhatsApp",
        openapi_extra=describe(
            access=PUBLIC,
            request=dict[str, Any],
            answers={200: Answer(type=None, description="Kept, durably.")},
            error_statuses=(401, 404, 413, 503),
        ),
    )
    return router


def _closed(setting: str) -> NotFound:
    return NotFound(
        f"Nothing is taken from WhatsApp here; set {setting} to open this path.", details={"setting": setting}
    )
