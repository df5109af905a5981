"""The gate: no route is open by mistake, and no page of another site acts with the reader's cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC, SIGNED_IN, needs
from wipsie.api.application import ApiSettings
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import SECURE_SESSION_COOKIE, SESSION_COOKIE, principal_of
from wipsie.api.json_body import json_response
from wipsie.api.openapi import describe
from wipsie.auth.principal import Principal
from wipsie.auth.rights import Extent
from wipsie.kernel.errors import Unauthorized

if TYPE_CHECKING:
    from tests.api.conftest import Connect

TOKEN = "token-of-ann"
ANN = Principal(kind="user", id="usr_1", user_id="usr_1", role="member", extents={"boxes:open": Extent.OWN})
OPEN_TO_THE_NETWORK = ApiSettings(loopback_only=False, cors_origins=["http://localhost:4200"])
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class OneToken:
    """Knows one token."""

    async def authenticate(self, token: str) -> Principal:
        if token != TOKEN:
            raise Unauthorized("Not ours.")
        return ANN


def _router() -> APIRouter:
    router = APIRouter(route_class=FastRoute)

    async def who(request: Request) -> Response:
        return json_response({"actor": principal_of(request).actor})

    for path, access in {
        "/public": PUBLIC,
        "/signed-in": SIGNED_IN,
        "/boxes": needs("boxes:open"),
        "/vaults": needs("vaults:open"),
        "/here": needs("vaults:open", open_on_loopback=True),
        "/boxes/{name}": needs("boxes:open"),
    }.items():
        for method in ("GET", "POST"):
            operation_id = f"{method} {path}"
            router.add_api_route(
                path, who, methods=[method], operation_id=operation_id, openapi_extra=describe(access=access)
            )
    return router


@pytest.fixture
async def near(serve: Connect) -> aiohttp.ClientSession:
    """A client of an API that only this machine reaches."""
    return await serve(routers=[_router()], authenticator=OneToken())


@pytest.fixture
async def far(serve: Connect) -> aiohttp.ClientSession:
    """A client of an API that others reach as well."""
    return await serve(routers=[_router()], authenticator=OneToken(), settings=OPEN_TO_THE_NETWORK)


async def _ask(
    client: aiohttp.ClientSession, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, str]:
    async with client.request(method, path, headers=headers) as answer:
        body = await answer.json()
        return answer.status, body["actor"] if answer.ok else body["error"]["code"]


def _bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _cookie(name: str = SESSION_COOKIE, token: str = TOKEN) -> dict[str, str]:
    return {"Cookie": f"theme=dark; {name}={token}"}


@pytest.mark.parametrize("path", ["/signed-in", "/boxes", "/vaults", "/boxes/blue"])
async def test_without_credentials_nothing_is_open_but_what_says_so(near: aiohttp.ClientSession, path: str) -> None:
    assert await _ask(near, path) == (401, "UNAUTHORIZED")
    assert await _ask(near, "/public") == (200, "local")


async def test_a_refusal_for_want_of_credentials_says_how_to_send_them(near: aiohttp.ClientSession) -> None:
    async with near.get("/signed-in") as answer:
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="wipsie"'
        assert "/api/auth/login" in (await answer.json())["error"]["message"]


async def test_what_is_open_on_loopback_is_open_there_only(
    near: aiohttp.ClientSession, far: aiohttp.ClientSession
) -> None:
    assert await _ask(near, "/here") == (200, "local")
    assert await _ask(far, "/here") == (401, "UNAUTHORIZED")


async def test_credentials_that_are_sent_count_even_where_none_are_needed(near: aiohttp.ClientSession) -> None:
    assert await _ask(near, "/here", _bearer("forged")) == (401, "UNAUTHORIZED")
    assert await _ask(near, "/here", _bearer()) == (403, "FORBIDDEN")


@pytest.mark.parametrize("header", [_bearer(), _cookie(), _cookie(SECURE_SESSION_COOKIE)])
async def test_a_token_signs_in_by_header_and_by_cookie(far: aiohttp.ClientSession, header: dict[str, str]) -> None:
    assert await _ask(far, "/signed-in", header) == (200, "user:usr_1")
    assert await _ask(far, "/boxes/blue", header) == (200, "user:usr_1")
    assert await _ask(far, "/vaults", header) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "header",
    [
        "Basic YW5uOng=",
        "Bearer",
        "Bearer ",
        "Bearer of-bad-news",
        "bearer token of ann",
        "token-of-ann",
        "Bearer t\xfcr",
    ],
)
async def test_any_other_authorization_is_refused(far: aiohttp.ClientSession, header: str) -> None:
    assert await _ask(far, "/signed-in", {"Authorization": header}) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "cookie", ["", "x", f"{SESSION_COOKIE}=", f"x{SESSION_COOKIE}={TOKEN}", f"{SESSION_COOKIE}=no"]
)
async def test_any_other_cookie_signs_nobody_in(far: aiohttp.ClientSession, cookie: str) -> None:
    assert await _ask(far, "/signed-in", {"Cookie": cookie}) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (SAME_ORIGIN, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:4200", "Sec-Fetch-Site": "same-site"}, 200),
    ],
)
async def test_a_change_by_cookie_must_come_from_our_own_pages(
    far: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    assert (await _ask(far, "/boxes", {**_cookie(), **headers}, "POST"))[0] == status
    # Looking is harmless: the page of another site cannot read the answer.
    assert (await _ask(far, "/boxes", {**_cookie(), **headers}))[0] == 200
    # Who sends a header of his own is a script, not a page.
    assert (await _ask(far, "/boxes", {**_bearer(), **headers}, "POST"))[0] == 200


async def test_a_browser_without_fetch_metadata_is_known_by_its_origin(far: aiohttp.ClientSession) -> None:
    async with far.get("/public") as answer:
        own = str(answer.url.origin())
    assert (await _ask(far, "/boxes", {**_cookie(), "Origin": own}, "POST"))[0] == 200


async def test_the_description_names_what_a_route_takes(far: aiohttp.ClientSession) -> None:
    async with far.get("/openapi.json") as answer:
        paths = (await answer.json())["paths"]
    assert paths["/boxes"]["get"]["x-required-permission"] == "boxes:open"
    assert paths["/boxes"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]
    assert {"401", "403"} <= set(paths["/boxes"]["get"]["responses"])
    assert paths["/here"]["get"]["security"][-1] == {}
    assert paths["/public"]["get"]["security"] == []
