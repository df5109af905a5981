"""Whether a request was signed by whoever holds a key, a short time ago, and has not changed since."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.types import Scope

from wipsie.auth.signing_keys import SigningKey
from wipsie.kernel.clock import Clock
from wipsie.sqs_endpoint.errors import INVALID_TOKEN, SIGNATURE_DOES_NOT_MATCH, SqsError
from wipsie.sqs_endpoint.signatures.canonical import canonical_request, string_to_sign
from wipsie.sqs_endpoint.signatures.credentials import Headers, Signed, headers_of, query_of, read_signed
from wipsie.sqs_endpoint.signatures.derived_keys import DerivedKeys

SKEW_S = 15 * 60
"""How far the clock of a client may be off, and how long a signature in a header is good."""
_TARGET = b"x-amz-target"
_TOKEN = b"x-amz-security-token"

FindKey = Callable[[str], Awaitable[SigningKey | None]]


class SignatureVerifier:
    """One per endpoint."""

    def __init__(self, find_key: FindKey, clock: Clock) -> None:
        self._find_key = find_key
        self._clock = clock
        self._derived = DerivedKeys()

    async def verify(self, scope: Scope, body: bytes) -> SigningKey:
        """The key a request is signed with. SqsError: MissingAuthenticationToken, IncompleteSignature, InvalidClientTokenId,
        SignatureDoesNotMatch; StorageUnavailable."""
        headers, query = headers_of(scope), query_of(scope)
        signed = read_signed(headers, query)
        self._check_time(signed)
        _check_headers(signed, headers, query)
        key = await self._find_key(signed.access_key_id)
        if key is None:
            raise SqsError(INVALID_TOKEN, "The security token included in the request is invalid.")
        derived = self._derived.get(key.secret, signed.day, signed.region)
        text = string_to_sign(signed, canonical_request(scope, headers, query, signed, body))
        if not hmac.compare_digest(hmac.digest(derived, text, hashlib.sha256).hex(), signed.signature):
            raise SqsError(
                SIGNATURE_DOES_NOT_MATCH,
                "The request signature we calculated does not match the signature you provided. Check the secret, and that "
                "what stands between passes Host, path and body on as they are.",
            )
        self._derived.remember(key.secret, signed.day, signed.region, derived)
        return key

    def _check_time(self, signed: Signed) -> None:
        now_s = self._clock.now_ms() / 1000
        good_for_s = SKEW_S if signed.expires_s is None else signed.expires_s
        if now_s > signed.at_s + good_for_s:
            raise SqsError(
                SIGNATURE_DOES_NOT_MATCH,
                f"Signature expired: {signed.time} is now earlier than {_written(now_s - good_for_s)} "
                f"({_written(now_s)} - {good_for_s} s.)",
            )
        if now_s < signed.at_s - SKEW_S:
            raise SqsError(
                SIGNATURE_DOES_NOT_MATCH,
                f"Signature not yet current: {signed.time} is still later than {_written(now_s + SKEW_S)} "
                f"({_written(now_s)} + {SKEW_S} s.)",
            )


def _check_headers(signed: Signed, headers: Headers, query: list[tuple[bytes, bytes]]) -> None:
    # It chooses the action: whoever could change it could turn a receive into a purge.
    if _TARGET in headers and _TARGET not in signed.headers:
        raise SqsError(SIGNATURE_DOES_NOT_MATCH, "X-Amz-Target has to be among the signed headers.")
    if missing := next((name for name in signed.headers if name not in headers), None):
        raise SqsError(
            SIGNATURE_DOES_NOT_MATCH,
            f"The header {missing.decode('latin-1')[:60]!r} is signed, and did not arrive.",
        )
    if _TOKEN in headers or any(name == b"X-Amz-Security-Token" for name, _ in query):
        # Ours have none: these credentials are temporary ones of another service.
        raise SqsError(
            INVALID_TOKEN,
            "The security token included in the request is invalid: keys of Wipsie have none. Clear AWS_SESSION_TOKEN.",
        )


def _written(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%dT%H%M%SZ")
