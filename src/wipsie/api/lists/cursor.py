"""Cursors: where a page ended, sealed, and bound to the list, filter and order they were given for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Literal

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import CursorMismatch

KEY_BYTES = 32
CURSOR_CHARACTERS_MAX = 1_000
_SEAL_BYTES = 12


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list."""

    direction: Literal["after", "before"]
    values: list[str | int | float]
    """Of the record beside the place: what the list is sorted by, and its id."""


_decoder = msgspec.json.Decoder(Cursor)


def write(cursor: Cursor, *, key: bytes, query: Any) -> str:
    """As text for a URL. `query` is what it is bound to: anything that JSON can hold."""
    body = json.encode(cursor)
    return base64.urlsafe_b64encode(_seal(key, query, body) + body).decode().rstrip("=")


def read(text: str, *, key: bytes, query: Any) -> Cursor:
    """CursorMismatch for one that was not written by us for this very query."""
    try:
        if len(text) > CURSOR_CHARACTERS_MAX:
            raise ValueError(text)
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if hmac.compare_digest(seal, _seal(key, query, body)):
            return _decoder.decode(body)
    except (ValueError, msgspec.DecodeError):
        pass
    raise CursorMismatch(
        "The cursor belongs to another list, filter or order; ask for the first page again, without a cursor.",
        details={"field": "cursor"},
    )


def _seal(key: bytes, query: Any, body: bytes) -> bytes:
    bound = hashlib.sha256(json.canonical(query)).digest()
    return hmac.digest(key, bound + body, "sha256")[:_SEAL_BYTES]
