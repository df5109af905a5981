"""The runtime API of Lambda on loopback: hands out invocations one at a time, and takes answers and errors.

Paths and headers: AWS Lambda developer guide, "Using the Lambda runtime API"; facts only.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock

if TYPE_CHECKING:
    from aiohttp import web

_ROOT = "/2018-06-01/runtime"
_BODY_BYTES_MAX = 6 * 1024 * 1024
"""What Lambda takes as an event, and as an answer."""


class Invoked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one invocation."""

    request_id: str
    answer: Any = None
    error: dict[str, Any] | None = None
    """``errorType``, ``errorMessage``, ``stackTrace`` of a function that raised."""


class _Pending(msgspec.Struct):
    request_id: str
    event: bytes
    timeout_s: float
    outcome: asyncio.Future[Invoked]


class RuntimeApi:
    """``async with RuntimeApi() as api:``. One function is its client."""

    def __init__(self) -> None:
        self.init_errors: list[dict[str, Any]] = []
        """What functions said that could not even start."""
        self.function_arn = "arn:aws:lambda:us-east-1:000000000000:function:simulated"
        self._clock = SystemClock()
        self._waiting: deque[_Pending] = deque()
        self._running: dict[str, _Pending] = {}
        self._wake = asyncio.Event()
        self._is_closing = False
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API is set to: host and port."""
        if self._runner is None:
            raise RuntimeError("The runtime API is not started; use it in an async with block.")
        return f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def invoke(self, event: Any, *, timeout_s: float = 30.0, patience_s: float = 60.0) -> Invoked:
        """Have the function serve an event, and give what it answers. `timeout_s` is what it is told it has, from the moment
        it fetches the event; `patience_s` is how long is waited for it. TimeoutError: it said nothing, or ran over."""
        outcome: asyncio.Future[Invoked] = asyncio.get_running_loop().create_future()
        pending = _Pending(str(uuid.uuid4()), json.encode(event), timeout_s, outcome)
        if len(pending.event) > _BODY_BYTES_MAX:
            raise ValueError(f"The event has {len(pending.event)} bytes; Lambda takes {_BODY_BYTES_MAX}.")
        self._waiting.append(pending)
        self._wake.set()
        try:
            async with asyncio.timeout(patience_s):
                return await outcome
        finally:
            if pending in self._waiting:
                self._waiting.remove(pending)
            self._running.pop(pending.request_id, None)

    async def __aenter__(self) -> RuntimeApi:
        from aiohttp import web

        app = web.Application(client_max_size=_BODY_BYTES_MAX)
        app.router.add_get(f"{_ROOT}/invocation/next", self._next)
        app.router.add_post(f"{_ROOT}/invocation/{{id}}/response", self._response)
        app.router.add_post(f"{_ROOT}/invocation/{{id}}/error", self._error)
        app.router.add_post(f"{_ROOT}/init/error", self._init_error)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._is_closing = True
        self._wake.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _next(self, request: web.Request) -> web.Response:
        from aiohttp import web

        while not self._waiting and not self._is_closing:
            self._wake.clear()
            await self._wake.wait()
        if self._is_closing:
            return web.Response(status=500)
        pending = self._waiting.popleft()
        self._running[pending.request_id] = pending
        return web.Response(
            body=pending.event,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": pending.request_id,
                "Lambda-Runtime-Deadline-Ms": str(self._clock.now_ms() + int(pending.timeout_s * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            },
        )

    async def _response(self, request: web.Request) -> web.Response:
        request_id = request.match_info["id"]
        return self._ended(Invoked(request_id=request_id, answer=json.decode(await request.read())))

    async def _error(self, request: web.Request) -> web.Response:
        request_id = request.match_info["id"]
        return self._ended(Invoked(request_id=request_id, error=json.decode(await request.read())))

    async def _init_error(self, request: web.Request) -> web.Response:
        self.init_errors.append(json.decode(await request.read()))
        return _accepted()

    def _ended(self, invoked: Invoked) -> web.Response:
        from aiohttp import web

        pending = self._running.pop(invoked.request_id, None)
        if pending is None:
            return web.json_response({"errorType": "InvalidRequestID", "errorMessage": "not running"}, status=400)
        if not pending.outcome.done():
            pending.outcome.set_result(invoked)
        return _accepted()


def _accepted() -> web.Response:
    from aiohttp import web

    return web.json_response({"status": "OK"}, status=202)
