"""The keys that make the chain: kept outside the database, so that who may write there cannot write a chain of his own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from wipsie.kernel.errors import ConfigurationError

KEY_BYTES_MIN = 32
_ID_DIGITS = 16
_ID_PURPOSE = b"wipsie audit key id\0"


class AuditKeys:
    """The key new events are sealed with, and those of earlier times, which still prove theirs."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first is the one in use. ConfigurationError when there is none, or one is shorter than 32 bytes."""
        if not keys or any(len(key) < KEY_BYTES_MIN for key in keys):
            raise ConfigurationError(
                f"AUDIT_KEY needs at least {KEY_BYTES_MIN} random bytes, written as {2 * KEY_BYTES_MIN} hex digits: "
                "openssl rand -hex 32",
                details={"setting": "AUDIT_KEY"},
            )
        self._keys = {_id_of(key): key for key in keys}
        self.current = _id_of(keys[0])
        """Id of the key in use; says nothing of the key."""

    def knows(self, key_id: str) -> bool:
        """Whether we hold this key."""
        return key_id in self._keys

    def seal(self, key_id: str, *parts: bytes) -> str:
        """64 hex digits that only a holder of the key can make of these parts. KeyError for a key we do not hold."""
        sealing = hmac.new(self._keys[key_id], digestmod=hashlib.sha256)
        for part in parts:
            # With their lengths: two parts cannot be cut elsewhere and mean the same.
            sealing.update(len(part).to_bytes(8, "big"))
            sealing.update(part)
        return sealing.hexdigest()


def _id_of(key: bytes) -> str:
    return hashlib.sha256(_ID_PURPOSE + key).hexdigest()[:_ID_DIGITS]
