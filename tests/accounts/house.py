"""The whole API over real HTTP, with accounts whose passwords cost little to hash, and a clock that stands still."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from wipsie.api.application import Api
from wipsie.app.application import Application
from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.audit import LoggedEvent, list_events
from wipsie.auth import accounts
from wipsie.auth.accounts import User, users_table
from wipsie.auth.service.office import fresh_user
from wipsie.database.outbox import outbox_table
from wipsie.kernel import json
from wipsie.kernel.ids import new_object_id
from wipsie.testing.clock import FakeClock
from wipsie.testing.served import served

PASSWORD = "seven pears 4 breakfast"
OTHER_PASSWORD = "nine plums 7 supper"
ROLES = {"ann": "member", "lea": "lead", "ada": "admin", "otto": "auditor"}
PASSWORD_COST = 4


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: Mapping[str, str]
    cookies: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Of a refusal."""
        return self.body["error"]["code"]

    @property
    def details(self) -> dict[str, Any]:
        return self.body["error"]["details"]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    def ok(self, status: int = 200) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, (self.status, self.body)
        return self.body

    def refused(self, status: int, code: str) -> Answer:
        """Itself, when it is this refusal."""
        assert (self.status, self.code) == (status, code), (self.status, self.body)
        return self


class Visitor:
    """A client, with a token or without."""

    def __init__(self, session: aiohttp.ClientSession, token: str | None = None, user_id: str = "") -> None:
        self._session = session
        self.token = token
        self.user_id = user_id

    def with_token(self, token: str | None) -> Visitor:
        """The same client with another token."""
        return Visitor(self._session, token)

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Any request. Bytes are sent as they are."""
        data = None if body is None else body if isinstance(body, bytes) else json.encode(body)
        credentials = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        async with self._session.request(method, path, data=data, headers={**credentials, **(headers or {})}) as answer:
            raw = await answer.read()
            is_json = answer.headers.get("Content-Type", "") == "application/json"
            parsed = json.decode(raw) if raw and is_json else raw.decode()
            return Answer(answer.status, parsed, answer.headers.copy(), tuple(answer.headers.getall("Set-Cookie", [])))

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=_named(headers))

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.ask("POST", path, body, _named(headers))

    async def patch(self, path: str, body: Any, etag: str = "*") -> Answer:
        return await self.ask("PATCH", path, body, {"If-Match": etag})

    async def delete(self, path: str) -> Answer:
        return await self.ask("DELETE", path)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class House:
    """Everybody who comes, and what lies behind the door."""

    def __init__(self, parts: Parts, clock: FakeClock, url: str, stack: AsyncExitStack, application: Api) -> None:
        self.parts = parts
        self.clock = clock
        self.url = url
        self.application = application
        """The built API."""
        self._stack = stack
        self.people: dict[str, Visitor] = {}

    def __getitem__(self, name: str) -> Visitor:
        """Somebody who is logged in, for example ``house["ann"]``."""
        return self.people[name]

    async def stranger(self) -> Visitor:
        """Somebody without credentials."""
        session = aiohttp.ClientSession(
            self.url, timeout=aiohttp.ClientTimeout(total=20), cookie_jar=aiohttp.DummyCookieJar()
        )
        return Visitor(await self._stack.enter_async_context(session))

    async def move_in(self, name: str, role: str, *, password: str | None = PASSWORD) -> Visitor:
        """Somebody new, logged in."""
        services, clock = self.parts.accounts, self.clock
        hashed = None if password is None else await services.office.hasher.hash(password)
        user = fresh_user(
            user_id=new_object_id(accounts.ID_PREFIX, clock.now_ms()),
            email=f"{name}@example.org",
            name=name.capitalize(),
            role=role,
            now_ms=clock.now_ms(),
            created_by=None,
            password=hashed,
        )
        async with self.parts.database.unit_of_work() as unit:
            await accounts.add(unit.connection, user)
            logged_in = await services.login.open_session(unit, user, address="192.0.2.7", user_agent="tests")
        stranger = await self.stranger()
        self.people[name] = stranger.with_token(logged_in.token)
        self.people[name].user_id = user.id
        return self.people[name]

    async def user(self, name: str) -> User:
        """The account of somebody."""
        async with self.parts.database.read() as connection:
            found = await accounts.find_by_email(connection, f"{name}@example.org")
        assert found is not None
        return found

    async def all_users(self) -> list[User]:
        async with self.parts.database.read() as connection:
            rows = (await connection.execute(select(users_table).order_by(users_table.c.id))).mappings()
            return [accounts.user_of(row) for row in rows]

    async def mails(self) -> list[dict[str, Any]]:
        """The mails that wait in the outbox, oldest first."""
        # What goes out after its answer has gone out first.
        await self.parts.accounts.office.errands.stop()
        async with self.parts.database.read() as connection:
            rows = await connection.execute(select(outbox_table.c.body).order_by(outbox_table.c.id))
            return [json.decode(row.body)["data"] for row in rows]

    async def events(self, limit: int = 50) -> list[LoggedEvent]:
        """The audit log, the newest first."""
        return await list_events(self.parts.database, limit=limit)

    async def actions(self, limit: int = 50) -> list[str]:
        return [event.action for event in await self.events(limit)]


def token_in(url: str) -> str:
    """Of a one-time link."""
    return url.partition("#")[2].partition("=")[2]


@contextlib.asynccontextmanager
async def open_house(
    database_url: str,
    folder: Path,
    *,
    people: Mapping[str, str] = ROLES,
    with_queues: bool = False,
    **settings: str,
) -> AsyncGenerator[House]:
    """A house over a migrated, empty database. `settings` by the names of their variables; `with_queues` opens them too."""
    clock = FakeClock()
    values = {"DATABASE_URL": database_url, "WIPSIE_DATA_DIR": str(folder), **settings}
    parts = build_parts(Settings.read(values), clock, password_cost=PASSWORD_COST)
    async with AsyncExitStack() as stack:
        await parts.database.start()
        stack.push_async_callback(parts.database.stop)
        stack.push_async_callback(parts.accounts.stop)
        if with_queues:
            await parts.engine.start([queue for one in parts.slices for queue in one.queues])
            stack.push_async_callback(parts.engine.stop)
        api = Application(parts, ("api",)).build_api()
        assert isinstance(api, Api)
        house = House(parts, clock, await stack.enter_async_context(served(api)), stack, api)
        for name, role in people.items():
            await house.move_in(name, role)
        yield house
