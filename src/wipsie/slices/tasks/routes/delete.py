"""``DELETE /sqs/message/{queue_name}``."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import refuse_unknown, required_text
from wipsie.slices.tasks.rights import CONSUME
from wipsie.slices.tasks.schemas.requests import DeleteResponse
from wipsie.slices.tasks.service import MessageService

RECEIPT_LENGTH_MAX = 2048


def add_delete(router: APIRouter, service: MessageService) -> None:
    """Register the route."""

    async def delete_message(request: Request) -> Response:
        """Acknowledge a message: its work is done, it never comes back. RECEIPT_HANDLE_EXPIRED (409) means that it was
        delivered again since, or deleted already."""
        refuse_unknown(request, "receipt_handle")
        receipt = required_text(request, "receipt_handle", length_max=RECEIPT_LENGTH_MAX)
        return json_response(await service.delete(request.path_params["queue_name"], receipt))

    router.add_api_route(
        "/sqs/message/{queue_name}",
        delete_message,
        methods=["DELETE"],
        tags=["queues"],
        summary="Delete a processed message",
        openapi_extra=describe(
            access=needs(CONSUME, open_on_loopback=True),
            answers={
                200: Answer(type=DeleteResponse, description="Gone.", example={"status": "deleted", "queue": "default"})
            },
            parameters=(
                Parameter(
                    name="receipt_handle",
                    required=True,
                    description="From the delivery of the message.",
                    example="receipt-handle-for-deletion",
                ),
            ),
            error_statuses=(400, 404, 409, 422, 503),
        ),
    )
