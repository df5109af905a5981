"""Every route × everybody: what the rights table says is what happens, and no route is forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute
from house import ROLES, House, Visitor, open_house
from starlette.routing import Route

from wipsie.api.access import Access
from wipsie.api.fast_route import FastRoute
from wipsie.auth.rights import Extent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

_UNKNOWN = "none_01a224dfe0a470008a630047f77eeb44"
_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    method: str
    path: str
    access: Access

    def url(self, visitor: Visitor) -> str:
        """Names nothing that is there, so that nothing is changed; but whoever reads accounts reads their own."""
        is_own = self.method == "GET" and self.path.startswith("/api/users/")
        return _PARAMETER.sub(visitor.user_id if is_own and visitor.user_id else _UNKNOWN, self.path)


def operations_of(house: House) -> list[Operation]:
    """All, as they are served."""
    found: list[Operation] = []
    for route in house.application.routes_of_routers:
        assert isinstance(route, FastRoute), f"{route} does not say who may use it"
        found += [Operation(method, route.path, route.access) for method in sorted(route.methods or ())]
    return found


async def _key_with(house: House, scopes: Sequence[str]) -> Visitor:
    made = (await house["ada"].post("/api/auth/keys", {"name": "walker", "scopes": list(scopes)})).ok(201)
    return house["ada"].with_token(made["secret"])


async def _status(visitor: Visitor, operation: Operation) -> tuple[int, str]:
    # A body that no operation takes whole: who is let in is told so, and nothing happens.
    body = {"no_such_field": True} if operation.method in ("POST", "PUT", "PATCH") else None
    answer = await visitor.ask(operation.method, operation.url(visitor), body)
    # A readiness report tells of trouble in its own form.
    is_refusal = answer.status >= 400 and operation.path != "/health/ready"
    # Some answer people with a page.
    return answer.status, answer.code if is_refusal and isinstance(answer.body, dict) else ""


# These change something without a body; the walk would end what it walks with.
_ENDS_SESSIONS = {("POST", "/api/auth/logout"), ("DELETE", "/api/auth/sessions")}


@pytest.fixture
async def house(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(migrated_database_url, tmp_path / "wipsie", with_queues=True) as house:
        yield house


@pytest.mark.parametrize("who", ["nobody", *ROLES, "key"])
async def test_what_the_rights_table_says_is_what_happens(house: House, who: str) -> None:
    rights = house.parts.rights
    operations = [one for one in operations_of(house) if (one.method, one.path) not in _ENDS_SESSIONS]
    assert len(operations) > 40
    stranger = await house.stranger()
    key = await _key_with(house, ["keys:manage"])
    wrong: list[str] = []
    for operation in operations:
        access, permission = operation.access, operation.access.permission
        if who == "nobody":
            visitor, extent = stranger, Extent.NONE
        elif who == "key":
            visitor, extent = key, Extent.ALL if permission == "keys:manage" else Extent.NONE
        else:
            visitor = house[who]
            extent = Extent.NONE if permission is None else rights.of(ROLES[who]).get(permission, Extent.NONE)
        status, code = await _status(visitor, operation)
        if access.public or (who == "nobody" and access.open_on_loopback):
            # Let in, and then told what is wrong with the request.
            is_right = status not in (401, 403)
        elif who == "nobody":
            is_right = (status, code) == (401, "UNAUTHORIZED")
        elif permission is None:
            is_right = status != 401
        elif extent is Extent.NONE:
            is_right = (status, code) == (403, "FORBIDDEN")
        else:
            is_right = status not in (401, 403) and status < 500
        if not is_right:
            wrong.append(f"{operation.method} {operation.path}: {status} {code}")
    assert wrong == []


async def test_every_route_says_who_may_use_it_in_the_description_too(house: House, stranger: Visitor) -> None:
    document = (await stranger.get("/openapi.json")).ok()
    for operation in operations_of(house):
        described = document["paths"].get(operation.path, {}).get(operation.method.lower())
        if described is None:
            # Pages for people are not listed.
            assert operation.access.public, operation.path
            continue
        assert described.get("x-required-permission") == operation.access.permission, operation.path
        assert (described["security"] == []) == operation.access.public, operation.path


async def test_nothing_is_served_beside_the_routes_of_routers(house: House) -> None:
    others = [route.path for route in house.application.routes if isinstance(route, Route)]
    assert others == ["/openapi.json"]


async def test_no_operation_id_stands_twice(house: House) -> None:
    names = [route.name for route in house.application.routes_of_routers if isinstance(route, APIRoute)]
    assert sorted(names) == sorted(set(names))
