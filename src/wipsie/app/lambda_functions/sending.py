"""Sending what an event asks for: all of it, or an error."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from wipsie.api.idempotency import Idempotency
from wipsie.app.lambda_functions.workshop import Workshop
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
    workshop: Workshop, queue: str, messages: Sequence[dict[str, Any]], marks: Sequence[str | None]
) -> Sent:
    """Send messages to one queue (short name), at the same time. Of two with one mark the second is a repeat and not stored,
    where the store recognises repeats; None marks nothing. Raises the first refusal when all are through: what was sent is
    sent, and repeated with the rest."""
    repeats = workshop.recognises_repeats
    requests = [
        SendRequest(
            queue_name=queue,
            message=message,
            deduplication_id=_deduplication_id(mark) if mark is not None and repeats else None,
        )
        for message, mark in zip(messages, marks, strict=True)
    ]
    outcomes = await asyncio.gather(*(send(workshop, request) for request in requests), return_exceptions=True)
    sent: list[SendResponse] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        sent.append(outcome)
    return Sent(queue=queue, message_count=len(sent), messages=sent)


async def send(workshop: Workshop, request: SendRequest, idempotency: Idempotency | None = None) -> SendResponse:
    """One message, as ``POST /sqs/send`` takes it."""
    return await workshop.messages.send(request, idempotency, source=SOURCE)


def _deduplication_id(mark: str) -> str:
    return f"lambda:{hashlib.sha256(mark.encode()).hexdigest()}"
