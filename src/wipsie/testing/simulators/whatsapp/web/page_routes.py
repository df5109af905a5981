"""The page: plain files of this package, and a policy that allows nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import PurePath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FOLDER = "/_simulator/page"
_PAGE = "index.html"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def page_routes() -> list[Route]:
    """The page at ``/``, and what it is made of."""
    folder = resources.files("wipsie.testing.simulators.whatsapp") / "page"
    routes: list[Route] = []
    for file in folder.iterdir():
        media_type = _TYPES.get(PurePath(file.name).suffix)
        if media_type is not None:
            path = "/" if file.name == _PAGE else f"{_FOLDER}/{file.name}"
            routes.append(Route(path, _file(file.read_bytes(), media_type), methods=["GET"]))
    return routes


def _file(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return Response(content, media_type=media_type, headers=SAFE_HEADERS)

    return answer
