"""Before everything: only names of this machine, and no change that a page of another origin asks for."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Around the whole application. A page elsewhere could name this machine by a host of its own (DNS rebinding)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            is_ours = urlsplit(f"//{headers.get('host', '')}").hostname in _LOOPBACK
        except ValueError:
            is_ours = False
        if not is_ours:
            await PlainTextResponse("Use 127.0.0.1 or localhost.", 403)(scope, receive, send)
            return
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in _SAFE and origin != f"http://{headers['host']}":
            await PlainTextResponse("Changes are made from the simulator's own page.", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)
