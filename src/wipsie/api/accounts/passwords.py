"""Passwords: changed by those who know them, set anew by those who have a link."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC, SIGNED_IN
from wipsie.api.accounts.kit import AccountKit, Operations, client_of
from wipsie.api.accounts.schemas import ForgottenPassword, PasswordChange, PasswordReset, Said
from wipsie.api.gate import gate_of, principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.openapi import Answer, describe

_CHANGE = msgspec.json.Decoder(PasswordChange)
_FORGOTTEN = msgspec.json.Decoder(ForgottenPassword)
_RESET = msgspec.json.Decoder(PasswordReset)
_SENT = Said(message="If there is an account with this address, a link for a new password is on its way to it.")


def add_passwords(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""
    passwords = kit.services.passwords

    async def change_password(request: Request) -> Response:
        """All other sessions end; the one this is asked in goes on."""
        body = await read_json(request, _CHANGE)
        await passwords.change(
            principal_of(request),
            current=body.current_password,
            new=body.new_password,
            address=client_of(request).address,
        )
        return Response(status_code=204)

    async def forget_password(request: Request) -> Response:
        """The answer is the same whether there is such an account or not. The link works once, for an hour."""
        gate_of(request.scope).check_page(request.scope)
        body = await read_json(request, _FORGOTTEN)
        await passwords.forgot(email=body.email, address=client_of(request).address)
        return json_response(_SENT, 202)

    async def reset_password(request: Request) -> Response:
        """All sessions end; log in with the new password then."""
        gate_of(request.scope).check_page(request.scope)
        body = await read_json(request, _RESET)
        await passwords.reset(token=body.token, password=body.password)
        return Response(status_code=204)

    operations = Operations(router, "accounts")
    operations.add(
        "POST",
        "/api/auth/password",
        change_password,
        "Change one's password",
        describe(
            access=SIGNED_IN,
            request=PasswordChange,
            answers={204: Answer(description="Changed.")},
            error_statuses=(400, 413, 422, 429, 503),
        ),
    )
    operations.add(
        "POST",
        "/api/auth/password/forgot",
        forget_password,
        "Ask for a link to set a new password",
        describe(
            access=PUBLIC,
            request=ForgottenPassword,
            request_examples={"ann": {"email": "ann@example.org"}},
            answers={202: Answer(type=Said, description="If there is such an account, a link is on its way.")},
            error_statuses=(400, 403, 413, 422, 429, 503),
        ),
    )
    operations.add(
        "POST",
        "/api/auth/password/reset",
        reset_password,
        "Set a new password by a link",
        describe(
            access=PUBLIC,
            request=PasswordReset,
            answers={204: Answer(description="Set.")},
            error_statuses=(400, 401, 403, 413, 422, 503),
        ),
    )
