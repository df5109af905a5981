"""Calls that come over API Gateway: REST APIs (payload 1.0), HTTP APIs and function URLs (payload 2.0, or 1.0 if so chosen)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from wipsie.app.lambda_functions.events.typed import typed
from wipsie.kernel.errors import InvalidInput


class _Identity(msgspec.Struct, rename="camel"):
    user_arn: str | None = None


class _Http(msgspec.Struct):
    method: str
    path: str = "/"


class _Context(msgspec.Struct, rename="camel"):
    request_id: str | None = None
    authorizer: dict[str, Any] | None = None
    identity: _Identity | None = None


class _Context2(_Context, rename="camel", kw_only=True):
    http: _Http


class _Rest(msgspec.Struct, rename="camel"):
    http_method: str
    request_context: _Context
    path: str = "/"
    headers: dict[str, str | None] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


class _Http2(msgspec.Struct, rename="camel"):
    request_context: _Context2
    raw_path: str = "/"
    headers: dict[str, str | None] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


class ApiCall(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    text: str
    is_base64: bool
    request_id: str | None
    """The gateway's."""
    is_authenticated: bool
    """The gateway knows who asks: an authorizer let them in, or their signature of AWS was checked."""

    def body(self) -> bytes:
        """What was sent. InvalidInput when it is not written as it says."""
        if not self.is_base64:
            return self.text.encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(self.text, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInput(
                "The body is marked as base64 and is none.", details={"field": "body", "problem": "is not base64"}
            ) from None


def is_api_call(event: Mapping[str, Any]) -> bool:
    """Whether an event is of this kind. Load balancers send nearly the same, but know nobody and are not taken."""
    context = event.get("requestContext")
    if not isinstance(context, dict) or "elb" in context:
        return False
    return "httpMethod" in event or "http" in context


def read_api_call(event: Mapping[str, Any]) -> ApiCall:
    """InvalidInput when it is not as it should be."""
    if "httpMethod" in event:
        rest = typed(event, _Rest, "call of API Gateway")
        return _call(rest, rest.http_method, rest.path)
    call = typed(event, _Http2, "call of API Gateway")
    http = call.request_context.http
    return _call(call, http.method, http.path if call.raw_path == "/" else call.raw_path)


def _call(found: _Rest | _Http2, method: str, path: str) -> ApiCall:
    context = found.request_context
    identity = context.identity
    return ApiCall(
        method=method.upper(),
        path=path,
        headers={name.lower(): value for name, value in (found.headers or {}).items() if value is not None},
        text=found.body or "",
        is_base64=found.is_base64_encoded,
        request_id=context.request_id,
        is_authenticated=bool(context.authorizer) or (identity is not None and bool(identity.user_arn)),
    )
