"""Making an account, logging in and out."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC, SIGNED_IN
from wipsie.api.accounts.kit import AccountKit, Operations, client_of
from wipsie.api.accounts.schemas import Credentials, LoggedInView, Registration
from wipsie.api.accounts.views import logged_in_view
from wipsie.api.gate import gate_of, principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.openapi import Answer, describe
from wipsie.auth.service.login import LoggedIn

_REGISTRATION = msgspec.json.Decoder(Registration)
_CREDENTIALS = msgspec.json.Decoder(Credentials)


def add_signing_in(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""
    services = kit.services

    def answer(logged_in: LoggedIn, status: int) -> Response:
        return kit.set_cookie(json_response(logged_in_view(logged_in), status), logged_in.token)

    async def register(request: Request) -> Response:
        """With the token of a set-up link one becomes the first admin, with that of an invitation what it says, and without one,
        where registration is open, a member. One is logged in then."""
        gate_of(request.scope).check_page(request.scope)
        body = await read_json(request, _REGISTRATION)
        client = client_of(request)
        logged_in = await services.registration.register(
            email=body.email,
            name=body.name,
            password=body.password,
            token=body.token,
            address=client.address,
            user_agent=client.user_agent,
        )
        return answer(logged_in, 201)

    async def login(request: Request) -> Response:
        """The token is for scripts; pages of this server need only the cookie. Both are good for 24 hours."""
        gate_of(request.scope).check_page(request.scope)
        body = await read_json(request, _CREDENTIALS)
        client = client_of(request)
        logged_in = await services.login.log_in(
            email=body.email, password=body.password, address=client.address, user_agent=client.user_agent
        )
        return answer(logged_in, 200)

    async def logout(request: Request) -> Response:
        """The token of the login is worth nothing any more."""
        async with kit.database.unit_of_work() as unit:
            await services.login.log_out(unit, principal_of(request))
        return kit.drop_cookies(Response(status_code=204))

    operations = Operations(router, "accounts")
    operations.add(
        "POST",
        "/api/auth/register",
        register,
        "Make an account for oneself",
        describe(
            access=PUBLIC,
            request=Registration,
            request_examples={
                "invited": {
                    "email": "ann@example.org",
                    "name": "Ann",
                    "password": "seven pears 4 breakfast",
                    "token": "from the link",
                }
            },
            answers={201: Answer(type=LoggedInView, description="Made, and logged in.")},
            error_statuses=(400, 401, 403, 409, 413, 422, 429, 503),
        ),
    )
    operations.add(
        "POST",
        "/api/auth/login",
        login,
        "Log in",
        describe(
            access=PUBLIC,
            request=Credentials,
            request_examples={"ann": {"email": "ann@example.org", "password": "seven pears 4 breakfast"}},
            answers={200: Answer(type=LoggedInView, description="Logged in.")},
            error_statuses=(400, 401, 403, 413, 422, 429, 503),
        ),
    )
    operations.add(
        "POST",
        "/api/auth/logout",
        logout,
        "Log out",
        describe(access=SIGNED_IN, answers={204: Answer(description="Logged out.")}, error_statuses=(503,)),
    )
