"""A data key as it may be stored: sealed with a key-encryption key, and bound to its object.

It stands in the caller's own table, apart from the object. While it is there the object opens; when every copy of it is gone,
nobody opens the object any more, nor any copy of the object on any backup.
"""

from __future__ import annotations

import msgspec

from wipsie.blobs.sealing.errors import SealBroken
from wipsie.blobs.sealing.extended_gcm import OVERHEAD_BYTES

VERSION = 1
KEK_ID_BYTES = 8
SEALED_KEY_BYTES = 32 + OVERHEAD_BYTES
ENCODED_BYTES = 1 + KEK_ID_BYTES + SEALED_KEY_BYTES


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """Worth nothing without the key-encryption key `kek_id`, nor for another object than its own."""

    version: int = VERSION
    kek_id: str
    """16 hex digits; worth a column of its own, by which rotation finds what is left to do."""
    sealed: bytes
    """Nonce (24), data key (32) and tag (16)."""

    def encode(self) -> bytes:
        """81 bytes for a column: version (1), id of the key-encryption key (8), sealed data key (72)."""
        return bytes((self.version,)) + bytes.fromhex(self.kek_id) + self.sealed

    @classmethod
    def decode(cls, encoded: bytes) -> WrappedKey:
        """SealBroken when it is none, or of a form that is not known."""
        if len(encoded) != ENCODED_BYTES or encoded[0] != VERSION:
            raise SealBroken("The wrapped key was changed, or a newer Wipsie wrote it; restore its row from a copy.")
        return cls(version=encoded[0], kek_id=encoded[1 : 1 + KEK_ID_BYTES].hex(), sealed=encoded[1 + KEK_ID_BYTES :])
