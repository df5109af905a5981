"""Every error leaves as one envelope: ``{"error": {"code", "message", "details", "timestamp", "request_id"}}``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from wipsie.api.json_body import JsonResponse
from wipsie.api.logged_path import logged_path
from wipsie.kernel import json
from wipsie.kernel.clock import Clock, iso_utc
from wipsie.kernel.errors import WipsieError
from wipsie.telemetry import correlation
from wipsie.telemetry.logging import get_logger

_log = get_logger("wipsie.api")


class ErrorBody(msgspec.Struct, kw_only=True):
    """What went wrong."""

    code: str
    """Stable, for programs; see the reference of codes."""
    message: str
    """One sentence for a person."""
    details: dict[str, Any]
    """Facts for a program, by code."""
    timestamp: str
    """ISO 8601, UTC."""
    request_id: str | None
    """Also in the header X-Request-ID and in the logs."""


class ErrorEnvelope(msgspec.Struct):
    """The body of every answer with a status of 400 and above."""

    error: ErrorBody


class Problem(msgspec.Struct, kw_only=True):
    """Any exception, translated into what the client may know."""

    status: int
    code: str
    message: str
    details: dict[str, Any]
    headers: dict[str, str]


_CODES = {
    401: "UNAUTHORIZED",
    409: "CONFLICT",
    413: "REQUEST_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    501: "NOT_SUPPORTED",
    503: "SERVICE_UNAVAILABLE",
}

REPEAT_S = 10.0

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def _code_of_status(status: int) -> str:
    if status in _CODES:
        return _CODES[status]
    try:
        return HTTPStatus(status).name
    except ValueError:
        return "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST"


def _allowed_methods(scope: Scope) -> list[str]:
    """Methods of all routes of this path. The framework names only those of the first route it finds."""
    app = scope.get("app")
    if not isinstance(app, FastAPI):
        return []
    # A copy: matching writes into the scope it is given.
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.router.routes)
    ]


def _of_wipsie(error: WipsieError) -> Problem:
    headers: dict[str, str] = {}
    if error.retry_after_s is not None or error.status in (429, 503):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s or 0)))
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="wipsie"'
    return Problem(status=error.status, code=error.code, message=error.message, details=error.details, headers=headers)


def _of_http(error: HTTPException, scope: Scope) -> Problem:
    # The framework wraps what is raised while it reads a body.
    if isinstance(error.__cause__, WipsieError):
        return _of_wipsie(error.__cause__)
    status, headers = error.status_code, dict(error.headers or {})
    message, details = str(error.detail), dict[str, Any]()
    method, path = scope["method"], scope["path"]
    if status == 404 and message == "Not Found":
        message = f"There is nothing at '{path}'; see /docs for the list of paths."
        details = {"path": path}
    elif status == 405:
        allowed = _allowed_methods(scope)
        if allowed:
            headers["Allow"] = ", ".join(allowed)
        message = f"{method} is not possible at '{path}'; use {headers.get('Allow', 'another method')}."
        details = {"method": method, "allowed": allowed}
    return Problem(status=status, code=_code_of_status(status), message=message, details=details, headers=headers)


def _location(parts: Sequence[object]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) and text else f".{part}" if text else str(part)
    return text


def _of_validation(error: RequestValidationError) -> Problem:
    found: Sequence[Mapping[str, Any]] = error.errors()
    problems = [{"location": _location(item.get("loc", ())), "message": str(item.get("msg", ""))} for item in found]
    if found and found[0].get("type") == "json_invalid":
        reason = str(found[0].get("ctx", {}).get("error", "malformed"))
        message = f"The body is not valid JSON: {reason}. Correct it and send it again."
        return Problem(status=400, code="INVALID_JSON", message=message, details={"problem": reason}, headers={})
    first = problems[0] if problems else {"location": "request", "message": "is wrong"}
    message = f"{first['location']} is wrong: {first['message']}."
    if len(problems) > 1:
        message += f" {len(problems) - 1} more in details.errors."
    details = {"field": first["location"], "problem": first["message"], "errors": problems}
    return Problem(status=422, code="VALIDATION_ERROR", message=message, details=details, headers={})


def translate(error: Exception, scope: Scope) -> Problem:
    """What the client may know of an exception; of an unknown one, nothing but the request id."""
    if isinstance(error, WipsieError):
        return _of_wipsie(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error, scope)
    message = "Something went wrong on our side; the log has the details under this request id."
    return Problem(status=500, code="INTERNAL_ERROR", message=message, details={}, headers={})


def envelope(problem: Problem | WipsieError, request_id: str | None, clock: Clock) -> ErrorEnvelope:
    """The envelope for a problem or one of our own errors."""
    return ErrorEnvelope(
        ErrorBody(
            code=problem.code,
            message=problem.message,
            details=problem.details,
            timestamp=iso_utc(clock.now()),
            request_id=request_id,
        )
    )


def _encode(body: ErrorEnvelope) -> bytes:
    try:
        return json.encode(body)
    except (TypeError, ValueError, RecursionError):
        # Details are made of what callers sent; what JSON cannot hold is shown as text instead.
        error = body.error
        details = {ascii(key): ascii(value) for key, value in error.details.items()}
        message = error.message.encode("utf-8", "backslashreplace").decode()
        return json.encode(ErrorEnvelope(msgspec.structs.replace(error, details=details, message=message)))


class RefusalLog:
    """Logs requests refused with 5xx: of each code the first, and then one line per `REPEAT_S` with how many there were.
    While a store is away every request is refused, and a line for each would bury all others."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def note(self, problem: Problem, scope: Scope) -> None:
        """Log this refusal, or only count it."""
        now = self._clock.monotonic()
        told_at, untold = self._seen.get(problem.code, (-REPEAT_S, 0))
        if now - told_at < REPEAT_S:
            self._seen[problem.code] = (told_at, untold + 1)
            return
        self._seen[problem.code] = (now, 0)
        _log.warning(
            "Request refused",
            method=scope["method"],
            path=logged_path(scope),
            code=problem.code,
            reason=problem.message,
            more_since_the_last_line=untold,
        )


def error_response(error: Exception, scope: Scope, clock: Clock, refusals: RefusalLog) -> Response:
    """Answer an exception with the envelope, and log what the operator must know."""
    problem = translate(error, scope)
    if problem.status < 200 or problem.status in (204, 205, 304):
        return Response(status_code=problem.status, headers=problem.headers)
    if problem.code == "INTERNAL_ERROR":
        _log.error("Request failed", method=scope["method"], path=logged_path(scope), exc_info=error)
    elif problem.status >= 500:
        refusals.note(problem, scope)
    body = _encode(envelope(problem, correlation.request_id(), clock))
    return JsonResponse(body, problem.status, problem.headers)


def install_error_handlers(app: FastAPI, clock: Clock) -> None:
    """Let the framework answer its own errors and ours with the envelope; unknown ones go up to the guard."""

    refusals = RefusalLog(clock)

    async def answer(request: Request, error: Exception) -> Response:
        return error_response(error, request.scope, clock, refusals)

    async def hand_up(request: Request, error: Exception) -> Response:
        raise error

    for kind in (WipsieError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, hand_up)
