"""What the routes of accounts are made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.accounts.audit_desk import AuditDesk
from wipsie.api.gate import SECURE_SESSION_COOKIE, SESSION_COOKIE
from wipsie.api.lists import ListReader
from wipsie.api.openapi import Description
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.services import AccountServices
from wipsie.auth.tokens import LIFETIME_S
from wipsie.database import Database


@dataclass(frozen=True, kw_only=True)
class AccountKit:
    """One for the API."""

    services: AccountServices
    database: Database
    lists: ListReader
    rights: RightsTable
    audit: AuditDesk
    secure: bool
    """People reach this Wipsie by https."""

    def set_cookie(self, response: Response, token: str) -> Response:
        """Let the browser keep a session; scripts of the page cannot read it, and other sites cannot send it with a change."""
        name, ending = (SECURE_SESSION_COOKIE, "; Secure") if self.secure else (SESSION_COOKIE, "")
        response.headers.append(
            "Set-Cookie", f"{name}={token}; Max-Age={LIFETIME_S}; Path=/; HttpOnly; SameSite=Lax{ending}"
        )
        return response

    @staticmethod
    def drop_cookies(response: Response) -> Response:
        """Let the browser forget its session, by whichever name it is kept."""
        for name, ending in ((SESSION_COOKIE, ""), (SECURE_SESSION_COOKIE, "; Secure")):
            response.headers.append("Set-Cookie", f"{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax{ending}")
        return response


class Operations:
    """Registers operations of one tag."""

    def __init__(self, router: APIRouter, tag: str) -> None:
        self._router = router
        self._tag = tag

    def add(self, method: str, path: str, endpoint: Callable[..., Any], summary: str, description: Description) -> None:
        """One operation; the endpoint's name is its id, its docstring its text."""
        self._router.add_api_route(
            path, endpoint, methods=[method], tags=[self._tag], summary=summary, openapi_extra=description
        )


@dataclass(frozen=True)
class Client:
    """Where a request comes from."""

    address: str
    user_agent: str | None


def client_of(request: Request) -> Client:
    """Of the connection; behind a proxy that the HTTP server trusts, what that says."""
    address = request.client.host if request.client is not None else "unknown"
    return Client(address, request.headers.get("user-agent"))


def given(patch: msgspec.Struct) -> Mapping[str, Any]:
    """The fields of a merge patch that were sent."""
    return {name: value for name in patch.__struct_fields__ if (value := getattr(patch, name)) is not UNSET}
