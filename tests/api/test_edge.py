"""What the edge does when there is no ordinary HTTP answer: sockets, clients that leave, start and stop."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Scope

from wipsie.api.access import PUBLIC
from wipsie.api.application import ApiSettings, build_api
from wipsie.api.fast_route import FastRoute
from wipsie.api.json_body import json_response, read_body
from wipsie.api.openapi import describe
from wipsie.kernel.clock import SystemClock
from wipsie.telemetry import correlation
from wipsie.telemetry.logging import configure_logging
from wipsie.telemetry.metrics import Metrics


def _build(metrics: Metrics, *routers: APIRouter, **options: Any) -> FastAPI:
    return build_api(title="Sample", version="1", routers=routers, clock=SystemClock(), metrics=metrics, **options)


def _router() -> APIRouter:
    router = APIRouter(route_class=FastRoute)

    @router.post("/echo", openapi_extra=describe(access=PUBLIC))
    async def echo(request: Request) -> Response:
        return json_response((await read_body(request)).decode())

    del echo
    return router


async def _call(app: FastAPI, scope: Scope, *incoming: Message) -> list[Message]:
    messages = iter(incoming)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(
        {"path": "/", "root_path": "", "query_string": b"", "headers": [(b"host", b"localhost")], **scope},
        receive,
        send,
    )
    return sent


def _post(path: str = "/echo") -> Scope:
    return {"type": "http", "method": "POST", "path": path}


def _socket(**headers: str) -> Scope:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "websocket", "path": "/socket", "headers": raw, "subprotocols": []}


def _socket_router() -> APIRouter:
    router = APIRouter()

    @router.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(str(correlation.request_id()))
        await websocket.close()

    del socket
    return router


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "wipsie.log"
    configure_logging("INFO", "json", path)
    yield path
    configure_logging("WARNING", "json", None)


async def test_a_client_that_leaves_is_counted_and_not_an_error():
    metrics = Metrics()
    assert await _call(_build(metrics, _router()), _post(), {"type": "http.disconnect"}) == []
    assert b'endpoint="/echo",method="POST",status="499"} 1.0' in metrics.render()


async def test_a_body_in_pieces_arrives_whole():
    sent = await _call(
        _build(Metrics(), _router()),
        _post(),
        {"type": "http.request", "body": b"one ", "more_body": True},
        {"type": "http.request", "body": b"two", "more_body": False},
    )
    assert sent[1]["body"] == b'"one two"'


async def test_a_prefix_set_by_a_proxy_is_understood():
    scope = {**_post("/behind/echo"), "root_path": "/behind"}
    sent = await _call(_build(Metrics(), _router()), scope, {"type": "http.request", "body": b"x"})
    assert sent[0]["status"] == 200


async def test_a_socket_has_a_request_id_too():
    sent = await _call(_build(Metrics(), _socket_router()), _socket(host="localhost"), {"type": "websocket.connect"})
    assert sent[0]["type"] == "websocket.accept"
    assert sent[1]["text"].startswith("req-")


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"host": "localhost", "origin": "https://evil.example"}])
async def test_a_socket_from_elsewhere_is_refused(headers: dict[str, str]):
    sent = await _call(_build(Metrics(), _socket_router()), _socket(**headers), {"type": "websocket.connect"})
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_the_lifespan_runs():
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        steps.append("started")
        yield
        steps.append("stopped")

    await _call(
        _build(Metrics(), lifespan=lifespan),
        {"type": "lifespan"},
        {"type": "lifespan.startup"},
        {"type": "lifespan.shutdown"},
    )
    assert steps == ["started", "stopped"]


async def test_the_request_log_has_one_line_per_request_when_asked_for(log_file: Path):
    app = _build(Metrics(), _router(), settings=ApiSettings(log_requests=True))
    await _call(app, _post(), {"type": "http.request", "body": b"x"})
    (line,) = _lines(log_file)
    assert (line["event"], line["method"], line["path"], line["status"]) == ("Request answered", "POST", "/echo", 200)
    assert line["request_id"].startswith("req-")


async def test_a_path_that_opens_something_is_in_no_log(log_file: Path):
    token = "AYn-_8" * 30
    app = _build(Metrics(), _router(), settings=ApiSettings(log_requests=True))
    await _call(
        app, {**_post(), "path": f"/vault/links/{token}", "raw_path": b""}, {"type": "http.request", "body": b""}
    )
    (line,) = _lines(log_file)
    assert line["path"] == "/vault/links/…"
    assert token not in repr(line)


async def test_nor_when_the_answer_to_it_breaks_off(log_file: Path):
    token = "AYn-_8" * 30
    router = APIRouter()

    @router.get("/links/{link}")
    async def open_link(link: str) -> StreamingResponse:
        async def pieces() -> AsyncGenerator[bytes]:
            yield b"x"
            raise LookupError

        assert link == token
        return StreamingResponse(pieces())

    del open_link
    scope = {"type": "http", "method": "GET", "path": f"/links/{token}"}
    await _call(_build(Metrics(), router), scope, {"type": "http.request"})
    (line,) = _lines(log_file)
    assert (line["event"], line["path"]) == ("Response broke off", "/links/…")


async def test_an_unknown_exception_is_logged_with_its_traceback_and_the_request_id(log_file: Path):
    router = APIRouter()

    @router.get("/fails")
    async def fails() -> None:
        raise RuntimeError("secret detail")

    del fails
    scope = {"type": "http", "method": "GET", "path": "/fails"}
    sent = await _call(_build(Metrics(), router), scope, {"type": "http.request"})
    (line,) = _lines(log_file)
    assert "secret detail" in line["exception"]
    assert line["request_id"] == json.loads(sent[1]["body"])["error"]["request_id"]
