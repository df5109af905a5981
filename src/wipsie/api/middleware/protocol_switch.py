"""Hands requests of another protocol, on the same port, to whoever speaks it; all others go on."""

from __future__ import annotations

from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from wipsie.api.header_facts import FACTS_KEY, HeaderFacts
from wipsie.api.middleware.host_rule import HostRule
from wipsie.kernel.errors import Forbidden, OriginNotAllowed

_OWN_PAGES = (b"same-origin", b"none")


class OtherProtocol(Protocol):
    """An application with requests, answers and errors of its own form. It reads bodies itself, within a limit of its own, and
    leaves in ``scope["operation"]`` what it calls the request in metrics: one of a few names."""

    def takes(self, scope: Scope, amz_target: bytes | None) -> bool:
        """Whether this HTTP request is for it. Hot: asked of every request."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        ...

    async def refuse(self, error: Forbidden, scope: Scope, receive: Receive, send: Send) -> None:
        """Say in its own form that a request is not let in."""
        ...


class ProtocolSwitch:
    """ASGI application; expects the header facts in the scope. The rules against pages of other origins hold for both ways."""

    def __init__(self, app: ASGIApp, other: OtherProtocol, *, host_rule: HostRule | None) -> None:
        self._app = app
        self._other = other
        self._host_rule = host_rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts: HeaderFacts = scope[FACTS_KEY]
        if not self._other.takes(scope, facts.amz_target):
            await self._app(scope, receive, send)
            return
        try:
            self._check(facts)
        except Forbidden as error:
            await self._other.refuse(error, scope, receive, send)
        else:
            await self._other(scope, receive, send)

    def _check(self, facts: HeaderFacts) -> None:
        if self._host_rule is None:
            return
        self._host_rule.check_host(facts.host, facts.hosts)
        # Here a GET can change things, and pictures of any page send one: each counts as a change.
        if facts.origin is not None:
            self._host_rule.check_origin(facts.origin, "POST")
        elif facts.fetch_site is not None and facts.fetch_site not in _OWN_PAGES:
            raise OriginNotAllowed("Pages of other sites may not ask for anything here.")
