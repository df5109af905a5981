"""The function data_poller: schedules, API calls and new S3 objects become messages on the queue `data_polling`."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec

from wipsie.api.json_body import parse_json
from wipsie.app.lambda_functions.answers import answer
from wipsie.app.lambda_functions.events import ApiCall, Direct, NewObjects, S3Object, Scheduled, SqsBatch, read_event
from wipsie.app.lambda_functions.events.recognise import unsupported
from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.sending import Sent, idempotency_of_call, send_all
from wipsie.app.lambda_functions.sources import FIELDS, configured_sources, message_of, read_sources
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.kernel.errors import ConfigurationError, Unavailable
from wipsie.slices.tasks.slice import DATA_POLLING_QUEUE
from wipsie.telemetry.logging import get_logger

SUPPORTED = (
    "data_poller takes: scheduled events of EventBridge, calls of API Gateway or a function URL, notices of new S3 objects, "
    'and {"source_url": …} or {"sources": […]} by hand.'
)
OBJECT_POLL_INTERVAL_S = 24 * 3600
"""An object is fetched because it is new; nobody polls it again by itself."""

_any_json = msgspec.json.Decoder(Any)

_log = get_logger(__name__)


async def poll_sources(workshop: Workshop, event: Any, invocation: Invocation) -> Any:
    """Serve one event. Raises what its trigger should try again, or be told."""
    read = read_event(event, direct=FIELDS, supported=SUPPORTED)
    match read:
        case ApiCall():
            return await answer(workshop, read, invocation, lambda call: _post(workshop, call))
        case SqsBatch():
            raise unsupported(event, SUPPORTED)
        case Scheduled() | Direct() | NewObjects():
            try:
                async with asyncio.timeout(invocation.remaining_s(workshop.clock)):
                    return msgspec.to_builtins(await _send(workshop, read, invocation))
            except TimeoutError:
                raise Unavailable("The stores did not answer within the function's time.") from None


async def _send(workshop: Workshop, read: Scheduled | Direct | NewObjects, invocation: Invocation) -> Sent:
    match read:
        case NewObjects():
            if read.ignored:
                _log.info("records_ignored", count=read.ignored)
            messages = [message_of(_object_data(one)) for one in read.objects]
            marks: list[str | None] = [
                f"s3:{one.bucket}/{one.key}:{one.mark}" if one.mark else None for one in read.objects
            ]
        case Scheduled():
            sources = _scheduled_sources(workshop, read)
            messages = [message_of(data) for data in sources]
            moment = f"{read.schedule}:{read.id}:{read.time}" if read.id else None
            marks = [None if moment is None else f"schedule:{moment}:{index}" for index in range(len(messages))]
        case Direct(value):
            messages = [message_of(data) for data in read_sources(value)]
            # Lambda tries an invocation that nobody waits for again, under the same id.
            origin = invocation.request_id
            marks = [None if origin is None else f"invocation:{origin}:{index}" for index in range(len(messages))]
    if messages:
        await workshop.open_queues()
    sent = await send_all(workshop, DATA_POLLING_QUEUE, messages, marks)
    _log.info("messages_sent", queue=sent.queue, count=sent.message_count, kind=type(read).__name__)
    return sent


def _scheduled_sources(workshop: Workshop, read: Scheduled) -> list[dict[str, Any]]:
    if read.detail == {}:
        text = workshop.settings.function.poll_sources
        if not text:
            raise ConfigurationError(
                "The schedule brings no source, and POLL_SOURCES names none; set it to a JSON list of URLs, "
                'or give the schedule the input {"source_url": "https://…"}.',
                details={"setting": "POLL_SOURCES"},
            )
        return configured_sources(text)
    return read_sources(read.detail, "detail")


def _object_data(one: S3Object) -> dict[str, Any]:
    version = f"?versionId={quote(one.version_id, safe='')}" if one.version_id else ""
    return {
        "source_url": f"s3://{one.bucket}/{quote(one.key, safe='/')}{version}",
        "poll_interval": OBJECT_POLL_INTERVAL_S,
    }


async def _post(workshop: Workshop, call: ApiCall) -> Sent:
    value = parse_json(call.body(), _any_json)
    sources = read_sources(value, "body")
    await workshop.open_queues()
    idempotency = idempotency_of_call(workshop, call.headers.get("idempotency-key"), value)
    messages = [message_of(data) for data in sources]
    if idempotency is None:
        return await send_all(workshop, DATA_POLLING_QUEUE, messages, [None] * len(messages))
    marks = [f"{idempotency.deduplication_id}:{index}" for index in range(len(messages))]
    return await send_all(workshop, DATA_POLLING_QUEUE, messages, marks, fingerprint=idempotency.fingerprint)
