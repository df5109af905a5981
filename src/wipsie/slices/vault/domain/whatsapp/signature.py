"""Whether the bytes of a webhook come from Meta: `X-Hub-Signature-256`, an HMAC-SHA-256 over exactly what was sent.

There is neither a time nor a number in it: what was captured once stays valid. Against repeats helps only that every message and
status is taken once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

HEADER = "X-Hub-Signature-256"
_FORM = re.compile(r"sha256=([0-9a-f]{64})")


def is_signed(body: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Whether the header is the signature of these very bytes under one of the app secrets. Several are valid while one replaces
    another; all are tried, so that the time tells nothing of which."""
    found = _FORM.fullmatch(header or "")
    given = found[1] if found else ""
    matches = [hmac.compare_digest(signature(body, secret), given) for secret in secrets if secret]
    return any(matches)


def signature(body: bytes, secret: str) -> str:
    """The 64 hexadecimal digits that stand behind ``sha256=``."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
