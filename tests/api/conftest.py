"""A real server on a free port, and a client for it."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Any

import aiohttp
import msgspec
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from wipsie.api.access import PUBLIC
from wipsie.api.application import ApiSettings, build_api
from wipsie.api.fast_route import FastRoute
from wipsie.api.idempotency import read_idempotency
from wipsie.api.json_body import json_response, read_json
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import QueueFull, QueueNotFound, StorageUnavailable
from wipsie.telemetry import correlation
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.process import loopback_listener
from wipsie.testing.served import QuickServer

Connect = Callable[..., Awaitable[aiohttp.ClientSession]]


class Order(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the fast endpoint takes."""

    name: str
    size: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    data: dict[str, int] = {}


class Ordered(msgspec.Struct):
    name: str
    request_id: str | None
    correlation_id: str | None
    key: str | None = None


class PydanticOrder(BaseModel):
    name: str
    size: int


def sample_routers() -> list[APIRouter]:
    """Endpoints of every kind, that succeed and fail in every way."""
    fast = APIRouter(route_class=FastRoute, tags=["fast"])
    slow = APIRouter(tags=["slow"])
    decoder = msgspec.json.Decoder(Order)

    @fast.post(
        "/fast/orders",
        openapi_extra=describe(
            access=PUBLIC,
            request=Order,
            request_examples={"small": {"name": "a", "size": 1}},
            answers={200: Answer(type=Ordered, example={"name": "a"})},
            error_statuses=(404,),
        ),
    )
    async def order(request: Request) -> Response:
        """Takes an order."""
        body = await read_json(request, decoder)
        idempotency = read_idempotency(request, body)
        key = idempotency.deduplication_id if idempotency else None
        return json_response(Ordered(body.name, correlation.request_id(), correlation.correlation_id(), key))

    @fast.get(
        "/fast/orders/{name}",
        openapi_extra=describe(
            access=PUBLIC,
            answers={200: Answer(type=Ordered)},
            parameters=[Parameter(name="max", type=Annotated[int, msgspec.Meta(ge=1)], default=1)],
        ),
    )
    async def find(request: Request) -> Response:
        return json_response({"name": request.path_params["name"]})

    @fast.get("/fast/fails/{kind}", openapi_extra=describe(access=PUBLIC))
    async def fails(request: Request) -> Response:
        match request.path_params["kind"]:
            case "missing":
                raise QueueNotFound("There is no queue 'x'.", details={"queue_name": "x"})
            case "full":
                raise QueueFull("Full.", retry_after_s=2.2)
            case "disk":
                raise StorageUnavailable("The disk is full.")
            case "odd":
                raise QueueNotFound("There is no queue '\ud800'.", details={"queue_name": "\ud800"})
            case "late":

                async def lines() -> AsyncIterator[bytes]:
                    yield b"first"
                    raise RuntimeError("too late")

                return StreamingResponse(lines())
            case _:
                raise RuntimeError("secret detail")

    @slow.post("/slow/orders")
    async def slow_order(body: PydanticOrder) -> dict[str, Any]:
        return {"name": body.name}

    @slow.get("/slow/orders")
    async def slow_orders(page: Annotated[int, Query(ge=1)] = 1) -> dict[str, Any]:
        return {"page": page}

    @slow.get("/slow/fails/{kind}")
    async def slow_fails(kind: str) -> dict[str, Any]:
        if kind == "missing":
            raise QueueNotFound("There is no queue 'x'.", details={"queue_name": "x"})
        if kind == "teapot":
            raise HTTPException(418, "I am a teapot.", headers={"X-Tea": "green"})
        raise RuntimeError("secret detail")

    del order, find, fails, slow_order, slow_orders, slow_fails
    return [fast, slow]


class Server(QuickServer):
    """uvicorn on a free loopback port."""

    def __init__(self, api: FastAPI) -> None:
        super().__init__(uvicorn.Config(api, log_config=None, access_log=False, lifespan="on", ws="none"))
        self.listener = loopback_listener()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    async def run_until_stopped(self) -> None:
        with self.listener:
            await self.serve(sockets=[self.listener])


def _build(*, settings: ApiSettings | None = None, routers: Sequence[APIRouter] = (), **options: Any) -> FastAPI:
    return build_api(
        title="Sample",
        version="1.2.3",
        routers=routers or sample_routers(),
        clock=SystemClock(),
        metrics=Metrics(),
        settings=settings,
        **options,
    )


def _session(url: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=10))


@pytest.fixture
async def serve() -> AsyncIterator[Connect]:
    """`await serve(settings=…, health_checks=…, refresh_metrics=…)` gives a client of a fresh server."""
    async with contextlib.AsyncExitStack() as stack:

        async def connect(**options: Any) -> aiohttp.ClientSession:
            server = Server(_build(**options))
            running = asyncio.create_task(server.run_until_stopped())

            async def stop() -> None:
                server.end(patient=True)
                await running

            stack.push_async_callback(stop)
            return await stack.enter_async_context(_session(server.url))

        yield connect


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """One server with default settings for all tests that change nothing in it."""
    server = Server(_build())
    thread = threading.Thread(target=lambda: asyncio.run(server.run_until_stopped()))
    thread.start()
    yield server.url
    server.end(patient=True)
    thread.join(timeout=10)


@pytest.fixture
async def client(server_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the shared server."""
    async with _session(server_url) as session:
        yield session
