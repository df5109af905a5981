"""The canonical request and the string to sign, as the specification of Signature Version 4 has them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from starlette.types import Scope

from wipsie.sqs_endpoint.signatures.credentials import ALGORITHM, SERVICE, TERMINATOR, Headers, Signed

_PLAIN_PATH = re.compile(rb"/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)?")
_SIGNATURE = b"X-Amz-Signature"


def canonical_request(
    scope: Scope, headers: Headers, query: Iterable[tuple[bytes, bytes]], signed: Signed, body: bytes
) -> bytes:
    """Everything the signature covers, in one way of writing. The hash is that of the body which really came."""
    names = signed.headers
    lines = [
        scope["method"].encode("latin-1"),
        canonical_path(raw_path(scope)),
        canonical_query(query),
        *(name + b":" + b",".join(b" ".join(value.split()) for value in headers.get(name, ())) for name in names),
        b"",
        b";".join(names),
        hashlib.sha256(body).hexdigest().encode(),
    ]
    return b"\n".join(lines)


def string_to_sign(signed: Signed, request: bytes) -> bytes:
    """What is signed in the end."""
    digest = hashlib.sha256(request).hexdigest()
    return f"{ALGORITHM}\n{signed.time}\n{signed.day}/{signed.region}/{SERVICE}/{TERMINATOR}\n{digest}".encode()


def raw_path(scope: Scope) -> bytes:
    """The path as it stood in the request, still encoded."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return quote(scope["path"], safe="/~").encode()
    return raw.partition(b"?")[0]


def canonical_path(path: bytes) -> bytes:
    """Without empty and dot segments, and encoded once more than it came."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    end = b"/" if kept and path.endswith(b"/") else b""
    return quote_from_bytes(b"/" + b"/".join(kept) + end, safe="/~").encode()


def canonical_query(query: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Sorted, each part encoded in one way, without the signature itself."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in query if name != _SIGNATURE)
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def _encoded(part: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(part), safe="~")
