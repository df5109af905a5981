"""Versions of records on the wire: `ETag` out, `If-Match` and `If-None-Match` in (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.header_facts import find_header
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Parameter
from wipsie.kernel.errors import InvalidInput, PreconditionFailed, PreconditionRequired

ANY_VERSION = -1
"""What ``If-Match: *`` asks for: whatever version there is."""

IF_MATCH = Parameter(
    name="If-Match",
    where="header",
    required=True,
    description="The ETag that was read; * changes whatever version there is.",
    example='"3"',
)
IF_NONE_MATCH = Parameter(
    name="If-None-Match", where="header", description="The ETag one has; answered with 304 while it is the latest."
)
_TAG = re.compile(r'"(\d{1,15})"')


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def expected_version(request: Request) -> int:
    """The version a change is meant for, or `ANY_VERSION`. PreconditionRequired without If-Match, InvalidInput for one that
    is no tag of ours."""
    header = find_header(request.scope, b"if-match")
    if header is None:
        raise PreconditionRequired(
            "A change needs the header If-Match with the ETag that was read, so that nobody's change is lost; "
            "If-Match: * changes whatever is there.",
            details={"header": "If-Match"},
        )
    if header.strip() == "*":
        return ANY_VERSION
    match = _TAG.fullmatch(header.strip())
    if match is None:
        raise InvalidInput(
            'If-Match must be one ETag as it was sent, for example "3" with its quotation marks.',
            details={"field": "If-Match"},
        )
    return int(match[1])


def check_version(expected: int, found: int, current: Any) -> None:
    """PreconditionFailed, with `current` in its details, when a change was meant for another version than the one `found`."""
    if expected not in (ANY_VERSION, found):
        raise PreconditionFailed(
            "It was changed since it was read; details.current holds it as it is now. Merge, and send it again with its ETag.",
            details={"expected": etag(expected), "etag": etag(found), "current": current},
        )


def versioned_response(
    request: Request, value: Any, version: int, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as JSON with its ETag; 304 without a body when a GET asks for anything but this version."""
    tag = etag(version)
    all_headers = {**(headers or {}), "ETag": tag, "Cache-Control": "private, no-cache"}
    if request.method in ("GET", "HEAD") and _knows(find_header(request.scope, b"if-none-match"), tag):
        return Response(status_code=304, headers=all_headers)
    return json_response(value, status, all_headers)


def _knows(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    if header.strip() == "*":
        return True
    # Weak comparison, as the RFC has it for If-None-Match.
    return tag in (part.strip().removeprefix("W/") for part in header.split(","))
