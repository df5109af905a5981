"""Sending what an event asks for: all of it, or an error."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from wipsie.api.idempotency import Idempotency, idempotency_of
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.schemas.requests import SendRequest, SendResponse

SOURCE = "lambda"
"""What the messages say of where they come from."""


class Sent(msgspec.Struct, kw_only=True):
    """What was stored durably."""

    status: str = "sent"
    queue: str
    message_count: int
    messages: list[SendResponse]


async def send_all(
    workshop: Workshop,
    queue: str,
    messages: Sequence[dict[str, Any]],
    marks: Sequence[str | None],
    *,
    fingerprint: str = "",
) -> Sent:
    """Send messages to one queue (short name), at the same time. Of two with one mark within a day the second is a repeat and
    not stored, where the store recognises repeats; None marks nothing. A mark that comes again with another `fingerprint` is
    IdempotencyKeyReused. Raises the first refusal when all are through: what was sent is sent, and recognised the next time."""
    sending = [
        send(
            workshop,
            SendRequest(queue_name=queue, message=message),
            _idempotency(mark, fingerprint) if mark is not None and workshop.recognises_repeats else None,
        )
        for message, mark in zip(messages, marks, strict=True)
    ]
    sent: list[SendResponse] = []
    for outcome in await asyncio.gather(*sending, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
        sent.append(outcome)
    return Sent(queue=queue, message_count=len(sent), messages=sent)


async def send(workshop: Workshop, request: SendRequest, idempotency: Idempotency | None = None) -> SendResponse:
    """One message, as ``POST /sqs/send`` takes it."""
    return await workshop.messages.send(request, idempotency, source=SOURCE)


def idempotency_of_call(workshop: Workshop, key: str | None, body: Any) -> Idempotency | None:
    """What the header Idempotency-Key of a call asks for; None without one. InvalidInput for a key that is none, and where
    repeats are not recognised: better no message than one that is there twice unexpectedly."""
    if key is None:
        return None
    if not workshop.recognises_repeats:
        raise InvalidInput(
            "This function recognises no repeats: it has no DATABASE_URL. Leave Idempotency-Key out.",
            details={"field": "Idempotency-Key"},
        )
    return idempotency_of(key, body)


def _idempotency(mark: str, fingerprint: str) -> Idempotency:
    digest = hashlib.sha256(mark.encode()).hexdigest()
    return Idempotency(deduplication_id=f"lambda:{digest}", fingerprint=fingerprint or digest)
