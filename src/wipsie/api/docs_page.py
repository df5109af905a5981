"""`GET /docs`: the operations to read and try, as one page without outside assets, drawn from /openapi.json."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.openapi import describe

# The page needs nothing but its own lines and the schema of this server.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'"
)


@lru_cache(maxsize=1)
def _page() -> bytes:
    return files("wipsie.api").joinpath("docs_page.html").read_bytes()


def build_docs_router() -> APIRouter:
    """The page of operations; not listed in the schema itself."""
    router = APIRouter(route_class=FastRoute, include_in_schema=False)

    @router.get("/docs", openapi_extra=describe(access=PUBLIC))
    async def docs(_request: Request) -> Response:
        return Response(_page(), media_type="text/html", headers={"Content-Security-Policy": _POLICY})

    # The route holds it.
    del docs
    return router
