"""What API Gateway is answered: the same bodies and the same error envelope as Wipsie's own API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from wipsie.api.errors import envelope, translate
from wipsie.app.lambda_functions.events import ApiCall
from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import MethodNotAllowed, Unauthorized, Unavailable
from wipsie.telemetry.logging import get_logger

Answer = dict[str, Any]

_RETRY_AFTER_S = 1.0

_log = get_logger(__name__)


async def answer(
    workshop: Workshop, call: ApiCall, invocation: Invocation, post: Callable[[ApiCall], Awaitable[Any]]
) -> Answer:
    """Serve one call: `post` gets it once the method is right and the caller known, and gives the body. Raises nothing."""
    request_id = call.request_id or invocation.request_id
    try:
        _check(workshop, call)
        async with asyncio.timeout(invocation.remaining_s(workshop.clock)):
            return _response(200, json.encode_text(await post(call)), {}, request_id)
    except TimeoutError:
        late = Unavailable("The stores did not answer in time; send it again.", retry_after_s=_RETRY_AFTER_S)
        return _refusal(late, call, request_id, workshop.clock)
    except Exception as error:
        return _refusal(error, call, request_id, workshop.clock)


def _check(workshop: Workshop, call: ApiCall) -> None:
    if call.method != "POST":
        raise MethodNotAllowed(
            f"{call.method} is not possible at '{call.path}'; use POST.",
            details={"method": call.method, "allowed": ["POST"]},
        )
    if not call.is_authenticated and not workshop.settings.function.allow_anonymous:
        raise Unauthorized(
            "The gateway does not say who asks. Give the route an authorizer (IAM, JWT or a function), "
            "or set LAMBDA_ALLOW_ANONYMOUS=true to let everybody send.",
            details={"setting": "LAMBDA_ALLOW_ANONYMOUS"},
        )


def _refusal(error: Exception, call: ApiCall, request_id: str | None, clock: Clock) -> Answer:
    problem = translate(error, {"type": "http", "method": call.method, "path": call.path})
    if problem.status >= 500:
        _log.error("api_call_failed", code=problem.code, error=f"{type(error).__name__}: {error}", path=call.path)
    headers = dict(problem.headers)
    if problem.status == 405:
        headers["Allow"] = "POST"
    return _response(problem.status, json.encode_text(envelope(problem, request_id, clock)), headers, request_id)


def _response(status: int, body: str, headers: dict[str, str], request_id: str | None) -> Answer:
    """In the form that both payload formats take."""
    named = {"Content-Type": "application/json", **headers}
    if request_id is not None:
        named["X-Request-ID"] = request_id
    return {"statusCode": status, "headers": named, "body": body, "isBase64Encoded": False}
