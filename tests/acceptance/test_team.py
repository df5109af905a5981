"""The team's part of Wipsie through real processes and real HTTP: the three flows the product was drawn with, and the week of
the made-up team."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

Start = Callable[..., WipsieProcess]
EMAIL, PASSWORD = "ann@example.org", "seven green 4 kettles"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _with_admin(start_wipsie: Start, call: Any, **environment: str) -> tuple[WipsieProcess, dict[str, str]]:
    """A running Wipsie whose first admin came by the link it printed, and what she sends to say who she is."""
    wipsie = start_wipsie(["up"], environment=environment)
    await wipsie.wait_until_healthy("/health/ready")
    await eventually(lambda: "/account#setup=" in wipsie.log(), 10, "the link for the first admin is printed")
    link = re.search(r"/account#setup=(\S+)", wipsie.log())
    assert link is not None
    person = {"email": EMAIL, "name": "Ann", "password": PASSWORD}
    status, made = await call(wipsie, "POST", "/api/auth/register", {**person, "token": link[1]})
    assert (status, made["user"]["role"]) == (201, "admin"), made
    status, answer = await call(wipsie, "POST", "/api/auth/register", {**person, "token": link[1]})
    assert status == 401, answer
    status, logged_in = await call(wipsie, "POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})
    assert status == 200, logged_in
    return wipsie, _bearer(logged_in["token"])


async def test_the_flow_of_authentication(start_wipsie: Start, call: Any) -> None:
    wipsie, ann = await _with_admin(start_wipsie, call)
    status, me = await call(wipsie, "GET", "/api/auth/me", headers=ann)
    assert (status, me["email"], me["role"]) == (200, EMAIL, "admin")
    # No token, a wrong one, and a wrong password.
    assert (await call(wipsie, "GET", "/api/status"))[0] == 401
    assert (await call(wipsie, "GET", "/api/status", headers=_bearer("x.y.z")))[0] == 401
    wrong = {"email": EMAIL, "password": "something else 4"}
    assert (await call(wipsie, "POST", "/api/auth/login", wrong))[1]["error"]["code"] == "LOGIN_FAILED"
    # The token is worth nothing once it was given back.
    assert (await call(wipsie, "POST", "/api/auth/logout", headers=ann))[0] == 204
    status, refused = await call(wipsie, "GET", "/api/auth/me", headers=ann)
    assert (status, refused["error"]["code"]) == (401, "UNAUTHORIZED")


async def test_the_flow_of_a_status_update(start_wipsie: Start, call: Any, cli: Any) -> None:
    wipsie, ann = await _with_admin(start_wipsie, call)
    update = {"health": "at_risk", "done": ["Moved the queue"], "next": ["Watch it"]}
    assert (await call(wipsie, "POST", "/api/status", update))[0] == 401
    status, refused = await call(wipsie, "POST", "/api/status", {**update, "health": "fine"}, headers=ann)
    assert (status, refused["error"]["details"]["field"]) == (422, "health")
    status, created = await call(wipsie, "POST", "/api/status", update, headers=ann)
    assert (status, created["author"]["name"]) == (201, "Ann")
    _, page = await call(wipsie, "GET", "/api/status?author=me", headers=ann)
    assert page["data"] == [created]
    logged = await cli(wipsie, "audit", "list", "--json")
    assert any(event["action"] == "asyncops:status:create" for event in logged.json)
    assert (await cli(wipsie, "audit", "verify")).code == 0


async def test_the_flow_of_the_daily_summary(start_wipsie: Start, call: Any, cli: Any) -> None:
    wipsie, ann = await _with_admin(start_wipsie, call)
    await call(wipsie, "POST", "/api/status", {"done": ["Moved the queue"]}, headers=ann)
    triggered = await cli(wipsie, "schedule", "trigger", "daily-summary", "--json")
    assert triggered.code == 0, triggered.err

    async def stored() -> list[Any]:
        _, page = await call(wipsie, "GET", "/api/summaries", headers=ann)
        return page["data"]

    (summary,) = await eventually(stored, timeout_s=30, message="nothing came of it")
    status, shown = await call(wipsie, "GET", f"/api/summaries/{summary['id']}", headers=ann)
    assert status == 200
    assert "Moved the queue" in str(shown)
    # To everybody by mail, through the notifications queue and its worker.
    box = wipsie.data_dir / "mailbox" / "new"
    mail = await eventually(lambda: list(box.iterdir()) if box.exists() else [], timeout_s=30, message="no mail")
    assert any("Moved the queue" in one.read_text("utf-8", errors="replace") for one in mail)


async def test_word_of_a_stuck_queue_proposes_an_incident_through_the_queue(start_wipsie: Start, call: Any) -> None:
    wipsie, ann = await _with_admin(start_wipsie, call)
    signal = {
        "problem": "queue_stuck",
        "subject_kind": "queue",
        "subject": "notifications",
        "state": "failing",
        "sentence": "notifications does not move.",
        "noticed_at_ms": 1,
    }
    message = {"task_type": "operations_signal", "data": signal}
    status, answer = await call(wipsie, "POST", "/sqs/send", {"queue_name": "operations", "message": message})
    assert status == 200, answer

    async def proposed() -> list[Any]:
        _, page = await call(wipsie, "GET", "/api/incidents?status=proposed", headers=ann)
        return page["data"]

    (incident,) = await eventually(proposed, timeout_s=30, message="nothing came of it")
    path = f"/api/incidents/{incident['number']}/transitions"
    status, accepted = await call(wipsie, "POST", path, {"to": "declared"}, headers={**ann, "If-Match": "*"})
    assert (status, accepted["status"], accepted["pipeline"]["is_well"]) == (200, "declared", True)


async def test_the_made_up_team_fills_every_page(start_wipsie: Start, call: Any, cli: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    told = await cli(wipsie, "demo", "--team", "--json")
    assert told.code == 0, told.err
    credentials = {"email": "mara@demo.invalid", "password": told.json["password"]}
    status, logged_in = await call(wipsie, "POST", "/api/auth/login", credentials)
    assert (status, logged_in["user"]["role"]) == (200, "admin")
    mara = _bearer(logged_in["token"])
    for path in ("status", "incidents", "blockers", "decisions", "follow-ups", "users", "search?q=courier"):
        status, page = await call(wipsie, "GET", f"/api/{path}", headers=mara)
        assert status == 200, page
        assert len(page["data"]) >= 2, path
    # Nobody got mail about what never happened, and the log holds it all.
    assert not (wipsie.data_dir / "mailbox").exists()
    assert (await cli(wipsie, "audit", "verify")).code == 0
    again = await cli(wipsie, "demo", "--team")
    assert again.code == 1
    assert "accounts already" in again.err
