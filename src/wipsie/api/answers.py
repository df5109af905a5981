"""Changes over HTTP, each one unit of work, and done once for each Idempotency-Key: a repeat gets the answer of the first."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.gate import principal_of
from wipsie.api.idempotency import IDEMPOTENCY_WINDOW_S, read_idempotency
from wipsie.api.json_body import JsonResponse
from wipsie.api.openapi import Parameter
from wipsie.api.versions import etag
from wipsie.database import Database, UnitOfWork, answers
from wipsie.kernel import json

IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    where="header",
    description="A repeat with the same key and body within 24 hours gets the answer of the first and changes nothing.",
    example="incident-of-the-morning",
)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a change answers."""

    value: Any
    """What msgspec can write."""
    status: int = 201
    version: int | None = None
    """Of the record, for its ETag."""
    location: str | None = None
    """Path of what was made."""


class Changes:
    """Runs changes for routes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answer(self, request: Request, body: Any, work: Callable[[UnitOfWork], Awaitable[Made]]) -> Response:
        """Run `work` in a unit of work and answer what it made, once that is committed. `body` is the parsed body, which tells
        repeats from other requests. A refusal is not kept: the next try is a new one. IdempotencyKeyReused."""
        idempotency = read_idempotency(request, [request.method, request.url.path, body])
        if idempotency is None:
            async with self._database.unit_of_work() as unit:
                made = await work(unit)
            return _response(_kept(made))
        # Of this person and this route alone: nobody gets an answer that was given to somebody else.
        owner = [principal_of(request).actor, request.method, request.url.path, idempotency.deduplication_id]
        key = hashlib.sha256(json.canonical(owner)).hexdigest()
        async with self._database.unit_of_work() as unit:
            found = await answers.claim(
                unit.connection,
                key,
                idempotency.fingerprint,
                now_ms=self._database.clock.now_ms(),
                window_ms=IDEMPOTENCY_WINDOW_S * 1000,
            )
            kept = found or _kept(await work(unit))
            if found is None:
                await answers.keep(unit.connection, key, kept)
        response = _response(kept)
        if found is not None:
            response.headers["Idempotency-Replayed"] = "true"
        return response


def _kept(made: Made) -> answers.KeptAnswer:
    return answers.KeptAnswer(
        status=made.status,
        body=json.encode_text(made.value),
        etag=None if made.version is None else etag(made.version),
        location=made.location,
    )


def _response(answer: answers.KeptAnswer) -> Response:
    headers: dict[str, str] = {}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.location is not None:
        headers["Location"] = answer.location
    return JsonResponse(answer.body.encode(), answer.status, headers)
