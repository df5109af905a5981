"""The authentication flow over real HTTP: credentials in, token and cookie out, and then the protected resource."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from house import OTHER_PASSWORD, PASSWORD, House, Visitor, open_house, token_in

from wipsie.api.gate import SECURE_SESSION_COOKIE, SESSION_COOKIE
from wipsie.auth.principal import Principal

CREDENTIALS = {"email": "ann@example.org", "password": PASSWORD}
OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


async def test_the_flow_of_the_specification(house: House, stranger: Visitor) -> None:
    (await stranger.get("/api/auth/me")).refused(401, "UNAUTHORIZED")
    answer = await stranger.post("/api/auth/login", CREDENTIALS)
    logged_in = answer.ok()
    assert logged_in["token_type"] == "bearer"
    assert logged_in["user"]["name"] == "Ann"
    assert logged_in["user"]["email"] == "ann@example.org"
    assert logged_in["expires_at"] == "2025-10-05T14:00:00.000000Z"
    scripted = stranger.with_token(logged_in["token"])
    me = (await scripted.get("/api/auth/me")).ok()
    assert (me["id"], me["role"], me["kind"]) == (house["ann"].user_id, "member", "user")
    assert me["permissions"]["users:read"] == "all"
    assert me["permissions"]["keys:manage"] == "own"
    assert "users:manage" not in me["permissions"]
    (await scripted.post("/api/status", {"done": ["logged in"]})).ok(201)
    (await scripted.post("/api/auth/logout")).ok(204)
    (await scripted.get("/api/auth/me")).refused(401, "UNAUTHORIZED")


async def test_the_cookie_is_the_browsers_alone_and_good_for_our_own_pages(house: House, stranger: Visitor) -> None:
    answer = await stranger.ask("POST", "/api/auth/login", CREDENTIALS, OUR_PAGE)
    answer.ok()
    (cookie,) = answer.cookies
    name, _, rest = cookie.partition("=")
    token, *attributes = rest.split("; ")
    assert name == SESSION_COOKIE
    assert set(attributes) == {"Max-Age=86400", "Path=/", "HttpOnly", "SameSite=Lax"}
    sent = {"Cookie": f"{name}={token}"}
    (await stranger.ask("GET", "/api/auth/me", headers=sent)).ok()
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}):
        refused = await stranger.ask("POST", "/api/auth/logout", headers={**sent, **foreign})
        refused.refused(403, "ORIGIN_NOT_ALLOWED")
    ended = await stranger.ask("POST", "/api/auth/logout", headers={**sent, **OUR_PAGE})
    ended.ok(204)
    assert {one.partition("=")[0] for one in ended.cookies} == {SESSION_COOKIE, SECURE_SESSION_COOKIE}
    assert all("=; Max-Age=0; Path=/" in one for one in ended.cookies)
    (await stranger.ask("GET", "/api/auth/me", headers=sent)).refused(401, "UNAUTHORIZED")


async def test_over_https_the_cookie_goes_over_https_alone_and_to_this_host_alone(
    migrated_database_url: str, tmp_path: Path
) -> None:
    async with open_house(migrated_database_url, tmp_path / "wipsie", PUBLIC_URL="https://wipsie.example.org") as house:
        stranger = await house.stranger()
        (cookie,) = (await stranger.post("/api/auth/login", CREDENTIALS)).cookies
        assert cookie.startswith(f"{SECURE_SESSION_COOKIE}=")
        assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
        sent = {"Cookie": cookie.partition(";")[0]}
        (await stranger.ask("GET", "/api/auth/me", headers=sent)).ok()
        # A browser too old for Fetch Metadata: its page is the one people type, whatever Host the proxy sends.
        origin = {"Origin": "https://wipsie.example.org"}
        (await stranger.ask("DELETE", "/api/auth/sessions", headers={**sent, **origin})).ok()


async def test_a_page_of_another_site_logs_nobody_in(house: House, stranger: Visitor) -> None:
    bodies: dict[str, Any] = {
        "/api/auth/login": CREDENTIALS,
        "/api/auth/register": {"email": "eve@example.org", "name": "Eve", "password": PASSWORD},
        "/api/auth/password/forgot": {"email": "ann@example.org"},
        "/api/auth/password/reset": {"token": "x", "password": PASSWORD},
    }
    for path, body in bodies.items():
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://evil.localhost"},
        ):
            (await stranger.ask("POST", path, body, headers)).refused(403, "ORIGIN_NOT_ALLOWED")


async def test_the_token_in_the_header_counts_before_the_cookie(house: House, stranger: Visitor) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={house['ada'].token}"}
    me = (await house["ann"].ask("GET", "/api/auth/me", headers=cookie)).ok()
    assert me["id"] == house["ann"].user_id
    (await stranger.with_token("forged").ask("GET", "/api/auth/me", headers=cookie)).refused(401, "UNAUTHORIZED")


async def test_the_first_admin_comes_by_the_link_and_invites_the_others(
    migrated_database_url: str, tmp_path: Path
) -> None:
    async with open_house(migrated_database_url, tmp_path / "wipsie", people={}) as house:
        made = await house.parts.accounts.registration.set_up_link(Principal(kind="system", id="start"))
        assert made is not None
        assert made.url.startswith("http://127.0.0.1:8000/account#setup=")
        stranger = await house.stranger()
        answer = await stranger.post(
            "/api/auth/register",
            {"email": "Ada@example.org", "name": " Ada ", "password": PASSWORD, "token": token_in(made.url)},
        )
        body = answer.ok(201)
        assert (body["user"]["role"], body["user"]["name"]) == ("admin", "Ada")
        assert answer.cookies[0].startswith(SESSION_COOKIE)
        ada = stranger.with_token(body["token"])
        invited = (await ada.post("/api/invitations", {"email": "ann@example.org", "role": "lead"})).ok(201)
        (mail,) = await house.mails()
        assert mail["recipient"] == "ann@example.org"
        assert invited["link"]["url"] in mail["body"]
        assert "2025-10-11 14:00 UTC" in mail["body"]
        taken = await stranger.post(
            "/api/auth/register",
            {
                "email": "ann@example.org",
                "name": "Ann",
                "password": PASSWORD,
                "token": token_in(invited["link"]["url"]),
            },
        )
        assert taken.ok(201)["user"]["role"] == "lead"
        assert (await ada.get("/api/invitations")).ok()["data"] == []


async def test_an_admin_makes_an_account_and_its_person_sets_the_password(house: House, stranger: Visitor) -> None:
    made = (await house["ada"].post("/api/users", {"email": "bob@example.org", "name": "Bob"})).ok(201)
    assert (made["user"]["role"], made["user"]["has_password"]) == ("member", False)
    (mail,) = await house.mails()
    assert made["link"]["url"] in mail["body"]
    token = token_in(made["link"]["url"])
    reset = await stranger.post("/api/auth/password/reset", {"token": token, "password": OTHER_PASSWORD})
    reset.ok(204)
    credentials = {"email": "bob@example.org", "password": OTHER_PASSWORD}
    assert (await stranger.post("/api/auth/login", credentials)).ok()["user"]["name"] == "Bob"
    again = await stranger.post("/api/auth/password/reset", {"token": token, "password": PASSWORD})
    again.refused(401, "UNAUTHORIZED")


async def test_a_forgotten_password_is_set_anew_by_mail(house: House, stranger: Visitor) -> None:
    answer = await stranger.post("/api/auth/password/forgot", {"email": "ANN@example.org"})
    answer.ok(202)
    (mail,) = await house.mails()
    assert mail["recipient"] == "ann@example.org", "to the address of the account, not the one that was typed"
    token = mail["body"].partition("#reset=")[2].split()[0]
    (await stranger.post("/api/auth/password/reset", {"token": token, "password": OTHER_PASSWORD})).ok(204)
    (await house["ann"].get("/api/auth/me")).refused(401, "UNAUTHORIZED")
    (await stranger.post("/api/auth/login", CREDENTIALS)).refused(401, "LOGIN_FAILED")
    (await stranger.post("/api/auth/login", {**CREDENTIALS, "password": OTHER_PASSWORD})).ok()


async def test_mail_for_an_account_is_sent_a_few_times_an_hour_whoever_asks(house: House) -> None:
    stranger = await house.stranger()
    for _ in range(10):
        (await stranger.post("/api/auth/password/forgot", {"email": "ann@example.org"})).ok(202)
    assert len(await house.mails()) == 5


async def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(house: House, stranger: Visitor) -> None:
    other = stranger.with_token((await stranger.post("/api/auth/login", CREDENTIALS)).ok()["token"])
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    (await house["ann"].post("/api/auth/password", body)).ok(204)
    (await house["ann"].get("/api/auth/me")).ok()
    (await other.get("/api/auth/me")).refused(401, "UNAUTHORIZED")
    refused = (await house["ann"].post("/api/auth/password", body)).refused(422, "VALIDATION_ERROR")
    assert refused.details["field"] == "current_password"


@pytest.mark.parametrize("kind", ["unknown", "without a password", "deactivated", "wrong password"])
async def test_nobody_learns_by_the_login_which_accounts_there_are(house: House, stranger: Visitor, kind: str) -> None:
    await house.move_in("carl", "member", password=None)
    dora = await house.move_in("dora", "member")
    (await house["ada"].patch(f"/api/users/{dora.user_id}", {"is_active": False})).ok()
    email = {"unknown": "x", "without a password": "carl", "deactivated": "dora", "wrong password": "ann"}[kind]
    before = len(await house.events())
    answer = await stranger.post(
        "/api/auth/login", {"email": f"{email}@example.org", "password": "wrong" if email == "ann" else PASSWORD}
    )
    assert answer.status == 401
    error = answer.body["error"]
    del error["timestamp"], error["request_id"]
    assert error == {"code": "LOGIN_FAILED", "message": "E-mail or password is wrong.", "details": {}}
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for varying in ("date", "server", "x-request-id"):
        headers.pop(varying, None)
    assert headers == {
        "content-length": headers["content-length"],
        "content-type": "application/json",
        "www-authenticate": 'Bearer realm="wipsie"',
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    # As much is done for it: one hash, and one event.
    assert len(await house.events()) == before + 1


async def test_nobody_learns_by_a_forgotten_password_which_accounts_there_are(house: House) -> None:
    stranger = await house.stranger()
    told: list[object] = []
    for name in ("ann", "nobody"):
        answer = await stranger.post("/api/auth/password/forgot", {"email": f"{name}@example.org"})
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in ("date", "x-request-id")}
        told.append((answer.status, answer.body, headers))
    assert told[0] == told[1]
    assert len(await house.mails()) == 1


async def test_a_login_that_comes_too_often_is_told_when_to_come_back(house: House, stranger: Visitor) -> None:
    for name in ("ann", "nobody"):
        for _ in range(5):
            answer = await stranger.post("/api/auth/login", {"email": f"{name}@example.org", "password": "wrong"})
            answer.refused(401, "LOGIN_FAILED")
        answer = await stranger.post("/api/auth/login", {"email": f"{name}@example.org", "password": PASSWORD})
        answer.refused(429, "LOGIN_THROTTLED")
        assert answer.headers["Retry-After"] == "1"


async def test_tokens_that_are_worth_nothing_are_told_alike(house: House, stranger: Visitor) -> None:
    token = house["ann"].token
    assert token is not None
    head, body, seal = token.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    dora = await house.move_in("dora", "member")
    (await house["ada"].patch(f"/api/users/{dora.user_id}", {"is_active": False})).ok()
    revoked = await house.move_in("rita", "member")
    (await revoked.post("/api/auth/logout")).ok(204)
    worthless = [
        f"{none}.{body}.",
        f"{none}.{body}.{seal}",
        f"{head}.{body}.x",
        "x",
        dora.token,
        revoked.token,
        "wipsie_x",
    ]
    told = {
        (await stranger.with_token(one).get("/api/auth/me")).refused(401, "UNAUTHORIZED").body["error"]["message"]
        for one in worthless
    }
    assert told == {"The token or key is expired, revoked or not ours; log in again."}
    house.clock.jump(24 * 3600)
    expired = (await house["ann"].get("/api/auth/me")).refused(401, "UNAUTHORIZED")
    assert expired.body["error"]["message"] in told


async def test_nothing_under_api_auth_is_kept_by_caches(house: House, stranger: Visitor) -> None:
    paths = ["/api/auth/me", "/api/auth/rights", "/api/auth/sessions", "/api/auth/keys", "/api/auth/nothing"]
    for visitor in (house["ann"], stranger):
        for path in paths:
            answer = await visitor.get(path)
            assert "no-store" in answer.headers["Cache-Control"], path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_registration_is_by_invitation_unless_a_setting_says_otherwise(
    migrated_database_url: str, tmp_path: Path
) -> None:
    body = {"email": "eve@example.org", "name": "Eve", "password": PASSWORD}
    for number, (mode, status) in enumerate({"": 403, "invited": 403, "closed": 403, "open": 201}.items()):
        async with open_house(migrated_database_url, tmp_path / str(number), people={}, REGISTRATION=mode) as house:
            answer = await (await house.stranger()).post("/api/auth/register", body)
            assert answer.status == status, mode
            if status == 403:
                assert answer.code == "REGISTRATION_CLOSED"
            else:
                assert answer.body["user"]["role"] == "member"
                taken = await (await house.stranger()).post("/api/auth/register", body)
                taken.refused(409, "CONFLICT")
