"""``/api/preferences``: what one wants to be told."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import SIGNED_IN
from wipsie.api.answers import IDEMPOTENCY_KEY
from wipsie.api.gate import principal_of
from wipsie.api.json_body import read_json
from wipsie.api.openapi import Answer, describe
from wipsie.api.versions import IF_MATCH, IF_NONE_MATCH, expected_version, versioned_response
from wipsie.slices.asyncops.routes.descriptions import Operations
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.schemas.preferences import PreferenceChanges, PreferencesView
from wipsie.slices.asyncops.service.preferences import PreferenceService

PATH = "/api/preferences"


def add_preferences(router: APIRouter, kit: RouteKit, service: PreferenceService) -> None:
    """Register the routes."""
    decoder = msgspec.json.Decoder(PreferenceChanges)

    async def show_preferences(request: Request) -> Response:
        """What one wants to be told by mail; without having chosen: everything."""
        async with kit.database.read() as connection:
            shown = await service.show(connection, principal_of(request))
        return versioned_response(request, shown, shown.version)

    async def change_preferences(request: Request) -> Response:
        """Choose what one wants to be told by mail. Mail about what waits for oneself comes all the same."""
        version = expected_version(request)
        body = await read_json(request, decoder)
        principal = principal_of(request)
        return await kit.changes.answer(request, body, lambda unit: service.change(unit, principal, body, version))

    operations = Operations(router, "preferences")
    operations.add(
        "GET",
        PATH,
        show_preferences,
        "Read one's preferences",
        describe(
            access=SIGNED_IN,
            answers={
                200: Answer(type=PreferencesView, description="As they are now."),
                304: Answer(description="Not changed since."),
            },
            parameters=(IF_NONE_MATCH,),
            error_statuses=(503,),
        ),
    )
    operations.add(
        "PATCH",
        PATH,
        change_preferences,
        "Change one's preferences",
        describe(
            access=SIGNED_IN,
            request=PreferenceChanges,
            request_examples={"only what names me": {"mail_followed": False, "summary_sections": ["attention"]}},
            answers={200: Answer(type=PreferencesView, description="As they are now.")},
            parameters=(IF_MATCH, IDEMPOTENCY_KEY),
            error_statuses=(400, 409, 412, 413, 422, 428, 503),
        ),
    )
