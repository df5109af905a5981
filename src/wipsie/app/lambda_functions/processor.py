"""The function task_processor: runs the handlers for messages of Amazon SQS, and sends what calls ask for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec

from wipsie.api.json_body import invalid_field, parse_json
from wipsie.app.lambda_functions.answers import answer
from wipsie.app.lambda_functions.batch import Batch
from wipsie.app.lambda_functions.events import ApiCall, Direct, NewObjects, Scheduled, SqsBatch, read_event
from wipsie.app.lambda_functions.events.recognise import unsupported
from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.sending import idempotency_of_call, send, send_all
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.kernel.errors import InvalidInput, Unavailable
from wipsie.slices.tasks.schemas.requests import SendRequest, SendResponse
from wipsie.slices.tasks.slice import TASK_PROCESSING_QUEUE
from wipsie.telemetry.logging import get_logger

SUPPORTED = (
    "task_processor takes: messages of Amazon SQS from an event source mapping, calls of API Gateway or a function URL, "
    'scheduled events of EventBridge whose detail is {"queue_name": …, "message": {…}}, and the same by hand.'
)
_FIELDS = ("message", "task_type")
_any_json = msgspec.json.Decoder(Any)

_log = get_logger(__name__)


class BatchFailed(Exception):
    """Messages of a batch stay in their queue, and the mapping does not read answers."""


async def process_tasks(workshop: Workshop, event: Any, invocation: Invocation) -> Any:
    """Serve one event. Raises what its trigger should try again, or be told."""
    read = read_event(event, direct=_FIELDS, supported=SUPPORTED)
    match read:
        case SqsBatch():
            return await _run(workshop, read, invocation)
        case ApiCall():
            return await answer(workshop, read, invocation, lambda call: _post(workshop, call))
        case Scheduled() | Direct():
            try:
                async with asyncio.timeout(invocation.remaining_s(workshop.clock)):
                    return msgspec.to_builtins(await _send(workshop, read, invocation))
            except TimeoutError:
                raise Unavailable("The stores did not answer within the function's time.") from None
        case NewObjects():
            raise unsupported(event, SUPPORTED)


async def _run(workshop: Workshop, batch: SqsBatch, invocation: Invocation) -> dict[str, Any]:
    try:
        async with asyncio.timeout(invocation.remaining_s(workshop.clock)):
            await workshop.open_all()
    except TimeoutError:
        raise Unavailable("The stores did not answer within the function's time.") from None
    stayed = await Batch(workshop, invocation).run(batch.records)
    _log.info("batch_processed", count=len(batch.records), stayed=len(stayed))
    if stayed and not workshop.settings.function.report_failures:
        # What succeeded is deleted already: Lambda leaves the whole batch alone, which is the rest.
        raise BatchFailed(
            f"{len(stayed)} of {len(batch.records)} messages stay in their queue and come back; the others are done."
        )
    return {"batchItemFailures": [{"itemIdentifier": one} for one in stayed]}


async def _send(workshop: Workshop, read: Scheduled | Direct, invocation: Invocation) -> SendResponse:
    if isinstance(read, Scheduled):
        request = _request(read.detail, "detail")
        mark = f"schedule:{read.schedule}:{read.id}:{read.time}" if read.id else None
    else:
        request = _request(read.value, "event")
        mark = None if invocation.request_id is None else f"invocation:{invocation.request_id}"
    await workshop.open_queues()
    if request != SendRequest(queue_name=request.queue_name, message=request.message):
        # With choices of its own, about repeats too.
        return await send(workshop, request)
    sent = await send_all(workshop, request.queue_name, [request.message], [mark])
    return sent.messages[0]


async def _post(workshop: Workshop, call: ApiCall) -> SendResponse:
    request = _request(parse_json(call.body(), _any_json), "body")
    await workshop.open_queues()
    idempotency = idempotency_of_call(workshop, call.headers.get("idempotency-key"), request)
    return await send(workshop, request, idempotency)


def _request(value: Any, where: str) -> SendRequest:
    """``{"queue_name", "message", …}`` as ``POST /sqs/send`` takes it, or a bare message for the queue `task_processing`."""
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} must be a JSON object.", details={"field": where})
    fields = cast("dict[str, Any]", value)
    if "queue_name" not in fields and "task_type" in fields:
        return SendRequest(queue_name=TASK_PROCESSING_QUEUE, message=fields)
    try:
        return msgspec.convert(fields, SendRequest)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
