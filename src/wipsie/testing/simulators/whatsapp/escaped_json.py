"""JSON in the bytes Meta sends: ASCII only, slashes and at-signs escaped; and the signature over exactly these bytes."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any


def escaped_ascii(value: Any) -> bytes:
    r"""JSON without spaces. Other than ASCII becomes ``\uXXXX`` with lower-case digits (two for an emoji), ``/`` becomes
    ``\/`` and ``@`` becomes ``\u0040``: a receiver that parses and writes it again before it checks the signature fails."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    # Outside of strings JSON has neither sign, so replacing them in the text cannot break it.
    return text.replace("/", "\\/").replace("@", "\\u0040").encode("ascii")


def signature_of(body: bytes, app_secret: str) -> str:
    """The value of ``X-Hub-Signature-256``."""
    return f"sha256={hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()}"
