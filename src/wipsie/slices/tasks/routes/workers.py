"""``GET /sqs/workers``."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, describe
from wipsie.api.parameters import refuse_unknown
from wipsie.slices.tasks.rights import READ
from wipsie.slices.tasks.schemas.requests import WorkersResponse
from wipsie.slices.tasks.workforce import Workforce


def add_workers(router: APIRouter, workforce: Workforce) -> None:
    """Register the route."""

    async def list_workers(request: Request) -> Response:
        """The workers of all processes and machines on this database: what they serve, how busy they are, when they last
        showed themselves."""
        refuse_unknown(request)
        return json_response(await workforce.list())

    router.add_api_route(
        "/sqs/workers",
        list_workers,
        methods=["GET"],
        tags=["queues"],
        summary="List workers",
        openapi_extra=describe(
            access=needs(READ, open_on_loopback=True),
            answers={200: Answer(type=WorkersResponse, description="By id; late and lately stopped ones included.")},
            error_statuses=(422, 503),
        ),
    )
