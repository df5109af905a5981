"""Plays the story: every act is a request to the API itself, at the time at which it happened, by the person who asked."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import func, select

from wipsie.app.application import Application
from wipsie.app.demo_team.silence import Silence
from wipsie.app.demo_team.story import CAST, Act, Person, story
from wipsie.app.demo_team.story_clock import StoryClock
from wipsie.app.parts import Parts, build_parts
from wipsie.app.serve import prepare_database
from wipsie.app.settings import Settings
from wipsie.auth import accounts
from wipsie.auth.accounts import User, users_table
from wipsie.auth.service.office import fresh_user
from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, InternalError
from wipsie.kernel.ids import new_object_id

if TYPE_CHECKING:
    import aiohttp
    from fastapi import FastAPI

_REQUEST_S_MAX = 30.0


class DemoTeam(msgspec.Struct, frozen=True, kw_only=True):
    """Who can log in now."""

    people: list[Person]
    password: str
    """Of all of them."""
    acts: int
    """How much they did in their week."""


async def play_week(settings: Settings, clock: Clock, *, on_progress: Callable[[int, int], None]) -> DemoTeam:
    """Fill an empty database. Conflict when there are accounts already: a story does not mix with what is true."""
    await prepare_database(settings, migrate=True)
    now = datetime.fromtimestamp(clock.now(), tz=UTC)
    story_clock = StoryClock(clock.now())
    parts = build_parts(settings, story_clock)
    parts.database.publish_with(Silence())
    await parts.database.start()
    try:
        await _check_empty(parts, settings)
        play = _Play(parts, story_clock, now)
        password = await play.hire()
        api = Application(parts, ("api",)).build_api(loopback_only=False)
        async with _served(api) as session:
            acts = await play.run(session, on_progress)
    finally:
        await parts.accounts.stop()
        await parts.database.stop()
    return DemoTeam(people=list(CAST), password=password, acts=acts)


async def _check_empty(parts: Parts, settings: Settings) -> None:
    async with parts.database.read() as connection:
        count = (await connection.execute(select(func.count()).select_from(users_table))).scalar_one()
    if count:
        raise Conflict(
            f"There are {count} accounts already, and a story does not mix with what is true. Use a folder of its own: "
            "WIPSIE_DATA_DIR=./demo wipsie demo --team",
            details={"accounts": count, "data_dir": str(settings.data_dir)},
        )


class _Play:
    """The cast at work."""

    def __init__(self, parts: Parts, clock: StoryClock, now: datetime) -> None:
        self._parts = parts
        self._clock = clock
        self._now = now
        self._users: dict[str, User] = {}
        self._names: dict[str, str] = {}

    async def hire(self) -> str:
        """Make the accounts, a week ago; returns the password of all."""
        # Letters and digits whatever chance says.
        password = f"demo-{secrets.token_hex(8)}-1"
        password_hash = await self._parts.accounts.office.hasher.hash(password)
        now_ms = self._stand_at(-7, "08:00")
        async with self._parts.database.unit_of_work() as unit:
            for person in CAST:
                user = fresh_user(
                    user_id=new_object_id(accounts.ID_PREFIX, now_ms),
                    email=person.email,
                    name=person.name,
                    role=person.role,
                    now_ms=now_ms,
                    created_by=None,
                    password=password_hash,
                )
                user = msgspec.structs.replace(user, timezone=person.timezone, reader_only=person.reader_only)
                await accounts.add(unit.connection, user)
                self._users[person.key] = user
                self._names[person.key] = user.id
        return password

    async def run(self, session: aiohttp.ClientSession, on_progress: Callable[[int, int], None]) -> int:
        """All acts that lie in the past by now."""
        acts = [act for act in story() if self._time_of(act.day, act.at) <= self._now]
        tokens: dict[tuple[str, int], str] = {}
        for number, act in enumerate(acts, start=1):
            self._stand_at(act.day, act.at)
            if (act.who, act.day) not in tokens:
                tokens[act.who, act.day] = await self._log_in(act.who)
            await self._do(session, act, tokens[act.who, act.day])
            on_progress(number, len(acts))
        return len(acts)

    async def _log_in(self, who: str) -> str:
        async with self._parts.database.unit_of_work() as unit:
            logged_in = await self._parts.accounts.login.open_session(
                unit, self._users[who], address=None, user_agent="wipsie demo --team"
            )
        return logged_in.token

    async def _do(self, session: aiohttp.ClientSession, act: Act, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "If-Match": "*"}
        path, body = self._filled(act.path), self._filled(json.encode_text(act.body))
        async with session.request(act.method, path, data=body.encode(), headers=headers) as answer:
            answered = json.decode(await answer.read())
            if not answer.ok:
                raise InternalError(
                    f"The story stops at {act.method} {path}: {answered['error']['message']} Report this."
                )
        if act.made is not None:
            self._names[act.made] = answered["id"]

    def _filled(self, text: str) -> str:
        for name, value in self._names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _time_of(self, day: int, at: str) -> datetime:
        hours, minutes = at.split(":")
        moment = self._now + timedelta(days=day)
        return moment.replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0)

    def _stand_at(self, day: int, at: str) -> int:
        self._clock.move_to(self._time_of(day, at).timestamp())
        return self._clock.now_ms()


@asynccontextmanager
async def _served(api: FastAPI) -> AsyncGenerator[aiohttp.ClientSession]:
    """A client of the API, which nobody else reaches for long."""
    import aiohttp
    import uvicorn

    class Server(uvicorn.Server):
        """uvicorn without its signal handlers."""

        @contextlib.contextmanager
        def capture_signals(self) -> Any:
            yield

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(api, lifespan="off", log_config=None, access_log=False, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        timeout = aiohttp.ClientTimeout(total=_REQUEST_S_MAX)
        try:
            async with aiohttp.ClientSession(address, timeout=timeout) as session:
                yield session
        finally:
            server.should_exit = True
            await serving
