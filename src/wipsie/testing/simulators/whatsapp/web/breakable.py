"""A server whose connections can be reset from within a request: some failures happen below HTTP."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wipsie.testing.simulators.whatsapp.webhook.courier import reset

_TRANSPORT = "wipsie.transport"


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's own, but requests know their connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT: {"transport": self.transport}}


class NoAnswer:
    """In place of a response: the connection is reset."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        await break_connection(self._request)


async def break_connection(request: Request) -> None:
    """Returns once the server knows that the connection is gone."""
    transport: asyncio.BaseTransport = request.scope["extensions"][_TRANSPORT]["transport"]
    reset(transport)
    # The rest of the body, if any, and then the news that the connection is gone.
    while (await request.receive())["type"] != "http.disconnect":
        pass
