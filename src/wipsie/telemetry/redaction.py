"""Masks personal data and secrets before they reach a log: e-mail addresses, phone numbers, passwords, tokens.

Two ways of finding them: by what the text looks like, and by the name of the key it stands under. A bare run of digits is
masked only under a key that says it is a phone number, because ids, sizes and times look the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec

MASK = "***"

DEPTH_MAX = 8
"""Values nested deeper are written as one masked text; a log line is no place for a tree."""

_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|secret|credential|authorization|cookie|signature"
    r"|(api|access|private|signing|encryption)[_-]?key|tokens?$|(^|[_-])(pwd|jwt|otp|pin)$",
    re.IGNORECASE,
)
_PHONE_KEY = re.compile(r"phone|msisdn|(^|[_-])(mobile|wa_id|sms|fax|tel)([_-]|$)|whatsapp_(id|number)", re.IGNORECASE)

# Only one '@' per match and bounded lengths: a hostile text cannot make the search slow.
_EMAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]{0,63}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d(?:[ .()/-]{0,2}\d){7,14}|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])"
)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,128}:)[^/\s@]{1,256}@")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"((?:passw(?:or)?d|secret|token|api[_-]?key|access[_-]?key|signature|authorization)[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
    r"(?!(?:Bearer|Basic)\s)([^\s\"'&,;)}]{1,4096})",
    re.IGNORECASE,
)


def _mask_phone(digits: str) -> str:
    return f"{'+' if digits.startswith('+') else ''}{MASK}{digits[-2:]}"


def redact_text(text: str) -> str:
    """The text with e-mail addresses, phone numbers and written-out secrets masked."""
    # Each search has a cheap sign without which it cannot find anything; most texts in a log show none of them.
    if len(text) < 5:
        return text
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1{MASK}@", text)
    if "@" in text:
        text = _EMAIL.sub(rf"\1{MASK}@\2", text)
    if len(text) >= 9 and ("+" in text or "-" in text or "." in text or " " in text):
        text = _PHONE.sub(lambda match: _mask_phone(match.group()), text)
    if "=" in text or ":" in text:
        text = _ASSIGNED.sub(rf"\1{MASK}", text)
    if " " in text and len(text) >= 14:
        text = _BEARER.sub(rf"\1 {MASK}", text)
    return text


@lru_cache(maxsize=4096)
def _kind_of_key(key: str) -> str | None:
    if _SECRET_KEY.search(key):
        return "secret"
    return "phone" if _PHONE_KEY.search(key) else None


def redact_field(key: str, value: Any, depth: int = 0) -> Any:
    """The value as it may be logged under `key`."""
    if value is None or isinstance(value, bool):
        return value
    kind = _kind_of_key(key)
    if kind == "secret":
        return MASK
    if kind == "phone" and isinstance(value, (str, int)):
        return _mask_phone(str(value))
    return redact(value, depth)


def redact(value: Any, depth: int = 0) -> Any:
    """A copy of the value that may be logged: containers are walked, unknown objects become their masked text."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= DEPTH_MAX:
        return redact_text(str(value))
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        return {str(key): redact_field(str(key), item, depth + 1) for key, item in mapping.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = cast("list[Any]", value)
        return [redact(item, depth + 1) for item in items]
    if isinstance(value, msgspec.Struct):
        return redact({name: getattr(value, name) for name in value.__struct_fields__}, depth)
    if isinstance(value, (bytes, bytearray, memoryview)):
        # Raw bytes are message bodies or media: their size says enough.
        return f"<{len(cast('bytes', value))} bytes>"
    return redact_text(str(value))
