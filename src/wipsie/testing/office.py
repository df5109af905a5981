"""A team at work: the composed API over real HTTP, accounts of every role, and what was published to the queues."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp
from sqlalchemy import insert, select

from wipsie.api.application import ApiSettings, build_api
from wipsie.api.privacy import privacy_router
from wipsie.app.parts import Parts, build_parts
from wipsie.app.privacy import privacy_of
from wipsie.app.settings import Settings
from wipsie.auth import sessions
from wipsie.auth.accounts import users_table
from wipsie.auth.sessions import Session
from wipsie.auth.tokens import LIFETIME_S
from wipsie.database.outbox import outbox_table
from wipsie.kernel import json
from wipsie.kernel.ids import new_object_id
from wipsie.queue.contract import NewMessage
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import complete
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.testing.clock import FakeClock
from wipsie.testing.served import served
from wipsie.workers.handler import TaskContext, TaskServices
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.task_decoder import TaskDecoder

PEOPLE = {"ann": "member", "bob": "member", "lea": "lead", "ada": "admin", "otto": "auditor"}


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def code(self) -> str:
        """Of a refusal."""
        return self.body["error"]["code"]

    @property
    def details(self) -> dict[str, Any]:
        return self.body["error"]["details"]

    def ok(self, status: int = 200) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, (self.status, self.body)
        return self.body

    def refused(self, status: int, code: str) -> Answer:
        """Itself, when it is this refusal."""
        assert (self.status, self.code) == (status, code), (self.status, self.body)
        return self


class Badge:
    """A real session of somebody, begun without a password, and begun anew when it has ended."""

    def __init__(self, parts: Parts, user_id: str, role: str) -> None:
        self._parts = parts
        self._user_id = user_id
        self._role = role
        self._token = ""
        self._ends_at_ms = 0
        self._turn = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good now."""
        async with self._turn:
            if self._parts.clock.now_ms() >= self._ends_at_ms:
                await self._begin()
            return self._token

    async def _begin(self) -> None:
        now_ms = self._parts.clock.now_ms()
        self._ends_at_ms = now_ms + LIFETIME_S * 1000
        session = Session(
            id=new_object_id("ses", now_ms),
            user_id=self._user_id,
            issued_at_ms=now_ms,
            expires_at_ms=self._ends_at_ms,
            last_seen_at_ms=now_ms,
            address=None,
            user_agent=None,
        )
        async with self._parts.database.begin() as connection:
            await sessions.add(connection, session)
        self._token = self._parts.accounts.office.tokens.make(
            user_id=self._user_id, session_id=session.id, role=self._role, expires_at_ms=self._ends_at_ms
        )


