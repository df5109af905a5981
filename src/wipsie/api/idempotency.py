"""Idempotency-Key: a repeated request is answered as the first was, and does nothing again.

The queue does the remembering, by deduplication id, in the commit that accepts the message.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from starlette.requests import Request

from wipsie.api.header_facts import find_header
from wipsie.kernel import json, limits
from wipsie.kernel.errors import InvalidInput

IDEMPOTENCY_WINDOW_S = 24 * 3600
"""A key is remembered this long after its first use."""

_HEADER = b"idempotency-key"


class Idempotency(msgspec.Struct, frozen=True):
    """What `NewMessage` takes: same id, same request; same id with another fingerprint, IDEMPOTENCY_KEY_REUSED."""

    deduplication_id: str
    fingerprint: str
    window_s: int = IDEMPOTENCY_WINDOW_S


def read_idempotency(request: Request, body: Any) -> Idempotency | None:
    """The request's key with the fingerprint of its parsed body; None without a key.

    InvalidInput when the key is not 1 to 128 printable ASCII characters.
    """
    key = find_header(request.scope, _HEADER)
    return None if key is None else idempotency_of(key, body)


def idempotency_of(key: str, body: Any) -> Idempotency:
    """The same of a key that came in another way. InvalidInput."""
    if not 1 <= len(key) <= limits.KEY_LENGTH_MAX or not (key.isascii() and key.isprintable()):
        raise InvalidInput(
            f"Idempotency-Key must be 1 to {limits.KEY_LENGTH_MAX} printable ASCII characters, for example a UUID.",
            details={"field": "Idempotency-Key", "problem": "length or characters"},
        )
    # Hashed, so that prefix and key together stay within the length of a deduplication id.
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Idempotency(deduplication_id=f"idempotency:{digest}", fingerprint=json.fingerprint(body))
