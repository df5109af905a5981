"""`GET /account`: where a person opens a one-time link, or logs in. One page without outside assets.

The token of a link stands behind the #, which browsers keep to themselves: it is in no log of a server or proxy.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.accounts.kit import AccountKit
from wipsie.api.openapi import describe

_INLINE = re.compile(rb"<(?P<kind>style|script)>(?P<text>.*?)</(?P=kind)>", re.DOTALL)


@lru_cache(maxsize=1)
def _page() -> tuple[bytes, dict[str, str]]:
    """The page, and headers that let nothing run in it but its own lines."""
    page = files("wipsie.api.accounts").joinpath("account_page.html").read_bytes()
    sources = {
        match["kind"].decode(): f"'sha256-{base64.b64encode(hashlib.sha256(match['text']).digest()).decode()}'"
        for match in _INLINE.finditer(page)
    }
    policy = (
        f"default-src 'none'; style-src {sources['style']}; script-src {sources['script']}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }


def add_page(router: APIRouter, kit: AccountKit) -> None:
    """Register the page; not listed in the schema."""
    del kit

    async def account_page(_request: Request) -> Response:
        page, headers = _page()
        return Response(page, media_type="text/html", headers=headers)

    router.add_api_route(
        "/account",
        account_page,
        methods=["GET"],
        include_in_schema=False,
        openapi_extra=describe(access=PUBLIC),
    )
