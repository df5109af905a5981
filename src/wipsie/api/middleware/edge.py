"""The first and last thing a request meets: its ids, its metrics, and its line in the request log."""

from __future__ import annotations

import re

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wipsie.api.header_facts import FACTS_KEY, HeaderFacts
from wipsie.api.logged_path import logged_path
from wipsie.api.middleware.host_rule import HostRule
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Forbidden
from wipsie.kernel.ids import new_request_id
from wipsie.telemetry import correlation
from wipsie.telemetry.histogram import HistogramSeries
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics

_log = get_logger("wipsie.api.requests")

_SANE_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_PRIVATE = "/api/"
"""What people see there depends on who they are."""
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NO_STORE = (b"cache-control", b"no-store")
_CLIENT_LEFT = 499
"""Status in metrics and log when the client closed before an answer began; nginx's number for it."""


class _Answer:
    """`send` that adds the request id to the response and remembers its status; and keeps what is `private` to one person from
    caches, and from browsers that would take it for something else than it says."""

    __slots__ = ("_private", "_request_id", "_send", "status")

    def __init__(self, send: Send, request_id: bytes, *, private: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._private = private
        self.status = _CLIENT_LEFT

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self._request_id)]
            if self._private:
                headers.append(_NO_SNIFFING)
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
            message["headers"] = headers
        await self._send(message)


def _endpoint_label(scope: Scope) -> str:
    """Route template, never the path itself: paths have no bound, labels must have one."""
    route = scope.get("route")
    path = getattr(route, "path", None) if isinstance(route, BaseRoute) else None
    if path:
        return path
    if (operation := scope.get("operation")) is not None:
        return str(operation)
    # A mounted application leaves its prefix.
    return f"{scope.get('root_path', '')}/*" if "endpoint" in scope else "(none)"


class RequestEdge:
    """ASGI application around the guarded rest; with an Origin header it goes through `cors` first."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        cors: ASGIApp | None,
        framework: ASGIApp,
        clock: Clock,
        metrics: Metrics,
        host_rule: HostRule | None,
        log_requests: bool,
    ) -> None:
        """`app` and `cors`, which must lead to `app`, take HTTP; `framework` takes sockets and start and stop."""
        self._app = app
        self._cors = cors or app
        self._framework = framework
        self._clock = clock
        self._metrics = metrics
        self._host_rule = host_rule
        self._log_requests = log_requests
        self._durations: dict[tuple[str, str], HistogramSeries] = {}
        self._counters: dict[tuple[str, str, int], _Count] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._framework(scope, receive, send)
            return
        facts = HeaderFacts(scope)
        given = facts.request_id
        request_id = given.decode() if given is not None and _SANE_ID.fullmatch(given) else new_request_id()
        given = facts.correlation_id
        correlation_id = given.decode() if given is not None and _SANE_ID.fullmatch(given) else request_id
        token = correlation.set_ids(request_id, correlation_id)
        try:
            if kind == "websocket":
                await self._serve_websocket(facts, scope, receive, send)
            else:
                await self._serve_http(facts, request_id, scope, receive, send)
        finally:
            correlation.reset(token)

    async def _serve_http(
        self, facts: HeaderFacts, request_id: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        started_s = self._clock.monotonic()
        scope[FACTS_KEY] = facts
        answer = _Answer(send, request_id.encode(), private=scope["path"].startswith(_PRIVATE))
        try:
            await (self._app if facts.origin is None else self._cors)(scope, receive, answer.send)
        finally:
            self._record(scope, answer.status, self._clock.monotonic() - started_s)

    def _record(self, scope: Scope, status: int, duration_s: float) -> None:
        method: str = scope["method"]
        if method not in _METHODS:
            method = "OTHER"
        endpoint = _endpoint_label(scope)
        count = self._counters.get((method, endpoint, status))
        if count is None:
            count = _Count(self._metrics, method, endpoint, status)
            self._counters[method, endpoint, status] = count
        count.record(duration_s)
        if self._log_requests:
            _log.info(
                "Request answered",
                method=method,
                path=logged_path(scope),
                status=status,
                duration_ms=round(duration_s * 1000, 3),
            )

    async def _serve_websocket(self, facts: HeaderFacts, scope: Scope, receive: Receive, send: Send) -> None:
        if self._host_rule is not None:
            try:
                self._host_rule.check_host(facts.host, facts.hosts)
                if facts.origin is not None:
                    # A socket can do anything: it counts as a change.
                    self._host_rule.check_origin(facts.origin, "POST")
            except Forbidden:
                await send({"type": "websocket.close", "code": 1008})
                return
        await self._framework(scope, receive, send)


class _Count:
    """Counter and histogram of one kind of answer, looked up once."""

    __slots__ = ("_answered", "_duration")

    def __init__(self, metrics: Metrics, method: str, endpoint: str, status: int) -> None:
        self._answered = metrics.api_requests_total.labels(method, endpoint, str(status))
        self._duration = metrics.api_request_duration_seconds.labels(method, endpoint)

    def record(self, duration_s: float) -> None:
        self._answered.inc()
        self._duration.observe(duration_s)
