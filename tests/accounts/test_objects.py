"""Every object of accounts, as its owner, as another, and as those who manage them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter
from house import PASSWORD, House, Visitor
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.application import build_api
from wipsie.api.fast_route import FastRoute
from wipsie.api.openapi import describe
from wipsie.auth.rights import RightsTable
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError
from wipsie.telemetry.metrics import Metrics


async def _key(owner: Visitor, *scopes: str) -> dict[str, Any]:
    return (await owner.post("/api/auth/keys", {"name": "script", "scopes": list(scopes or ("users:read",))})).ok(201)


async def test_sessions_are_seen_and_ended_by_their_owner_and_by_admins(house: House) -> None:
    ann, ada = house["ann"], house["ada"]
    (own,) = (await ann.get("/api/auth/sessions")).ok()["data"]
    assert own["user"] == ann.user_id
    assert own["current"]
    assert (own["address"], own["user_agent"]) == ("192.0.2.7", "tests")
    path = f"/api/auth/sessions/{own['id']}"
    for name in ("lea", "otto"):
        (await house[name].delete(path)).refused(404, "NOT_FOUND")
        (await house[name].get(f"/api/auth/sessions?user={ann.user_id}")).refused(403, "FORBIDDEN")
        assert {one["user"] for one in (await house[name].get("/api/auth/sessions")).ok()["data"]} == {
            house[name].user_id
        }
        (await house[name].get(f"/api/auth/sessions?user=me,{house[name].user_id}")).ok()
    assert {one["user"] for one in (await ada.get("/api/auth/sessions")).ok()["data"]} == {ada.user_id}
    (seen,) = (await ada.get(f"/api/auth/sessions?user={ann.user_id}")).ok()["data"]
    assert (seen["id"], seen["current"]) == (own["id"], False)
    (await ada.delete(path)).ok(204)
    (await ada.delete(path)).refused(404, "NOT_FOUND")
    (await ann.get("/api/auth/me")).refused(401, "UNAUTHORIZED")


async def test_all_other_sessions_are_ended_at_once(house: House, stranger: Visitor) -> None:
    credentials = {"email": "ann@example.org", "password": PASSWORD}
    others = [
        stranger.with_token((await stranger.post("/api/auth/login", credentials)).ok()["token"]) for _ in range(3)
    ]
    assert len((await house["ann"].get("/api/auth/sessions")).ok()["data"]) == 4
    assert (await house["ann"].delete("/api/auth/sessions")).ok() == {"ended": 3}
    for other in others:
        (await other.get("/api/auth/me")).refused(401, "UNAUTHORIZED")
    assert len((await house["ann"].get("/api/auth/sessions")).ok()["data"]) == 1


async def test_keys_are_seen_and_revoked_by_their_owner_and_by_admins(house: House, stranger: Visitor) -> None:
    ann, ada = house["ann"], house["ada"]
    made = await _key(ann)
    assert made["secret"].startswith("wipsie_")
    key = stranger.with_token(made["secret"])
    me = (await key.get("/api/auth/me")).ok()
    assert (me["kind"], me["permissions"]) == ("key", {"users:read": "all"})
    (listed,) = (await ann.get("/api/auth/keys")).ok()["data"]
    assert "secret" not in listed
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    path = f"/api/auth/keys/{made['id']}"
    for name in ("lea", "otto"):
        (await house[name].delete(path)).refused(404, "NOT_FOUND")
        (await house[name].get(f"/api/auth/keys?user={ann.user_id}")).refused(403, "FORBIDDEN")
        assert (await house[name].get("/api/auth/keys")).ok()["data"] == []
    (seen,) = (await ada.get(f"/api/auth/keys?user={ann.user_id}")).ok()["data"]
    assert seen == listed
    (await ann.delete(path)).ok(204)
    (await key.get("/api/users")).refused(401, "UNAUTHORIZED")
    (await ann.delete(path)).refused(404, "NOT_FOUND")


async def test_a_key_that_signs_is_made_for_oneself_within_ones_rights_and_is_worth_nothing_as_a_token(
    house: House, stranger: Visitor
) -> None:
    lea = house["lea"]
    body = {"name": "shop", "allow": ["send:orders*", "receive,delete:invoices"]}
    made = (await lea.post("/api/auth/keys", body)).ok(201)
    assert (made["allow"], made["scopes"], len(made["secret"])) == (body["allow"], [], 40)
    (listed,) = (await lea.get("/api/auth/keys")).ok()["data"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    for token in (made["secret"], made["access_key_id"]):
        (await stranger.with_token(token).get("/api/auth/me")).refused(401, "UNAUTHORIZED")
    for name, rule in (("lea", "manage:orders"), ("ann", "send:orders"), ("lea", "shout:orders"), ("lea", "send")):
        answer = (await house[name].post("/api/auth/keys", {"name": "x", "allow": [rule]})).refused(
            422, "VALIDATION_ERROR"
        )
        assert answer.details["field"] == "allow"
    (await lea.delete(f"/api/auth/keys/{made['id']}")).ok(204)


async def test_a_key_reaches_no_further_than_its_scopes(house: House, stranger: Visitor) -> None:
    key = stranger.with_token((await _key(house["ada"], "users:read"))["secret"])
    (await key.get("/api/users")).ok()
    for method, path, body in (
        ("GET", "/api/audit", None),
        ("POST", "/api/users", {"email": "eve@example.org", "name": "Eve"}),
        ("POST", "/api/auth/keys", {"name": "x", "scopes": ["users:manage"]}),
        ("DELETE", "/api/auth/sessions", None),
        ("PATCH", "/api/auth/me", {"name": "Eve"}),
        ("POST", "/api/auth/password", {"current_password": PASSWORD, "new_password": "nine plums 7 supper"}),
    ):
        answer = await key.ask(method, path, body, {"If-Match": "*"})
        answer.refused(403, "FORBIDDEN")


async def test_what_holds_a_secret_is_not_kept_for_a_repeat(house: House) -> None:
    """Answers to an Idempotency-Key lie in the database for a day; a secret must not."""
    ada = house["ada"]
    requests: list[tuple[str, Any]] = [
        ("/api/auth/keys", {"name": "script", "scopes": ["users:read"]}),
        ("/api/invitations", {"role": "member"}),
        (f"/api/users/{house['ann'].user_id}/reset-link", None),
        ("/api/users", {"email": "bob@example.org", "name": "Bob"}),
    ]
    for path, body in requests:
        first = await ada.post(path, body, Idempotency_Key="once")
        first.ok(201)
        second = await ada.post(path, body, Idempotency_Key="once")
        assert second.body != first.body, path
        assert "Idempotency-Replayed" not in second.headers
    async with house.parts.database.read() as connection:
        kept = (await connection.exec_driver_sql("SELECT count(*) FROM idempotent_answers")).scalar_one()
    assert kept == 0


async def test_colleagues_see_names_and_roles_and_those_who_manage_see_all(house: House) -> None:
    listed = (await house["ann"].get("/api/users?sort=name")).ok()["data"]
    assert [(one["name"], one["role"]) for one in listed] == [
        ("Ada", "admin"),
        ("Ann", "member"),
        ("Lea", "lead"),
        ("Otto", "auditor"),
    ]
    assert {one["name"]: one["email"] for one in listed} == {
        "Ada": None,
        "Ann": "ann@example.org",
        "Lea": None,
        "Otto": None,
    }
    everything = (await house["ada"].get("/api/users?role=lead,auditor&facets=role&include=total")).ok()
    assert {one["email"] for one in everything["data"]} == {"lea@example.org", "otto@example.org"}
    assert everything["total"] == {"count": 2, "exact": True}
    assert everything["facets"] == {"role": {"member": 1, "lead": 1, "admin": 1, "auditor": 1}}
    for secret in ("password", "hash", "pepper"):
        assert secret not in str(everything).replace("has_password", "")


async def test_the_list_is_paged_and_filtered(house: House) -> None:
    pages: list[str] = []
    path = "/api/users?limit=1&sort=-name"
    while True:
        page = (await house["ann"].get(path)).ok()
        pages += [one["name"] for one in page["data"]]
        if page["page"]["next_cursor"] is None:
            break
        path = f"/api/users?limit=1&sort=-name&cursor={page['page']['next_cursor']}"
    assert pages == ["Otto", "Lea", "Ann", "Ada"]
    assert [one["name"] for one in (await house["ann"].get("/api/users?id=me")).ok()["data"]] == ["Ann"]
    (await house["ada"].patch(f"/api/users/{house['ann'].user_id}", {"is_active": False})).ok()
    assert [one["name"] for one in (await house["ada"].get("/api/users?active=false")).ok()["data"]] == ["Ann"]
    (await house["ada"].get("/api/users?email=ann@example.org")).refused(422, "VALIDATION_ERROR")


async def test_an_account_is_changed_in_the_version_that_was_read(house: House) -> None:
    ada, ann = house["ada"], house["ann"]
    path = f"/api/users/{ann.user_id}"
    read = await ada.get(path)
    assert read.ok()["email"] == "ann@example.org"
    assert (await ada.get(path, If_None_Match=read.etag)).status == 304
    (await ada.ask("PATCH", path, {"role": "lead"})).refused(428, "PRECONDITION_REQUIRED")
    changed = await ada.patch(path, {"role": "lead", "name": "Ann Lee"}, read.etag)
    assert changed.ok()["role"] == "lead"
    assert changed.etag != read.etag
    stale = (await ada.patch(path, {"role": "admin"}, read.etag)).refused(412, "PRECONDITION_FAILED")
    assert stale.details["current"]["name"] == "Ann Lee"
    assert (await ann.get("/api/auth/me")).ok()["role"] == "lead", "with the very next request"
    assert {"auth:user:change", "auth:user:change_role"} <= set(await house.actions())


async def test_profiles_are_ones_own(house: House) -> None:
    ann = house["ann"]
    me = await ann.get("/api/auth/me")
    changes = {"name": "Ann Lee", "timezone": "Europe/Vienna", "work_days": [2, 1, 1], "reader_only": True}
    changed = await ann.patch("/api/auth/me", changes, me.etag)
    body = changed.ok()
    assert {name: body[name] for name in changes} == {**changes, "work_days": [1, 2]}
    (await ann.patch("/api/auth/me", {"name": "Ann"}, me.etag)).refused(412, "PRECONDITION_FAILED")
    for field, value in (("role", "admin"), ("is_active", False), ("email", "x@example.org"), ("id", "usr_1")):
        (await ann.patch("/api/auth/me", {field: value})).refused(422, "VALIDATION_ERROR")
    assert (await house.user("ann")).role == "member"
    (await ann.patch(f"/api/users/{house['lea'].user_id}", {"name": "Eve"})).refused(403, "FORBIDDEN")


async def test_two_admins_who_demote_each_other_leave_one(house: House) -> None:
    grace = await house.move_in("grace", "admin")
    ada = house["ada"]
    answers = await asyncio.gather(
        ada.patch(f"/api/users/{grace.user_id}", {"role": "member"}),
        grace.patch(f"/api/users/{ada.user_id}", {"role": "member"}),
    )
    # The slower one is told that it would be the last, or that it is no admin any more.
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409]), [one.body for one in answers]
    admins = [user for user in await house.all_users() if user.is_admin]
    assert len(admins) == 1
    last = house["ada"] if admins[0].id == ada.user_id else grace
    for changes in ({"role": "lead"}, {"is_active": False}):
        (await last.patch(f"/api/users/{last.user_id}", changes)).refused(409, "CONFLICT")


async def test_who_is_deactivated_is_out_at_once_with_sessions_and_keys(house: House, stranger: Visitor) -> None:
    ann = house["ann"]
    key = stranger.with_token((await _key(ann))["secret"])
    (await key.get("/api/users")).ok()
    (await house["ada"].patch(f"/api/users/{ann.user_id}", {"is_active": False})).ok()
    for visitor in (ann, key):
        (await visitor.get("/api/users")).refused(401, "UNAUTHORIZED")
    (await house["ada"].patch(f"/api/users/{ann.user_id}", {"is_active": True})).ok()
    (await ann.get("/api/users")).refused(401, "UNAUTHORIZED")
    (await key.get("/api/users")).ok()


async def test_invitations_are_seen_by_who_made_them_and_by_admins(house: House) -> None:
    lea, ada = house["lea"], house["ada"]
    by_lea = (await lea.post("/api/invitations", {"email": "bob@example.org"})).ok(201)["invitation"]
    by_ada = (await ada.post("/api/invitations", {"role": "auditor"})).ok(201)["invitation"]
    (await lea.post("/api/invitations", {"role": "lead"})).refused(403, "FORBIDDEN")
    assert [one["id"] for one in (await lea.get("/api/invitations")).ok()["data"]] == [by_lea["id"]]
    assert [one["id"] for one in (await ada.get("/api/invitations")).ok()["data"]] == [by_ada["id"], by_lea["id"]]
    (await lea.delete(f"/api/invitations/{by_ada['id']}")).refused(404, "NOT_FOUND")
    (await lea.delete(f"/api/invitations/{by_lea['id']}")).ok(204)
    (await ada.delete(f"/api/invitations/{by_ada['id']}")).ok(204)
    house.clock.jump(1)
    assert (await ada.get("/api/invitations")).ok()["data"] == []


async def test_the_rights_table_is_told_to_everybody_who_is_in(house: House) -> None:
    told = (await house["ann"].get("/api/auth/rights")).ok()["rights"]
    by_name = {one["permission"]: one["roles"] for one in told}
    assert by_name["users:invite"] == {"member": "none", "lead": "own", "admin": "all", "auditor": "none"}
    assert by_name.keys() == {right.permission for right in house.parts.rights.rights}


async def test_the_audit_log_is_read_verified_and_exported(house: House) -> None:
    otto = house["otto"]
    (await house["ada"].patch(f"/api/users/{house['ann'].user_id}", {"role": "lead"})).ok()
    page = (await otto.get("/api/audit?action=auth:user:change_role")).ok()
    (event,) = page["data"]
    assert event["actor"] == f"user:{house['ada'].user_id}"
    assert event["object"] == f"user:{house['ann'].user_id}"
    assert event["facts"] == {"role_before": "member", "role": "lead"}
    assert event["at"] == "2025-10-04T14:00:00Z"
    count = len(await house.events())
    for query, expected in (
        (f"actor=user:{house['ada'].user_id}", 2),
        (f"object=user:{house['ann'].user_id}", 1),
        ("action=nothing:like:this", 0),
    ):
        assert len((await otto.get(f"/api/audit?{query}")).ok()["data"]) == expected, query
    first = (await otto.get("/api/audit?limit=2")).ok()
    assert [one["seq"] for one in first["data"]] == [count, count - 1]
    rest = (await otto.get(f"/api/audit?limit=2&cursor={first['page']['next_cursor']}")).ok()
    assert [one["seq"] for one in rest["data"]] == [count - 2, count - 3]
    verified = (await otto.get("/api/audit/verification")).ok()
    assert verified == {"intact": True, "events": count, "anchors": 0, "findings": [], "cut": False}
    export = await otto.get("/api/audit/export")
    assert export.headers["Content-Type"].startswith("application/x-ndjson")
    assert len(export.ok().splitlines()) == count
    after = await otto.get(f"/api/audit/export?after={count - 1}")
    assert len(after.ok().splitlines()) == 1
    for path in ("/api/audit", "/api/audit/verification", "/api/audit/export"):
        (await house["lea"].get(path)).refused(403, "FORBIDDEN")
        (await otto.get(f"{path}?limt=1")).refused(422, "VALIDATION_ERROR")


async def test_nothing_of_a_person_is_in_the_audit_log(house: House, stranger: Visitor) -> None:
    ada = house["ada"]
    made = (await ada.post("/api/users", {"email": "bob@example.org", "name": "Robert Paulson"})).ok(201)
    (await ada.patch(f"/api/users/{made['user']['id']}", {"name": "Bobby", "timezone": "Europe/Vienna"})).ok()
    (await ada.post("/api/invitations", {"email": "carl@example.org"})).ok(201)
    (await ada.post("/api/auth/keys", {"name": "Key of Robert", "scopes": ["users:read"]})).ok(201)
    await stranger.post("/api/auth/login", {"email": "bob@example.org", "password": "Robert"})
    (await ada.get("/api/auth/me", User_Agent="Robert")).ok()
    log = str(await house.events())
    for personal in ("Robert", "Bobby", "bob", "carl", "example.org", "192.0.2", "Vienna", PASSWORD):
        assert personal not in log, personal


def test_a_route_that_asks_for_what_nobody_declares_is_not_served() -> None:
    router = APIRouter(route_class=FastRoute)

    async def dance(_request: Request) -> Response:
        return Response()

    router.add_api_route("/dance", dance, openapi_extra=describe(access=needs("dances:dance")))
    with pytest.raises(ConfigurationError, match="/dance asks for dances:dance"):
        build_api(
            title="t", version="1", routers=[router], clock=SystemClock(), metrics=Metrics(), rights=RightsTable([])
        )
