"""The last stop before an endpoint: refuses wrong hosts and too large bodies, and turns every exception into an answer."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wipsie.api.errors import RefusalLog, error_response
from wipsie.api.header_facts import FACTS_KEY, HeaderFacts, find_header
from wipsie.api.logged_path import logged_path
from wipsie.api.middleware.body_limit import WatchedBody, is_over
from wipsie.api.middleware.host_rule import HostRule
from wipsie.kernel.clock import Clock
from wipsie.telemetry.logging import get_logger

_log = get_logger("wipsie.api")


class ResponseProgress:
    """`send` that remembers whether the response has begun."""

    __slots__ = ("_send", "started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def send(self, message: Message) -> None:
        self.started = True
        await self._send(message)


class Guard:
    """ASGI application around `app`; expects the header facts in the scope."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Clock,
        body_bytes_max: int,
        host_rule: HostRule | None,
        larger_bodies: Mapping[str, int] | None = None,
    ) -> None:
        """Without a `host_rule`, any Host passes: for servers that check who calls them. `larger_bodies`: limits above
        `body_bytes_max`, by the beginning of paths."""
        self._app = app
        self._clock = clock
        self._body_bytes_max = body_bytes_max
        self._larger_bodies = tuple((larger_bodies or {}).items())
        self._host_rule = host_rule
        self._refusals = RefusalLog(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts: HeaderFacts = scope[FACTS_KEY]
        progress = ResponseProgress(send)
        body: WatchedBody | None = None
        try:
            rule = self._host_rule
            if rule is not None:
                rule.check_host(facts.host, facts.hosts)
                if facts.origin is not None:
                    rule.check_origin(facts.origin, scope["method"])
            if facts.content_length is not None:
                # The usual limit first: few paths have another.
                if is_over(facts.content_length, self._body_bytes_max) and is_over(
                    facts.content_length, self._limit_of(scope["path"])
                ):
                    body = WatchedBody(receive, self._limit_of(scope["path"]))
                    raise body.refusal()
            elif facts.chunked:
                body = WatchedBody(receive, self._limit_of(scope["path"]))
                receive = body.receive
            await self._app(scope, receive, progress.send)
        except ClientDisconnect:
            # Nobody is there to read an answer.
            return
        except Exception as error:
            if progress.started:
                # Too late for another answer: the server closes the connection, so that the client sees it is cut.
                _log.error("Response broke off", method=scope["method"], path=logged_path(scope), exc_info=error)
                return
            response = error_response(error, scope, self._clock, self._refusals)
            if body is not None and body.refused:
                # A client that asked whether it may send has not begun to, and must not be told to.
                waiting = find_header(scope, b"expect") is not None
                if waiting or not await body.discard(facts.content_length, self._clock):
                    response.headers["Connection"] = "close"
            await response(scope, receive, send)

    def _limit_of(self, path: str) -> int:
        return next(
            (size for beginning, size in self._larger_bodies if path.startswith(beginning)), self._body_bytes_max
        )
