"""One's own account, and what one may do."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import SIGNED_IN
from wipsie.api.accounts.kit import AccountKit, Operations, given
from wipsie.api.accounts.schemas import Me, ProfileChanges, RightsView
from wipsie.api.accounts.views import me_view, right_view
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.openapi import Answer, describe
from wipsie.api.versions import IF_MATCH, check_version, etag, expected_version
from wipsie.auth import accounts
from wipsie.auth.accounts import User
from wipsie.auth.principal import Principal

_CHANGES = msgspec.json.Decoder(ProfileChanges)


def add_me(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""

    def answer(user: User, principal: Principal) -> Response:
        return json_response(me_view(user, principal), headers={"ETag": etag(user.version)})

    async def show_me(request: Request) -> Response:
        """Who one is here, and how far each permission reaches at this moment."""
        principal = principal_of(request)
        async with kit.database.read() as connection:
            user = await accounts.get(connection, principal.user_id or "")
        return answer(user, principal)

    async def change_me(request: Request) -> Response:
        """A merge patch: what is sent is changed, what is not stays."""
        version = expected_version(request)
        body = await read_json(request, _CHANGES)
        principal = principal_of(request)
        async with kit.database.unit_of_work() as unit:
            user = await kit.services.people.change_profile(
                unit,
                principal,
                given(body),
                lambda before: check_version(version, before.version, me_view(before, principal)),
            )
        return answer(user, principal)

    async def list_rights(_request: Request) -> Response:
        """The table that the API asks: permissions, what they allow, and which role has them."""
        return json_response(RightsView(rights=[right_view(right) for right in kit.rights.rights]))

    operations = Operations(router, "accounts")
    operations.add(
        "GET",
        "/api/auth/me",
        show_me,
        "Who am I, and what may I do?",
        describe(access=SIGNED_IN, answers={200: Answer(type=Me, description="You.")}, error_statuses=(503,)),
    )
    operations.add(
        "PATCH",
        "/api/auth/me",
        change_me,
        "Change one's own name, time zone or work days",
        describe(
            access=SIGNED_IN,
            request=ProfileChanges,
            request_examples={"moved": {"timezone": "Europe/Vienna", "work_days": [0, 1, 2, 3]}},
            answers={200: Answer(type=Me, description="Changed.")},
            parameters=(IF_MATCH,),
            error_statuses=(400, 412, 413, 422, 428, 503),
        ),
    )
    operations.add(
        "GET",
        "/api/auth/rights",
        list_rights,
        "Who may do what",
        describe(access=SIGNED_IN, answers={200: Answer(type=RightsView, description="The table of rights.")}),
    )
