"""What changes nothing: ``GET /sqs/queues``, ``/sqs/stats`` and ``/sqs/runs``."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import integer, optional_text, refuse_unknown
from wipsie.kernel import limits
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.rights import READ, READ_RUNS
from wipsie.slices.tasks.schemas.requests import QueuesResponse, RunsResponse, StatisticsResponse
from wipsie.slices.tasks.service import MessageService
from wipsie.workers.run_log import STATUSES

RUNS_MAX = 500
RunStatus = Literal["succeeded", "failed", "rejected", "timed_out", "retried"]


def add_looks(router: APIRouter, service: MessageService) -> None:
    """Register the routes."""

    async def list_queues(request: Request) -> Response:
        """The queues that take work."""
        return json_response(service.queues())

    async def show_statistics(request: Request) -> Response:
        """How many messages each queue holds, by state, and how long the oldest has waited."""
        refuse_unknown(request)
        return json_response(await service.statistics())

    async def list_runs(request: Request) -> Response:
        """What became of the tries of one message, or of the last messages."""
        refuse_unknown(request, "message_id", "limit", "queue", "status")
        status = optional_text(request, "status", length_max=20)
        if status is not None and status not in STATUSES:
            raise InvalidInput(
                f"status must be one of {', '.join(STATUSES)}.", details={"field": "status", "known": list(STATUSES)}
            )
        return json_response(
            await service.runs(
                message_id=optional_text(request, "message_id", length_max=100),
                limit=integer(request, "limit", default=50, minimum=1, maximum=RUNS_MAX),
                queue=optional_text(request, "queue", length_max=limits.QUEUE_NAME_LENGTH_MAX),
                status=status,
            )
        )

    example = {
        "available_queues": ["default", "data_polling", "task_processing", "notifications"],
        "region": "us-east-1",
    }
    router.add_api_route(
        "/sqs/queues",
        list_queues,
        methods=["GET"],
        tags=["queues"],
        summary="List queues",
        openapi_extra=describe(
            access=needs(READ, open_on_loopback=True),
            answers={200: Answer(type=QueuesResponse, description="By short name.", example=example)},
            error_statuses=(503,),
        ),
    )
    router.add_api_route(
        "/sqs/stats",
        show_statistics,
        methods=["GET"],
        tags=["queues"],
        summary="Queues in numbers",
        openapi_extra=describe(
            access=needs(READ, open_on_loopback=True),
            answers={200: Answer(type=StatisticsResponse, description="Dead-letter queues included.")},
            error_statuses=(503,),
        ),
    )
    router.add_api_route(
        "/sqs/runs",
        list_runs,
        methods=["GET"],
        tags=["queues"],
        summary="Tries of tasks",
        openapi_extra=describe(
            access=needs(READ_RUNS, open_on_loopback=True),
            answers={200: Answer(type=RunsResponse, description="Tries with their results.")},
            parameters=(
                Parameter(name="message_id", description="Only this message; the other parameters mean nothing then."),
                Parameter(name="limit", type=Annotated[int, Meta(ge=1, le=RUNS_MAX)], default=50),
                Parameter(name="queue", description="Only this queue."),
                Parameter(name="status", type=RunStatus, description="Only tries that ended so."),
            ),
            error_statuses=(404, 422, 503),
        ),
    )
