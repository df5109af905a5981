"""Amazon SQS, served for tests."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wipsie.api.application import ApiSettings, build_api
from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueBackend
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.sqs_endpoint import SqsEndpoint
from wipsie.sqs_endpoint.moves.runner import MoveTasks
from wipsie.sqs_endpoint.strictness import Strictness
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.process import loopback_listener
from wipsie.testing.served import QuickServer

Value = TypeVar("Value")
_HEARD_MAX = 10_000


class Heard(NamedTuple):
    """What a request said of itself."""

    action: str
    protocol: str
    agent: str
    path: str


class SqsServer:
    """The API's port with nothing on it but health, metrics and Amazon SQS, in a thread of its own."""

    def __init__(
        self, queues: Path | Callable[[Clock], QueueBackend], database_url: str, *, strictness: Strictness | None = None
    ) -> None:
        """`queues`: a queue file, or what makes another backend. `database_url`: migrated. Another server may have the same file
        and the same database."""
        self._listener = loopback_listener()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._queues = queues
        self._database_url = database_url
        self._strictness = strictness
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="sqs-server")
        self.engine: QueueEngine
        self.heard: deque[Heard] = deque(maxlen=_HEARD_MAX)
        """The requests that were answered, the newest last."""
        self._server: QuickServer

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._server.end()
        self._thread.join(10)

    def on_the_engine(self, make: Callable[[QueueEngine], Coroutine[Any, Any, Value]]) -> Value:
        """Run what a coroutine of the engine does, in its own loop."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(make(self.engine), self._loop).result(10)

    async def _run(self) -> None:
        clock = SystemClock()
        self._loop = asyncio.get_running_loop()
        queues = self._queues
        backend = SqliteQueueBackend(queues, clock=clock) if isinstance(queues, Path) else queues(clock)
        self.engine = QueueEngine(backend, clock=clock, names=QueueNames())
        await self.engine.start()
        database = Database(self._database_url, clock=clock, pool_size=2)
        await database.start()
        moves = MoveTasks(self.engine, database)
        await moves.start()
        endpoint = SqsEndpoint(
            self.engine,
            moves=moves,
            shared=DatabaseSharedStore(database, clock=clock),
            is_open=True,
            strictness=self._strictness,
        )
        api = build_api(
            title="Sample",
            version="1",
            routers=[],
            clock=clock,
            metrics=Metrics(),
            settings=ApiSettings(cors_origins=["http://trusted.example"]),
            other_protocol=endpoint,
        )
        self._server = QuickServer(
            uvicorn.Config(self._hearing(api), log_config=None, access_log=False, lifespan="off", ws="none")
        )
        with self._listener:
            self._loop.call_soon(self._ready.set)
            await self._server.serve(sockets=[self._listener])
        await moves.stop()
        await database.stop()
        await self.engine.stop()

    def _hearing(self, api: ASGIApp) -> ASGIApp:
        async def hear(scope: Scope, receive: Receive, send: Send) -> None:
            # Noted before the answer leaves, so that whoever has the answer finds it here.
            async def note_and_send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._note(scope)
                await send(message)

            await api(scope, receive, note_and_send)

        return hear

    def _note(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        protocol = "json" if headers.get(b"content-type", b"").startswith(b"application/x-amz-json") else "query"
        action = str(scope.get("operation", "")).removeprefix("AmazonSQS.")
        self.heard.append(Heard(action, protocol, headers.get(b"user-agent", b"").decode(), scope["path"]))
