"""Bad input: every field at and past its limits, and every trick of Unicode, is told in the envelope and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from house import PASSWORD, House, Visitor

from wipsie.kernel import json

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

TRICKS = [
    "\x00",
    "a\x00b",
    "\u202eadmin",
    "a\u200bb",
    "\u2066x\u2069",
    "\x1b[31mred",
    "a" * 10_000,
    "\U0001f388" * 5_000,
    "\ufeff",
    "\u0000\uffff",
    "../../etc/passwd",
    "'; DROP TABLE users; --",
    "{{7*7}}${7*7}<%=7*7%>",
    "%s%n%x",
    "\r\nSet-Cookie: x=y",
    "",
    " ",
]
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "register": ("/api/auth/register", {"email": "eve@example.org", "name": "Eve", "password": PASSWORD, "token": "x"}),
    "login": ("/api/auth/login", {"email": "ann@example.org", "password": PASSWORD}),
    "forgot": ("/api/auth/password/forgot", {"email": "ann@example.org"}),
    "reset": ("/api/auth/password/reset", {"token": "x", "password": PASSWORD}),
    "password": ("/api/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD}),
    "key": ("/api/auth/keys", {"name": "script", "scopes": ["users:read"], "lifetime_days": 1}),
    "signing key": ("/api/auth/keys", {"name": "shop", "allow": ["send:orders*"], "lifetime_days": 1}),
    "user": ("/api/users", {"email": "eve@example.org", "name": "Eve", "role": "member"}),
    "invitation": ("/api/invitations", {"email": "eve@example.org", "role": "member"}),
}


async def _ask(house: House, name: str, body: Any) -> tuple[int, str]:
    path, _ = BODIES[name]
    answer = await house["ada"].post(path, body)
    assert answer.status < 500, (name, body, answer.body)
    if answer.status >= 400:
        assert set(answer.body["error"]) == {"code", "message", "details", "timestamp", "request_id"}
    # Guesses are not what is looked at here.
    await house.parts.accounts.office.throttle.forget("ann@example.org")
    house.clock.jump(60)
    return answer.status, answer.code if answer.status >= 400 else ""


@pytest.mark.parametrize("name", BODIES)
async def test_no_trick_in_any_field_breaks_anything(house: House, name: str) -> None:
    _, good = BODIES[name]
    users = len(await house.all_users())
    for field, value in good.items():
        for trick in TRICKS:
            wrong: Any = [trick] if isinstance(value, list) else trick
            status, _ = await _ask(house, name, {**good, field: wrong})
            assert (status, field) == (201, "name") or status in (202, 400, 401, 403, 404, 409, 422, 429), trick
    for user in (await house.all_users())[users:]:
        # What was taken as a name is shown as it was written, and hides nothing.
        assert user.name.isprintable()
        assert user.name in TRICKS


@pytest.mark.parametrize("name", BODIES)
async def test_values_of_other_kinds_are_refused_by_field(house: House, name: str) -> None:
    _, good = BODIES[name]
    for field in good:
        others: list[Any] = [{}, [[]], 1.5, True, -1, 10**30]
        for wrong in others:
            status, code = await _ask(house, name, {**good, field: wrong})
            assert (status, code) == (422, "VALIDATION_ERROR"), (field, wrong)
    for extra in ("role_", "is_admin", "__proto__", "password_hash"):
        assert await _ask(house, name, {**good, extra: "x"}) == (422, "VALIDATION_ERROR")
    for missing in ("email", "password", "new_password", "name", "scopes"):
        if missing in good and not (name == "invitation" and missing == "email"):
            assert await _ask(house, name, {k: v for k, v in good.items() if k != missing}) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", BODIES)
async def test_what_is_no_json_object_is_said_so(house: House, name: str) -> None:
    for body in (
        b"",
        b"x",
        b"[]",
        b"null",
        b'{"email": "\xff"}',
        b'{"email": "\\ud800@x.org"}',
        b"[" * 50_000,
        b'{"a":1}{',
    ):
        status, code = await _ask(house, name, body)
        assert code in ("INVALID_JSON", "VALIDATION_ERROR"), (body[:20], status)
        assert status in (400, 422)


@pytest.mark.parametrize(
    ("field", "longest", "too_long"),
    [
        ("name", "Ω" * 100, "Ω" * 101),
        (
            "email",
            f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.org",
            f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.org",
        ),
    ],
)
async def test_fields_are_taken_up_to_their_limit(house: House, field: str, longest: str, too_long: str) -> None:
    body = {"email": "eve@example.org", "name": "Eve"}
    made = (await house["ada"].post("/api/users", {**body, field: longest})).ok(201)
    assert made["user"][field] == longest
    refused = (await house["ada"].post("/api/users", {**body, field: too_long})).refused(422, "VALIDATION_ERROR")
    assert refused.details["field"] == field


async def test_names_come_back_as_they_were_written(house: House) -> None:
    for name in ("<script>alert(1)</script>", "**Ann** [x](javascript:1)", "Ann &amp; Bob", 'O"Neill', "山田 太郎"):
        answer = await house["ann"].patch("/api/auth/me", {"name": name})
        assert answer.ok()["name"] == name
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/api/users/{}", "/api/auth/sessions/{}", "/api/auth/keys/{}", "/api/invitations/{}"])
async def test_no_id_in_a_path_breaks_anything(house: House, path: str) -> None:
    for one in ("%00", "%F0%9F%8E%88", "..%2F..", "a" * 5_000, "%27%20OR%201=1", "%ED%A0%80"):
        answer = await house["ada"].ask("GET" if "users" in path else "DELETE", path.format(one))
        assert answer.status in (400, 404), (one, answer.status)


async def test_headers_of_all_kinds_are_refused_or_taken(house: House, stranger: Visitor) -> None:
    for value in (
        "Bearer",
        "Bearer ",
        "bearer  ",
        "Basic YTpi",
        "Bearer \xff",
        "Bearer " + "x" * 5_000,
        "Bearer a b",
        "x",
    ):
        answer = await stranger.ask("GET", "/api/auth/me", headers={"Authorization": value})
        answer.refused(401, "UNAUTHORIZED")
    for cookie in (
        "wipsie_session=",
        "wipsie_session=\xff",
        "wipsie_session",
        "=;;=",
        "wipsie_session=a; wipsie_session=b",
    ):
        answer = await stranger.ask("GET", "/api/auth/me", headers={"Cookie": cookie})
        answer.refused(401, "UNAUTHORIZED")
    path = f"/api/users/{house['ann'].user_id}"
    for version in ('"x"', "1", 'W/"1"', '"1", "2"', '"' + "9" * 100 + '"', ""):
        answer = await house["ada"].ask("PATCH", path, {"name": "Eve"}, {"If-Match": version})
        assert answer.status in (412, 422, 428), version
    assert json.encode((await house["ann"].get("/api/auth/me")).ok()["name"]) == b'"Ann"'
