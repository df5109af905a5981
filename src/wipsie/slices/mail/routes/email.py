"""``POST /api/email``: an e-mail in four fields, with the token that lets it in.

Checked in this order, the first that is wrong is told: size, media type, JSON, token, fields.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.json_body import json_response, parse_json, read_body
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import (
    InvalidEmail,
    InvalidInput,
    InvalidJson,
    QueueNotFound,
    StorageUnavailable,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from wipsie.slices.mail.domain.letter import Letter, LetterRefused, check_letter
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.intake import MailIntake
from wipsie.slices.mail.service.token_keeper import TokenKeeper
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outage import Outage

TOKEN_HEADER = "X-API-Token"  # noqa: S105 - the name of a header
_JSON = "application/json"
_RETRY_AFTER_S = 5.0


class LetterRules(msgspec.Struct, frozen=True, kw_only=True):
    """What letters are taken."""

    oldest_s: int = 946_684_800
    """Unix seconds: the year 2000."""
    ahead_s: float = 300.0
    """How far a timestamp may lie ahead of now."""
    keep_unknown: bool = True
    """Further members are archived as they are; otherwise they are refused."""


class EmailData(msgspec.Struct, kw_only=True):
    """The e-mail. Further members are archived as well."""

    email_subject: str
    """One line, not blank."""
    email_sender: str
    """One line, not blank; an address or a name."""
    email_timestamp: str | int
    """Unix seconds in digits. May also be called email_timestream."""
    email_content: str
    """Not blank."""


class EmailRequest(msgspec.Struct, kw_only=True):
    """An e-mail and the right to send it."""

    data: EmailData
    token: str | None = None
    """May come in the header Authorization or X-API-Token instead."""


class EmailResponse(msgspec.Struct, kw_only=True):
    """The e-mail is durable; a worker archives it."""

    status: str
    """Always success."""
    message: str
    email_subject: str
    message_id: str
    """Of the queue's message."""
    id: str
    """The mail's own, in the archive: the same for the same e-mail."""


_EXAMPLE = {
    "token": "the token of `wipsie mail token`",
    "data": {
        "email_subject": "Happy new year!",
        "email_sender": "John doe",
        "email_timestamp": "1693561101",
        "email_content": "Just want to say... Happy new year!!!",
    },
}
_ANSWER_EXAMPLE = {
    "status": "success",
    "message": "The e-mail is accepted and will be archived.",
    "email_subject": "Happy new year!",
    "message_id": "0199a1f2-7c55-7a27-9d5c-3a1f6c1f2f11",
    "id": "mail_018a4f3bb4c8a1b2c3d4e5f60718293a",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_log = get_logger(__name__)
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class EmailRoute:
    """The route over its parts."""

    def __init__(
        self, intake: MailIntake, keeper: TokenKeeper, *, rules: LetterRules, clock: Clock, metrics: MailMetrics
    ) -> None:
        self._intake = intake
        self._keeper = keeper
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._away = Outage(_log, "emails_not_accepted", clock)

    def add_to(self, router: APIRouter) -> None:
        """Put it on a router of fast routes."""
        router.add_api_route(
            "/api/email",
            self.accept_email,
            methods=["POST"],
            name="accept_email",
            summary="Take an e-mail in",
            openapi_extra=describe(
                access=PUBLIC,
                request=EmailRequest,
                request_examples={"an e-mail": _EXAMPLE},
                parameters=[
                    Parameter(
                        name="Authorization",
                        where="header",
                        description="`Bearer` and the token, instead of the member.",
                    ),
                    Parameter(name=TOKEN_HEADER, where="header", description="The token, instead of the member."),
                ],
                answers={200: Answer(type=EmailResponse, description="Accepted.", example=_ANSWER_EXAMPLE)},
                error_statuses=(400, 401, 413, 415, 429, 503),
            ),
        )

    async def accept_email(self, request: Request) -> Response:
        """Take an e-mail in durably; a worker archives it. The answer comes when it will not be lost any more."""
        body = await self._read(request)
        await self._admit(request, body)
        letter = self._check(body.get("data"))
        try:
            accepted = await self._intake.accept_letter(letter)
        except (QueueNotFound, StorageUnavailable) as error:
            # The queue is ours to have, and where it is, is nothing to a sender.
            self._away.failed(error)
            raise Unavailable(
                "The e-mail cannot be kept now; send it again shortly.",
                retry_after_s=error.retry_after_s or _RETRY_AFTER_S,
            ) from error
        self._away.over()
        return json_response(
            EmailResponse(
                status="success",
                message="The e-mail is accepted and will be archived.",
                email_subject=letter.subject,
                message_id=accepted.message_id,
                id=accepted.name.id,
            )
        )

    async def _read(self, request: Request) -> dict[str, Any]:
        kind, *parameters = request.headers.get("content-type", _JSON).lower().split(";")
        charsets = [
            value.strip(' "')
            for name, _, value in (one.partition("=") for one in parameters)
            if name.strip() == "charset"
        ]
        if kind.strip() != _JSON or not set(charsets) <= {"utf-8", "utf8"}:
            self._metrics.validation_errors.labels("media_type").inc()
            raise UnsupportedMediaType(
                "The body must be JSON in UTF-8; send it with Content-Type: application/json.",
                details={"accepted": [_JSON]},
            )
        try:
            # Some programs put a mark in front of UTF-8.
            body = parse_json((await read_body(request)).removeprefix(_BYTE_ORDER_MARK), _decoder)
            if not isinstance(body, dict):
                raise InvalidJson(
                    "The body must be a JSON object with `token` and `data`.", details={"problem": "not an object"}
                )
        except InvalidInput as error:
            self._metrics.validation_errors.labels("json").inc()
            if isinstance(error, InvalidJson):
                raise
            # A number that is too large: no field can be named, since none was read.
            raise InvalidJson(error.message, details={"problem": error.details["problem"]}) from None
        return cast("dict[str, Any]", body)

    async def _admit(self, request: Request, body: dict[str, Any]) -> None:
        given: list[object] = [body["token"]] if body.get("token") is not None else []
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(_header_text(bearer.strip()))
        if (header := request.headers.get(TOKEN_HEADER)) is not None:
            given.append(_header_text(header))
        texts = [one for one in given if isinstance(one, str) and one]
        # Asked in any case: how long it takes shall not tell what was wrong.
        good = await self._keeper.check(texts)
        if not good or len(texts) != len(given):
            self._metrics.validation_errors.labels("token").inc()
            raise Unauthorized("The token is missing or wrong; ask whoever runs this service for it.")

    def _check(self, data: object) -> Letter:
        rules = self._rules
        try:
            return check_letter(
                data,
                oldest_s=rules.oldest_s,
                newest_s=int(self._clock.now() + rules.ahead_s),
                keep_unknown=rules.keep_unknown,
            )
        except LetterRefused as refusal:
            self._metrics.validation_errors.labels("data").inc()
            problems = refusal.problems
            raise InvalidEmail(
                f"The e-mail cannot be accepted: {'; '.join(f'{one.field} {one.problem}' for one in problems)}.",
                details={
                    "errors": [{"location": f"body.{one.field}", "message": one.problem} for one in problems],
                },
            ) from None


def _header_text(value: str) -> str:
    """The header as its sender meant it: headers are read as Latin-1, and people send UTF-8."""
    return value.encode("latin-1").decode("utf-8", "replace")


def build_email_router(route: EmailRoute) -> APIRouter:
    """The router of the route."""
    router = APIRouter(route_class=FastRoute, tags=["mail"])
    route.add_to(router)
    return router
