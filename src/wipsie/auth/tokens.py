"""Session tokens: JSON Web Tokens (RFC 7519) signed with HS256. A token says which session it is of; what its holder may do is
looked up, never read from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from wipsie.auth.keyring import Keyring
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unauthorized

ISSUER = "wipsie"
AUDIENCE = "wipsie-api"
LIFETIME_S = 24 * 3600
_ALGORITHM = "HS256"
_CHARACTERS_MAX = 2_000
_LEEWAY_S = 60
_PURPOSE = "token"
_REQUIRED = ["sub", "jti", "iat", "exp", "iss", "aud"]


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken from a token."""

    user_id: str
    session_id: str
    expires_at_s: int


class Tokens:
    """Makes and reads tokens."""

    def __init__(self, keyring: Callable[[], Keyring], clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    def make(self, *, user_id: str, session_id: str, role: str, expires_at_ms: int) -> str:
        """The token of a session. The role is for the holder's information."""
        import jwt

        keyring = self._keyring()
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "jti": session_id,
            "iat": int(self._clock.now()),
            "exp": expires_at_ms // 1000,
            "role": role,
        }
        return jwt.encode(claims, keyring.derive(_PURPOSE), algorithm=_ALGORITHM, headers={"kid": keyring.current})

    def read(self, token: str) -> Claims:
        """The claims of a token of ours that is not expired. Unauthorized for any other, in the same words."""
        import jwt

        keyring = self._keyring()
        if len(token) > _CHARACTERS_MAX:
            raise worthless()
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if key_id not in keyring.ids:
                raise worthless()
            claims: dict[str, Any] = jwt.decode(
                token,
                keyring.derive(_PURPOSE, key_id),
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                # Time is the injected clock's business.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            raise worthless() from None
        now_s = self._clock.now()
        issued_at_s, expires_at_s = claims["iat"], claims["exp"]
        if not (isinstance(issued_at_s, int) and isinstance(expires_at_s, int)):
            raise worthless()
        if not issued_at_s - _LEEWAY_S <= now_s < expires_at_s:
            raise worthless()
        return Claims(user_id=str(claims["sub"]), session_id=str(claims["jti"]), expires_at_s=expires_at_s)


def worthless() -> Unauthorized:
    """What is told of every token and key that lets nobody in."""
    return Unauthorized("The token or key is expired, revoked or not ours; log in again.")
