"""``/api/users/{id}/personal-data`` and ``/api/users/{id}/erasure``: what is held of a person, and the end of it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.auth.privacy_rights import ERASE_PEOPLE, EXPORT_PEOPLE

_ID = Parameter(name="id", where="path", required=True, description="Of the person, for example usr_0193f0c2….")
_NO_STORE = {"Cache-Control": "no-store"}


class PersonalDataExport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is held of a person."""

    user: str
    exported_at: str
    data: dict[str, Any]
    """By the part of Wipsie that holds it."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased of a person."""

    user: str
    rows: dict[str, dict[str, int]]
    """By part and table: how many rows are gone or say nothing of them any more. Empty: there was nothing left."""
    dry_run: bool
    """Only looked at: nothing was changed."""
    free_space_overwritten: bool
    """Whether the file of the database holds no trace of deleted rows either; on a server its own housekeeping sees to that."""


class Privacy(Protocol):
    """What `app` makes of all parts that hold something of people."""

    async def export(self, actor: str, person: str) -> PersonalDataExport:
        """NotFound."""
        ...

    async def erase(self, actor: str, person: str, *, dry_run: bool = False) -> Erasure:
        """NotFound; Conflict for the last active admin."""
        ...


def privacy_router(privacy: Privacy) -> APIRouter:
    """The routes."""

    async def export_person(request: Request) -> Response:
        """Everything that is held of a person: of oneself, or, for an admin, of anybody. It is audited who asked."""
        principal, user_id = principal_of(request), request.path_params["id"]
        principal.check(EXPORT_PEOPLE, own=user_id == principal.user_id)
        return json_response(await privacy.export(principal.actor, user_id), headers=_NO_STORE)

    async def erase_person(request: Request) -> Response:
        """End what is held of a person. What they wrote as part of the team's work stays, by a former member; their name and
        address are taken out of every text. It cannot be undone, and done again it changes nothing."""
        principal, user_id = principal_of(request), request.path_params["id"]
        principal.check(ERASE_PEOPLE)
        return json_response(await privacy.erase(principal.actor, user_id), headers=_NO_STORE)

    router = APIRouter(route_class=FastRoute)
    router.add_api_route(
        "/api/users/{id}/personal-data",
        export_person,
        methods=["GET"],
        tags=["privacy"],
        summary="Get what is held of a person",
        openapi_extra=describe(
            access=needs(EXPORT_PEOPLE),
            answers={200: Answer(type=PersonalDataExport, description="All of it, at one moment.")},
            parameters=(_ID,),
            error_statuses=(404, 503),
        ),
    )
    router.add_api_route(
        "/api/users/{id}/erasure",
        erase_person,
        methods=["POST"],
        tags=["privacy"],
        summary="Erase a person",
        openapi_extra=describe(
            access=needs(ERASE_PEOPLE),
            answers={200: Answer(type=Erasure, description="Erased.")},
            parameters=(_ID,),
            error_statuses=(404, 409, 503),
        ),
    )
    return router
