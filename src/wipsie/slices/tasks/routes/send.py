"""``POST /sqs/send``, the hot path, and ``POST /sqs/test-message``."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.idempotency import read_idempotency
from wipsie.api.json_body import json_response, read_json
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.slices.tasks.rights import SEND
from wipsie.slices.tasks.schemas.requests import SendRequest, SendResponse, TestMessageResponse
from wipsie.slices.tasks.service import MessageService, test_message

_EXAMPLES = {
    "any message": {
        "queue_name": "default",
        "message": {
            "task_type": "user_action",
            "message": "Process user data",
            "priority": "high",
            "data": {"user_id": "12345", "action": "profile_update"},
        },
        "attributes": {"priority": "high", "source": "web_app"},
    },
    "poll a source": {
        "queue_name": "data_polling",
        "message": {
            "task_type": "data_polling",
            "message": "Fetch today's measurements",
            "data": {
                "source_url": "https://example.org/measurements.csv",
                "poll_interval": 3600,
                "filters": {"species": "Gentoo", "body_mass_g": {"op": "gt", "value": 5000}},
            },
        },
    },
    "work on a table": {
        "queue_name": "task_processing",
        "message": {
            "task_type": "processing",
            "message": "Mean mass by species",
            "data": {
                "operation": "aggregation",
                "input_data": [{"species": "Gentoo", "mass": 5200}, {"species": "Adelie", "mass": 3700}],
                "processing_options": {"group_by": ["species"], "aggregates": {"mass": ["mean", "count"]}},
            },
        },
    },
    "notify": {
        "queue_name": "notifications",
        "message": {
            "task_type": "notification",
            "message": "Tell Ann",
            "data": {
                "recipient": "ann@example.org",
                "notification_type": "email",
                "subject": "Report ready",
                "body": "The report of today is ready.",
            },
        },
    },
}
_SENT_EXAMPLE = {
    "message_id": "0b6f8a52-7c55-4a27-9d5c-3a1f6c1f2f11",
    "queue": "default",
    "status": "sent",
    "timestamp": "2025-10-04T14:06:02.648000Z",
}
_IDEMPOTENCY = Parameter(
    name="Idempotency-Key",
    where="header",
    description="A repeat with the same key and body within 24 hours is answered like the first and stores nothing.",
    example="order-4711-confirmation",
)


def add_send(router: APIRouter, service: MessageService) -> None:
    """Register both routes."""
    decoder = msgspec.json.Decoder(SendRequest)

    async def send_message(request: Request) -> Response:
        """Store a message durably in a queue. Answered once it is on disk."""
        wanted = await read_json(request, decoder)
        return json_response(await service.send(wanted, read_idempotency(request, wanted)))

    async def send_test_message(request: Request) -> Response:
        """Send a test message to the default queue."""
        return json_response(await service.send_test_message())

    router.add_api_route(
        "/sqs/send",
        send_message,
        methods=["POST"],
        tags=["queues"],
        summary="Send a message",
        openapi_extra=describe(
            access=needs(SEND, open_on_loopback=True),
            request=SendRequest,
            request_examples=_EXAMPLES,
            answers={200: Answer(type=SendResponse, description="Stored durably.", example=_SENT_EXAMPLE)},
            parameters=(_IDEMPOTENCY,),
            error_statuses=(400, 404, 409, 413, 422, 429, 503),
        ),
    )
    router.add_api_route(
        "/sqs/test-message",
        send_test_message,
        methods=["POST"],
        tags=["queues"],
        summary="Send a test message",
        openapi_extra=describe(
            access=needs(SEND, open_on_loopback=True),
            answers={
                200: Answer(
                    type=TestMessageResponse,
                    description="Sent to the default queue.",
                    example={
                        "status": "success",
                        "test_message": test_message(),
                        "result": {
                            "message_id": _SENT_EXAMPLE["message_id"],
                            "queue": "default",
                            "status": "sent",
                        },
                    },
                )
            },
            error_statuses=(404, 429, 503),
        ),
    )
