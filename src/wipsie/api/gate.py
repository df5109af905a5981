"""The gate before every route: says who asks, and whether they may.

public route ─────────────────────────────────────────────► in
credentials ── checked ──► cookie? ── same origin? ──► permission? ──► in, as that principal
no credentials ── route open on loopback, and we listen there? ──► in, as LOCAL      otherwise 401
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope

from wipsie.api.access import Access
from wipsie.api.header_facts import FACTS_KEY, HeaderFacts
from wipsie.auth.principal import LOCAL, Principal, refusal
from wipsie.auth.rights import Extent
from wipsie.kernel.errors import InternalError, OriginNotAllowed, Unauthorized

SESSION_COOKIE = "wipsie_session"
SECURE_SESSION_COOKIE = "__Host-wipsie_session"
"""Where the site is reached by https: browsers accept this name only from there, for this host, and for all paths."""
_COOKIES = tuple(f"{name}=".encode() for name in (SECURE_SESSION_COOKIE, SESSION_COOKIE))
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PRINCIPAL_KEY = "wipsie.principal"


class Authenticator(Protocol):
    """Says who stands behind a token: of a session, or an API key."""

    async def authenticate(self, token: str) -> Principal:
        """Unauthorized for a token that is expired, revoked, forged, or of somebody who may no longer sign in."""
        ...


class NoAccounts:
    """The authenticator of an API without accounts: no token is worth anything."""

    async def authenticate(self, token: str) -> Principal:
        del token
        raise _worthless()


class Gate:
    """One per API."""

    def __init__(
        self, authenticator: Authenticator, *, loopback_only: bool, trusted_origins: Iterable[str] = ()
    ) -> None:
        """`trusted_origins`: pages of these may ask for changes with the reader's cookie, beside our own."""
        self._authenticator = authenticator
        self._loopback_only = loopback_only
        self._trusted_origins = frozenset(origin.rstrip("/").lower() for origin in trusted_origins)

    def is_open(self, scope: Scope, access: Access) -> bool:
        """Whether the route takes this request without asking who it is; then it runs as LOCAL. Hot."""
        if access.public:
            return True
        if not (access.open_on_loopback and self._loopback_only):
            return False
        facts: HeaderFacts = scope[FACTS_KEY]
        return facts.authorization is None and _session_cookie(facts) is None

    async def admit(self, scope: Scope, access: Access) -> None:
        """Let the request in as somebody. Unauthorized, OriginNotAllowed, Forbidden."""
        facts: HeaderFacts = scope[FACTS_KEY]
        if facts.authorization is not None:
            # A page of another site cannot make a browser send this header: no more to check.
            principal = await self._authenticator.authenticate(_bearer_token(facts.authorization))
        else:
            token = _session_cookie(facts)
            if token is None:
                raise Unauthorized(
                    "Say who you are: log in with POST /api/auth/login, and send the token as Authorization: Bearer …"
                )
            self.check_origin(scope)
            principal = await self._authenticator.authenticate(token)
        permission = access.permission
        if permission is not None and principal.extent(permission) is Extent.NONE:
            raise refusal(principal, permission)
        scope[_PRINCIPAL_KEY] = principal

    def check_page(self, scope: Scope) -> None:
        """OriginNotAllowed when a page that is not ours asks for what leaves a cookie behind, such as a login: the reader would
        go on as somebody else. Programs are no pages, and pass."""
        facts: HeaderFacts = scope[FACTS_KEY]
        if facts.fetch_site is not None or facts.origin is not None:
            self.check_origin(scope)

    def check_origin(self, scope: Scope) -> None:
        """OriginNotAllowed when a browser asks for a change on behalf of a page that is not ours: cookies travel with
        such requests, whoever's page began them (cross-site request forgery). By Fetch Metadata; browsers too old for it
        send Origin with every change."""
        if scope["method"] in _SAFE_METHODS:
            return
        facts: HeaderFacts = scope[FACTS_KEY]
        origin = (facts.origin or b"").decode("latin-1").lower()
        if origin and origin in self._trusted_origins:
            return
        if facts.fetch_site is not None:
            if facts.fetch_site == b"same-origin":
                return
        elif origin and urlsplit(origin).netloc == (facts.host or b"").decode("latin-1").lower():
            return
        raise OriginNotAllowed(
            "A change that is signed in by cookie must come from a page of this very server; scripts send "
            "Authorization: Bearer … instead of the cookie.",
            details={"origin": origin or None},
        )


def principal_of(request: Request) -> Principal:
    """Who asks; LOCAL where nobody need say so."""
    return request.scope.get(_PRINCIPAL_KEY, LOCAL)


def gate_of(scope: Scope) -> Gate:
    """The gate of the API that serves this request."""
    gate = getattr(scope.get("app"), "gate", None)
    if not isinstance(gate, Gate):
        raise InternalError("This application has no gate; build it with wipsie.api.application.build_api.")
    return gate


def _bearer_token(authorization: bytes) -> str:
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token.isascii() or not token:
        raise Unauthorized("The Authorization header must be 'Bearer' and a token or API key.")
    return token


def _session_cookie(facts: HeaderFacts) -> str | None:
    if facts.cookie is None:
        return None
    for part in facts.cookie.split(b";"):
        stripped = part.strip()
        for name in _COOKIES:
            if stripped.startswith(name):
                return stripped[len(name) :].decode("latin-1") or None
    return None


def _worthless() -> Unauthorized:
    return Unauthorized("The token is expired, revoked or not ours; log in again.")
