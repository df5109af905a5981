"""``GET /``: JSON for programs, the console for people who have it installed."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from wipsie.api.access import PUBLIC
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, describe
from wipsie.slices.tasks.schemas.requests import WelcomeResponse

CONSOLE_PATH = "/console/"


def add_welcome(router: APIRouter, *, version: str, console_installed: bool) -> None:
    """Register the route."""
    links = {
        "docs": "/docs",
        "openapi": "/openapi.json",
        "health": "/health",
        "ready": "/health/ready",
        "metrics": "/metrics",
        "queues": "/sqs/queues",
        "stats": "/sqs/stats",
    }
    if console_installed:
        links["console"] = CONSOLE_PATH
    answer = WelcomeResponse(
        name="Wipsie",
        version=version,
        message="Welcome to Wipsie: durable queues, workers and one place to see them.",
        links=links,
    )

    async def welcome(request: Request) -> Response:
        """What this is and where to go on. A browser is sent to the console where there is one."""
        # Both answers live under one URL: a cache must keep them apart.
        headers = {"Vary": "Accept"}
        if console_installed and "text/html" in request.headers.get("accept", "").lower():
            return RedirectResponse(CONSOLE_PATH, status_code=307, headers=headers)
        return json_response(answer, headers=headers)

    router.add_api_route(
        "/",
        welcome,
        methods=["GET"],
        tags=["service"],
        summary="Welcome",
        openapi_extra=describe(
            access=PUBLIC,
            answers={
                200: Answer(
                    type=WelcomeResponse, description="Name, version and links.", example=msgspec.to_builtins(answer)
                )
            },
        ),
    )
