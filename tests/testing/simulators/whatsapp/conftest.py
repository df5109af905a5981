"""An application that takes webhooks as one should, with a record of what came; and a simulator that knows it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wipsie.testing import FakeClock, eventually
from wipsie.testing.served import served
from wipsie.testing.simulators.whatsapp import Behaviour, WhatsAppSimulator

START_S = 1_795_300_000.0
"""In November 2026."""


class Received:
    """One request of the webhook side."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        self.body = body
        self.headers = headers
        self.json: dict[str, Any] = json.loads(body)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [change["value"] for entry in self.json["entry"] for change in entry["changes"]]


class Receiver:
    """The application: `app_secret` and `verify_token` are what it believes to be right. `answers`: statuses of the next
    POSTs; 200 when there is none."""

    def __init__(self) -> None:
        self.app_secret = "simulator-app-secret"
        self.verify_token = "simulator-verify-token"
        self.url = ""
        self.answers: deque[int] = deque()
        self.challenge_answer: str | None = None
        self.verifications: list[dict[str, str]] = []
        self.received: list[Received] = []
        self.refused: list[Received] = []
        self.at_once = 0
        self.at_once_max = 0
        self.gate: asyncio.Event | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [node for value in self.values for node in value.get("messages", [])]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [node for value in self.values for node in value.get("statuses", [])]

    @property
    def values(self) -> list[dict[str, Any]]:
        return [value for one in self.received for value in one.values]

    async def message(self, kind: str) -> dict[str, Any]:
        """The first message of a kind, once it is there."""
        found = await eventually(
            lambda: next((one for one in self.messages if one["type"] == kind), None), message=f"no {kind} came"
        )
        assert found is not None
        return found

    async def status(self, status: str, count: int = 1) -> dict[str, Any]:
        """The `count`th status of this name, once it is there."""

        def found() -> dict[str, Any]:
            all_of_it = [one for one in self.statuses if one["status"] == status]
            return all_of_it[count - 1] if len(all_of_it) >= count else {}

        return await eventually(found, message=f"no {status} came")

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/hook", self._verify, methods=["GET"]), Route("/hook", self._take, methods=["POST"])]
        )

    async def _verify(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.verifications.append(query)
        if query.get("hub.mode") != "subscribe" or query.get("hub.verify_token") != self.verify_token:
            return Response(status_code=403)
        return PlainTextResponse(self.challenge_answer or query["hub.challenge"])

    async def _take(self, request: Request) -> Response:
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            received = Received(await request.body(), dict(request.headers))
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.at_once -= 1
        digest = hmac.new(self.app_secret.encode(), received.body, hashlib.sha256).hexdigest()
        if received.headers.get("x-hub-signature-256") != f"sha256={digest}":
            self.refused.append(received)
            return Response(status_code=401)
        status_code = self.answers.popleft() if self.answers else 200
        (self.received if status_code == 200 else self.refused).append(received)
        return Response(status_code=status_code)


class Graph:
    """A client of the Graph side without any opinion: what is given is sent."""

    def __init__(self, simulator: WhatsAppSimulator, session: aiohttp.ClientSession) -> None:
        self._simulator = simulator
        self._session = session
        self.headers = {"Authorization": f"Bearer {simulator.account.access_token}"}

    async def call(self, method: str, path: str, **how: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON (or bytes), headers in lower case. `path`: without the version."""
        url = path if path.startswith("http") else f"{self._simulator.graph_url}/v26.0/{path}"
        headers = {**self.headers, **how.pop("headers", {})}
        async with self._session.request(method, url, headers=headers, **how) as response:
            content = await response.read()
            is_json = response.content_type == "application/json"
            answer = json.loads(content) if is_json else content
            return response.status, answer, {name.lower(): value for name, value in response.headers.items()}

    async def send(self, to: str | None = "+15550100123", /, **message: Any) -> tuple[int, Any, dict[str, str]]:
        """A message; text unless it says otherwise."""
        body: dict[str, Any] = {"messaging_product": "whatsapp", **({"to": to} if to is not None else {})}
        if not message.keys() & {"type", "text", "status"}:
            message["text"] = {"body": "Hello"}
        return await self.call("POST", f"{self._simulator.account.phone_number_id}/messages", json={**body, **message})

    async def sent(self, to: str | None = "+15550100123", /, **message: Any) -> str:
        """The id of a message that was accepted."""
        status_code, answer, _ = await self.send(to, **message)
        assert status_code == 200, answer
        return answer["messages"][0]["id"]

    async def refused(self, to: str | None = "+15550100123", /, **message: Any) -> int:
        """The code a message was refused with."""
        status_code, answer, _ = await self.send(to, **message)
        assert status_code >= 400, answer
        return answer["error"]["code"]

    async def upload(self, content: bytes, mime_type: str, filename: str = "file") -> tuple[int, Any, dict[str, str]]:
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", mime_type)
        form.add_field("file", io.BytesIO(content), filename=filename, content_type=mime_type)
        return await self.call("POST", f"{self._simulator.account.phone_number_id}/media", data=form)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with served(receiver.app()) as url:
        receiver.url = f"{url}/hook"
        yield receiver


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START_S)


@pytest.fixture
def behaviour() -> Behaviour:
    """Tests that want another one parametrize it."""
    return Behaviour()


@pytest.fixture
async def simulator(receiver: Receiver, clock: FakeClock, behaviour: Behaviour) -> AsyncIterator[WhatsAppSimulator]:
    async with WhatsAppSimulator(callback_url=receiver.url, clock=clock, behaviour=behaviour) as simulator:
        yield simulator


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
def graph(simulator: WhatsAppSimulator, session: aiohttp.ClientSession) -> Graph:
    return Graph(simulator, session)
