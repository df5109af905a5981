"""What a request asks of a list, from its query string alone."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from wipsie.api.lists import Context, ListSpec, Wanted


def asked(spec: ListSpec, query: str, *, now_ms: int = 0, user_id: str | None = None) -> Wanted:
    """What ``GET …?query`` asks for at a time and for somebody; for `page_statement`. InvalidInput as over HTTP."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": query.encode(),
        "headers": [],
    }
    return spec.read(Request(scope), Context(now_ms=now_ms, user_id=user_id))
