"""What routes of links answer alike: pages that nobody keeps, and the one for links that open nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import HTMLResponse, Response

from wipsie.api.openapi import Answer, Parameter
from wipsie.slices.vault.domain.link_page import POLICY, refused_page

HTML: Final = "text/html"
FILE: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of bytes that somebody else made."""
REFUSED: Final = Answer(type=str, description="The link opens nothing, whatever the reason.", media_type=HTML)
LINK: Final = Parameter(name="link", where="path", type=str, required=True, description="As it was sent.")
_PAGE: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    # Not `no-referrer`: browsers would send the form without saying where it comes from, which is how foreign pages do it.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def page_answer(html: str, status: int = 200) -> Response:
    """A page."""
    return HTMLResponse(html, status_code=status, headers=_PAGE)


def refused() -> Response:
    """Of every link that opens nothing."""
    return page_answer(refused_page(), 404)
