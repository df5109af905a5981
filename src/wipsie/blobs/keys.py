"""Which keys an object may have: plain path-like names that mean the same on a disk and in a bucket."""

from __future__ import annotations

import re

from wipsie.kernel.errors import InvalidInput

KEY_LENGTH_MAX = 512
# A segment never starts with a dot: that rules out "." and ".." and keeps dotted names for the store itself.
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9._=@+-]*"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")


def check_key(key: str) -> str:
    """The key itself, or InvalidInput: up to 512 letters, digits and ``._=@+-`` in segments parted by ``/``."""
    if len(key) > KEY_LENGTH_MAX or not _KEY.fullmatch(key):
        raise InvalidInput(
            f"A blob key has up to {KEY_LENGTH_MAX} letters, digits and '._=@+-' in segments parted by '/'; no segment "
            "starts with a dot or is empty.",
            details={"key": key[:KEY_LENGTH_MAX]},
        )
    return key


def check_prefix(prefix: str) -> str:
    """A prefix for listing: empty, or whole segments with or without a closing ``/``. InvalidInput otherwise."""
    trimmed = prefix.removesuffix("/")
    return check_key(trimmed) if trimmed else ""
