"""An HTTP server on loopback: files with validators, scripted answers, redirects, slow and endless bodies, and a record."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from aiohttp import web


class SourceRequest(msgspec.Struct, frozen=True):
    """One request the server got. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Scripted(msgspec.Struct, frozen=True):
    """One prepared answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True):
    body: bytes
    content_type: str
    etag: str | None
    last_modified: str | None


class HttpSource:
    """``async with HttpSource() as source:``. Paths answer 404 until they are given something to say."""

    def __init__(self) -> None:
        self.requests: list[SourceRequest] = []
        self._files: dict[str, _File] = {}
        self._scripts: dict[str, deque[Scripted]] = {}
        self._endless: set[str] = set()
        self._silent: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()

    def url(self, path: str = "/") -> str:
        """The address of a path."""
        assert self._runner is not None, "the server is not started"
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}{path}"

    def serve(
        self,
        path: str,
        body: bytes,
        content_type: str = "application/json",
        *,
        etag: bool = True,
        last_modified: str | None = None,
    ) -> None:
        """Serve a file; requests that name its validators get 304. A second call changes the file."""
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"' if etag else None
        self._files[path] = _File(body, content_type, tag, last_modified)

    def script(self, path: str, *answers: Scripted) -> None:
        """Answer the next requests of a path so, one each; then as usual."""
        self._scripts.setdefault(path, deque()).extend(answers)

    def redirect(self, path: str, location: str, *, times: int = 1, status: int = 302) -> None:
        """Redirect the next requests of a path."""
        self.script(path, *(Scripted(status, headers={"Location": location}) for _ in range(times)))

    def serve_endlessly(self, path: str) -> None:
        """Send a body that never ends."""
        self._endless.add(path)

    def fall_silent(self, path: str) -> None:
        """Take requests of a path and answer nothing."""
        self._silent.add(path)

    async def __aenter__(self) -> HttpSource:
        from aiohttp import web

        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(SourceRequest(request.method, request.path, headers, await request.read()))
        path = request.path
        if path in self._silent:
            await self._released.wait()
        script = self._scripts.get(path)
        if script:
            answer = script.popleft()
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        if path in self._endless:
            return await self._stream(request)
        file = self._files.get(path)
        if file is None:
            return web.Response(status=404, text="nothing here")
        validators = {
            name: value for name, value in (("ETag", file.etag), ("Last-Modified", file.last_modified)) if value
        }
        if _is_known(headers, file):
            return web.Response(status=304, headers=validators)
        return web.Response(body=file.body, headers={"Content-Type": file.content_type, **validators})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while not self._released.is_set():
            try:
                await response.write(b"x" * 65536)
            except ConnectionError:
                break
        return response


def _is_known(headers: Mapping[str, str], file: _File) -> bool:
    # RFC 9110, 13.2.2: If-Modified-Since only counts when there is no If-None-Match.
    if "if-none-match" in headers:
        return file.etag is not None and headers["if-none-match"] == file.etag
    return file.last_modified is not None and headers.get("if-modified-since") == file.last_modified
