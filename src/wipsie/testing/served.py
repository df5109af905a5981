"""Serves an API from within a test: on a free port of this machine, ready when the block begins and gone when it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from wipsie.testing.eventually import eventually
from wipsie.testing.process import loopback_listener


class QuickServer(uvicorn.Server):
    """uvicorn that ends when it is told to. By itself it looks ten times a second whether it shall, and then waits a tenth of
    a second more: together most of the time of a short test."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._patient = False

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._patient:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for server in self.servers:
            await server.wait_closed()

    def end(self, *, patient: bool = False) -> None:
        """Let `serve` return; from any thread. `patient`: waits for open connections and for the end of the application, as
        it does outside of tests."""
        self._patient = patient
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)


@asynccontextmanager
async def served(api: ASGIApp, *, http: type[asyncio.Protocol] | None = None) -> AsyncGenerator[str]:
    """The address it answers at, for example ``http://127.0.0.1:49152``. `http`: how it speaks, by default as uvicorn does."""
    with loopback_listener() as listener:
        config = uvicorn.Config(api, http=http or "auto", log_config=None, access_log=False, lifespan="off", ws="none")
        server = QuickServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await eventually(lambda: server.started or serving.done(), message="the server does not start")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.end()
            await serving