class Desk:
    """One person's client."""

    def __init__(self, session: aiohttp.ClientSession, user_id: str, badge: Badge) -> None:
        self._session = session
        self.user_id = user_id
        self.badge = badge

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Any request."""
        data = None if body is None else body if isinstance(body, bytes) else json.encode(body)
        token = await self.badge.token()
        all_headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
        async with self._session.request(method, path, data=data, headers=all_headers) as answer:
            raw = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            parsed = json.decode(raw) if raw and is_json else raw.decode()
            return Answer(answer.status, parsed, answer.headers.copy())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=_named(headers))

    async def post(self, path: str, body: Any, **headers: str) -> Answer:
        return await self.ask("POST", path, body, _named(headers))

    async def patch(self, path: str, body: Any, etag: str = "*", **headers: str) -> Answer:
        """`etag` goes as If-Match."""
        return await self.ask("PATCH", path, body, {"If-Match": etag, **_named(headers)})

    async def move(self, path: str, body: Any, etag: str = "*", **headers: str) -> Answer:
        """A POST that changes a record, with If-Match."""
        return await self.ask("POST", path, body, {"If-Match": etag, **_named(headers)})

    async def delete(self, path: str, etag: str = "*") -> Answer:
        return await self.ask("DELETE", path, headers={"If-Match": etag})

    async def all_pages(self, path: str) -> list[Any]:
        """Every record of a list."""
        found: list[Any] = []
        cursor = ""
        joint = "&" if "?" in path else "?"
        while True:
            page = (await self.get(f"{path}{cursor}")).ok()
            found += page["data"]
            if page["page"]["next_cursor"] is None:
                return found
            cursor = f"{joint}cursor={page['page']['next_cursor']}"


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Office:
    """All desks, and what lies behind the API."""

    def __init__(self, parts: Parts, clock: FakeClock, url: str, stack: AsyncExitStack) -> None:
        self.parts = parts
        self.clock = clock
        self.url = url
        self._stack = stack
        self.desks: dict[str, Desk] = {}

    def __getitem__(self, name: str) -> Desk:
        """The desk of somebody, for example ``office["ann"]``."""
        return self.desks[name]

    async def hire(self, name: str, role: str, /, **columns: Any) -> Desk:
        """Somebody new."""
        user_id = new_object_id("usr", self.clock.now_ms())
        values = {
            "id": user_id,
            "email": f"{name}@example.org",
            "email_key": f"{name}@example.org",
            "name": name.capitalize(),
            "role": role,
            "is_active": True,
            "timezone": "UTC",
            "work_days": [0, 1, 2, 3, 4],
            "reader_only": False,
            "created_at_ms": self.clock.now_ms(),
            "updated_at_ms": self.clock.now_ms(),
            "version": 1,
        }
        async with self.parts.database.begin() as connection:
            await connection.execute(insert(users_table).values({**values, **columns}))
        session = await self._stack.enter_async_context(
            aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=20))
        )
        self.desks[name] = Desk(session, user_id, Badge(self.parts, user_id, role))
        return self.desks[name]

    async def tick(self) -> dict[str, int]:
        """Let the jobs of the clock look for what is due; how much each did."""
        spec = self.parts.registry.find(OPERATIONS_QUEUE, "asyncops_clock")
        assert spec is not None
        done = await spec.function(cast("Any", None), _Hands(self.parts))
        return done["done"]

    async def open_queues(self) -> QueueEngine:
        """The queues, which most tests can do without."""
        engine = self.parts.engine
        await engine.start([queue for one in self.parts.slices for queue in one.queues])
        self._stack.push_async_callback(engine.stop)
        return engine

    async def deliver(self, queue: str, task_type: str, data: Any, *, times: int = 1) -> Any:
        """Send a message, and give what arrives to its handler as a worker would, so often; what it gave back the last time."""
        engine = self.parts.engine
        stored = engine.resolve(queue)
        message_id, body = complete(
            {"task_type": task_type, "data": data}, queue=queue, source="test", now_s=0, correlation_id=None
        )
        await engine.send(NewMessage(queue=stored, body=body, message_id=message_id))
        (delivery,) = await engine.receive(stored, max_messages=1)
        route, typed = TaskDecoder(queue, self.parts.registry, RetryPolicy()).decode(delivery)
        context = TaskContext(
            delivery=delivery,
            queue=queue,
            attempt=1,
            worker="test",
            services=TaskServices(run_cpu=self.parts.cpu_pool.run, unit_of_work=self.parts.database.unit_of_work),
        )
        results = [await route.spec.function(typed, context) for _ in range(times)]
        await engine.delete([(stored, delivery.receipt)])
        return json.decode(json.encode(results[-1]))

    async def published(self) -> list[dict[str, Any]]:
        """The messages that wait in the outbox, oldest first, with the short name of their queue."""
        async with self.parts.database.read() as connection:
            rows = await connection.execute(
                select(outbox_table.c.queue, outbox_table.c.body).order_by(outbox_table.c.id)
            )
            return [{**json.decode(row.body), "queue": row.queue} for row in rows]

    async def mail_to(self, name: str) -> list[str]:
        """The subjects of the mail that waits for somebody."""
        return [
            message["data"]["subject"]
            for message in await self.published()
            if message.get("task_type") == "notification" and message["data"]["recipient"] == f"{name}@example.org"
        ]


class _Hands:
    """What a handler has of the worker that runs it."""

    def __init__(self, parts: Parts) -> None:
        self.unit_of_work = parts.database.unit_of_work


@contextlib.asynccontextmanager
async def open_office(database_url: str, folder: Path) -> AsyncGenerator[Office]:
    """An office over a migrated, empty database, with `PEOPLE` at their desks."""
    clock = FakeClock()
    parts = build_parts(Settings.read({"DATABASE_URL": database_url, "WIPSIE_DATA_DIR": str(folder)}), clock)
    async with AsyncExitStack() as stack:
        await parts.database.start()
        stack.push_async_callback(parts.database.stop)
        api = build_api(
            title="Office",
            version="0",
            routers=[*(router for one in parts.slices for router in one.routers), privacy_router(privacy_of(parts))],
            clock=clock,
            metrics=parts.metrics,
            settings=ApiSettings(loopback_only=False),
            authenticator=parts.accounts.authenticator,
            rights=parts.rights,
        )
        office = Office(parts, clock, await stack.enter_async_context(served(api)), stack)
        for name, role in PEOPLE.items():
            await office.hire(name, role)
        yield office
