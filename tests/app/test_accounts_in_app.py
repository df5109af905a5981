"""Accounts in the composition: who is offered the set-up link, when loopback is no proof, and what is done by the hour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wipsie.api.application import Api, ApiSettings
from wipsie.app.application import Application
from wipsie.app.housekeeping import Housekeeping
from wipsie.app.last_seen import LastSeen
from wipsie.app.parts import Parts, build_parts
from wipsie.app.set_up import offer_set_up
from wipsie.app.settings import Settings
from wipsie.app.settings.unknown import unknown_variables
from wipsie.auth import accounts, sessions
from wipsie.auth.password_hasher import PasswordHash
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.login import LoggedIn
from wipsie.auth.service.office import fresh_user
from wipsie.kernel.errors import ConfigurationError
from wipsie.kernel.ids import new_object_id

DAY_MS = 86_400_000


async def _admin(parts: Parts) -> LoggedIn:
    now_ms = parts.clock.now_ms()
    user = fresh_user(
        user_id=new_object_id("usr", now_ms),
        email="ada@example.org",
        name="Ada",
        role="admin",
        now_ms=now_ms,
        created_by=None,
        password=PasswordHash("$2b$12$", "k"),
    )
    async with parts.database.unit_of_work() as unit:
        await accounts.add(unit.connection, user)
        return await parts.accounts.login.open_session(unit, user, address=None, user_agent=None)


async def test_the_link_is_offered_while_there_is_no_admin(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    parts.public_url.listens_at("http://127.0.0.1:4711")
    await offer_set_up(parts)
    told = capsys.readouterr().out
    assert told.startswith(
        "There is no admin yet; make the first account within 24 hours: http://127.0.0.1:4711/account#setup="
    )
    assert told.count("\n") == 1
    await _admin(parts)
    await offer_set_up(parts)
    assert capsys.readouterr().out == ""


async def test_where_no_link_can_be_made_the_start_goes_on(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    async with parts.database.begin() as connection:
        await connection.exec_driver_sql("DROP TRIGGER audit_head_stays")
        await connection.exec_driver_sql("DELETE FROM audit_head")
    await offer_set_up(parts)
    assert capsys.readouterr().out == ""


def _api_settings(tmp_path: Path, *, loopback_only: bool, **values: str) -> ApiSettings:
    parts = build_parts(Settings.read({"WIPSIE_DATA_DIR": str(tmp_path), **values}))
    return Application(parts, ("api",))._api_settings(loopback_only=loopback_only)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("loopback", "values", "open_on_loopback", "names"),
    [
        (True, {}, True, []),
        (True, {"PUBLIC_URL": "http://localhost:9000"}, True, []),
        (True, {"PUBLIC_URL": "https://wipsie.example.org"}, False, ["wipsie.example.org"]),
        (True, {"API_ALLOWED_HOSTS": "*.example.org"}, False, ["*.example.org"]),
        (False, {}, False, []),
        (False, {"PUBLIC_URL": "https://wipsie.example.org"}, False, []),
        (
            False,
            {"PUBLIC_URL": "https://wipsie.example.org", "API_ALLOWED_HOSTS": "10.0.0.7"},
            False,
            ["10.0.0.7", "wipsie.example.org"],
        ),
    ],
)
def test_loopback_is_proof_of_this_machine_only_while_no_proxy_can_stand_in_front(
    tmp_path: Path, loopback: bool, values: dict[str, str], open_on_loopback: bool, names: list[str]
) -> None:
    settings = _api_settings(tmp_path, loopback_only=loopback, **values)
    assert settings.loopback_only == open_on_loopback
    assert list(settings.allowed_hosts) == names


def test_a_secret_that_can_be_guessed_ends_the_building(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        build_parts(Settings.read({"WIPSIE_DATA_DIR": str(tmp_path), "SECRET_KEY": "changeme"}))


def test_building_makes_no_secret_and_no_file(tmp_path: Path) -> None:
    parts = build_parts(Settings.read({"WIPSIE_DATA_DIR": str(tmp_path / "none")}))
    Application(parts, ("api",)).build_api()
    assert not (tmp_path / "none").exists()


def test_every_permission_a_route_asks_for_is_declared(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(Application(parts, ("api",)).build_api(), Api)
    some = [right for right in parts.rights.rights if right.permission != "audit:read"]
    monkeypatch.setattr(Parts, "rights", property(lambda _: RightsTable(some)))
    with pytest.raises(ConfigurationError, match="audit:read"):
        Application(parts, ("api",)).build_api()


async def test_last_uses_are_written_when_the_process_ends(parts: Parts) -> None:
    logged_in = await _admin(parts)
    before = logged_in.session.last_seen_at_ms
    async with parts.database.begin() as connection:
        await sessions.note_seen(connection, {logged_in.session.id: before - 3_600_000})
    last_seen = LastSeen(parts.accounts.authenticator, parts.clock)
    await last_seen.start()
    await parts.accounts.authenticator.authenticate(logged_in.token)
    await last_seen.stop()
    async with parts.database.read() as connection:
        found = await sessions.find(connection, logged_in.session.id)
    assert found is not None
    assert found.last_seen_at_ms >= before


async def test_sessions_and_links_that_ended_a_week_ago_go(parts: Parts) -> None:
    live = await _admin(parts)
    now_ms = parts.clock.now_ms()
    ended = {"old": now_ms - 8 * DAY_MS, "young": now_ms - 6 * DAY_MS}
    async with parts.database.begin() as connection:
        for name, at_ms in ended.items():
            await sessions.add(
                connection,
                sessions.Session(
                    id=new_object_id("ses", at_ms),
                    user_id=name,
                    issued_at_ms=at_ms - DAY_MS,
                    expires_at_ms=at_ms,
                    last_seen_at_ms=at_ms,
                    address=None,
                    user_agent=None,
                ),
            )
    await Housekeeping(parts).prune()
    async with parts.database.read() as connection:
        left: list[Any] = list((await connection.execute(sessions.sessions_table.select())).mappings())
    assert {row["user_id"] for row in left} == {"young", live.user.id}


def test_variables_that_choose_nothing_any_more_say_why() -> None:
    notes = [one.note for one in unknown_variables({"API_ALLOW_REMOTE": "true", "JWT_ALGORITHM": "none"})]
    assert notes == [
        "API_ALLOW_REMOTE has no effect. Every address may be listened on, since what is not public asks who one is.",
        "JWT_ALGORITHM has no effect. Tokens are always signed with HS256.",
    ]
