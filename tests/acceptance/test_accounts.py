"""Accounts on real processes: the link a newcomer opens, tokens that outlive a restart, and two servers over one database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = pytest.mark.slow
Start = Callable[..., WipsieProcess]
PASSWORD = "seven pears 4 breakfast"
ADA = {"email": "ada@example.org", "password": PASSWORD}
_LINK = re.compile(r"^There is no admin yet; make the first account within 24 hours: (\S+)/account#setup=(\S+)$", re.M)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def printed_links(wipsie: WipsieProcess, count: int) -> list[tuple[str, str]]:
    """(address, token) of every set-up link printed so far, once there are `count`."""
    await eventually(lambda: len(_LINK.findall(wipsie.log())) >= count, 20, "the set-up link is printed")
    return _LINK.findall(wipsie.log())


async def set_up(wipsie: WipsieProcess, call: Any, token: str) -> tuple[int, Any]:
    return await call(wipsie, "POST", "/api/auth/register", {**ADA, "name": "Ada", "token": token})


async def test_the_first_admin_comes_by_the_link_of_the_last_start(start_wipsie: Start, call: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    ((address, first),) = await printed_links(wipsie, 1)
    assert address == wipsie.base_url
    assert f'"event":"{first}' not in wipsie.log()
    assert sum(first in line for line in wipsie.log().splitlines()) == 1, "on standard output and not in the log"
    await wipsie.stop()
    wipsie.start()
    await wipsie.wait_until_healthy("/health/ready")
    _, (_, second) = await printed_links(wipsie, 2)
    assert (await set_up(wipsie, call, first))[0] == 401
    status, made = await set_up(wipsie, call, second)
    assert (status, made["user"]["role"]) == (201, "admin")
    await wipsie.stop()
    wipsie.start()
    await wipsie.wait_until_healthy("/health/ready")
    status, me = await call(wipsie, "GET", "/api/auth/me", headers=bearer(made["token"]))
    assert (status, me["name"]) == (200, "Ada"), "the secret and the session outlive the process"
    assert (await call(wipsie, "POST", "/api/auth/login", ADA))[0] == 200
    assert len(_LINK.findall(wipsie.log())) == 2, "nobody is offered a link once there is an admin"


async def test_what_one_process_ends_another_learns_within_seconds(start_wipsie: Start, call: Any, cli: Any) -> None:
    one = start_wipsie(["up"])
    await one.wait_until_healthy("/health/ready")
    _, token = (await printed_links(one, 1))[0]
    await set_up(one, call, token)
    other = start_wipsie(["api"], data_dir=one.data_dir)
    await other.wait_until_healthy()
    made = await cli(one, "users", "create", "ann@example.org", "--name", "Ann", "--json")
    token = made.json["link"]["url"].rpartition("=")[2]
    assert (await call(other, "POST", "/api/auth/password/reset", {"token": token, "password": PASSWORD}))[0] == 204
    _, ann = await call(one, "POST", "/api/auth/login", {"email": "ann@example.org", "password": PASSWORD})

    async def status(process: WipsieProcess) -> int:
        return (await call(process, "GET", "/api/auth/me", headers=bearer(ann["token"])))[0]

    assert [await status(one), await status(other)] == [200, 200], "one secret for both"
    assert (await call(one, "POST", "/api/auth/logout", headers=bearer(ann["token"])))[0] == 204
    assert await status(one) == 401

    async def is_out() -> bool:
        return await status(other) == 401

    await eventually(is_out, 8, "the other process has forgotten the session")


async def test_a_shared_database_needs_a_shared_secret(start_wipsie: Start, call: Any, cli: Any) -> None:
    wipsie = start_wipsie(["up"], environment={"SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"})
    await wipsie.wait_until_healthy("/health/ready")
    _, token = (await printed_links(wipsie, 1))[0]
    await set_up(wipsie, call, token)
    lost = await cli(wipsie, "doctor", "--json", SECRET_KEY="9c81f0a77d254b3e9c81f0a77d254b3e")
    found = {one["check"]: one for one in lost.json["checks"]}
    assert "made with another secret" in found["accounts"]["detail"]
    rotated = "9c81f0a77d254b3e9c81f0a77d254b3e, 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
    kept = await cli(wipsie, "doctor", "--json", SECRET_KEY=rotated)
    found = {one["check"]: one for one in kept.json["checks"]}
    assert found["accounts"]["status"] == "ok"


async def test_without_accounts_in_use_nothing_of_them_is_loaded(start_wipsie: Start, call: Any) -> None:
    """Start and idle memory are promises."""
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    await printed_links(wipsie, 1)
    await call(wipsie, "POST", "/sqs/test-message")
    maps = await asyncio.to_thread(Path(f"/proc/{wipsie.pid}/maps").read_text)
    assert "/bcrypt/" not in maps, "loaded before the first password"
    assert (await call(wipsie, "POST", "/api/auth/login", ADA))[0] == 401
    maps = await asyncio.to_thread(Path(f"/proc/{wipsie.pid}/maps").read_text)
    assert "/bcrypt/" in maps, "or the look above sees nothing"
