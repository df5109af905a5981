"""``GET /sqs/receive/{queue_name}``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter
from msgspec import Meta
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import integer, number, refuse_unknown
from wipsie.kernel import limits
from wipsie.slices.tasks.rights import CONSUME
from wipsie.slices.tasks.schemas.requests import ReceiveResponse
from wipsie.slices.tasks.service import MessageService

_EXAMPLE = {
    "queue": "default",
    "message_count": 1,
    "messages": [
        {
            "message_id": "0b6f8a52-7c55-4a27-9d5c-3a1f6c1f2f11",
            "body": {
                "id": "0b6f8a52-7c55-4a27-9d5c-3a1f6c1f2f11",
                "timestamp": "2025-10-04T14:06:02.648981Z",
                "source": "api",
                "task_type": "user_action",
                "message": "Process user data",
                "queue": "default",
                "data": {"user_id": "12345"},
            },
            "attributes": {"priority": {"StringValue": "high", "DataType": "String"}},
            "receipt_handle": "receipt-handle-for-deletion",
        }
    ],
}
_PARAMETERS = (
    Parameter(
        name="max_messages",
        type=Annotated[int, Meta(ge=1, le=limits.RECEIVE_MESSAGES_MAX)],
        default=1,
        description="At most this many messages.",
        example=5,
    ),
    Parameter(
        name="wait_s",
        type=Annotated[float, Meta(ge=0, le=limits.WAIT_S_MAX)],
        description="Wait up to this many seconds for the first message; 0 answers at once.",
    ),
    Parameter(
        name="visibility_timeout_s",
        type=Annotated[float, Meta(ge=0, le=limits.VISIBILITY_TIMEOUT_S_MAX)],
        description="Seconds until a message that was not deleted is delivered again; the queue's own by default.",
    ),
)


def add_receive(router: APIRouter, service: MessageService) -> None:
    """Register the route."""

    async def receive_messages(request: Request) -> Response:
        """Lease messages. Delete each with its receipt handle once its work is done, or it comes back."""
        refuse_unknown(request, "max_messages", "wait_s", "visibility_timeout_s")
        wait_s = number(request, "wait_s", minimum=0, maximum=limits.WAIT_S_MAX) or 0.0
        receiving = service.receive(
            request.path_params["queue_name"],
            max_messages=integer(request, "max_messages", default=1, minimum=1, maximum=limits.RECEIVE_MESSAGES_MAX),
            wait_s=wait_s,
            visibility_timeout_s=number(
                request, "visibility_timeout_s", minimum=0, maximum=limits.VISIBILITY_TIMEOUT_S_MAX
            ),
        )
        if wait_s == 0.0:
            return json_response(await receiving)
        return json_response(await _while_connected(request, asyncio.ensure_future(receiving)))

    router.add_api_route(
        "/sqs/receive/{queue_name}",
        receive_messages,
        methods=["GET"],
        tags=["queues"],
        summary="Receive messages",
        openapi_extra=describe(
            access=needs(CONSUME, open_on_loopback=True),
            answers={200: Answer(type=ReceiveResponse, description="The leased messages.", example=_EXAMPLE)},
            parameters=_PARAMETERS,
            error_statuses=(404, 422, 503),
        ),
    )


async def _while_connected(request: Request, receiving: asyncio.Task[ReceiveResponse]) -> ReceiveResponse:
    """The answer, unless the client leaves first: then the waiting call is cancelled, so that no message is leased for
    nobody and hidden until its time is over."""
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((receiving, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():
            raise ClientDisconnect
        return receiving.result()
    finally:
        for task in (receiving, leaving):
            task.cancel()
        await asyncio.gather(receiving, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
