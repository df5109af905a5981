"""The key-encryption keys: one in use, and those of earlier times, which still open what was sealed with them.

Every key is 32 random bytes, and serves only to derive others, by HKDF-SHA-256, one for each purpose: who learns the key of the
search tokens learns nothing of the wrapped keys. Its id is derived as well, so a key cannot stand under another's id.

Data keys are wrapped with XAES-256-GCM, whose associated data is the version, the id of the key-encryption key and the object id. Not with AES
key wrap (RFC 3394): that has no associated data, so a wrapped key would unwrap in the row of any object, and be found out only when
the object does not open. And not with plain AES-256-GCM: its random nonces would limit a key to 2^32 wrappings.
"""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.blobs.sealing.errors import KeyMissing, SealBroken
from wipsie.blobs.sealing.extended_gcm import ExtendedGcm
from wipsie.blobs.sealing.format import object_id_bytes
from wipsie.blobs.sealing.wrapped_key import KEK_ID_BYTES, VERSION, WrappedKey
from wipsie.kernel.errors import ConfigurationError

KEY_BYTES = 32
KEYS_MAX = 100
_KINDS_MIN = 8
"""So many different bytes 32 random ones have, but for one time in more than any machine will see."""
_INFO = b"wipsie sealing\0"
_WRAP = "wrap data keys"
_WRAPPED = b"wipsie wrapped key\0"


class KeyRing:
    """Immutable; may be shared by threads. Its keys are never shown: not by `repr`, not in an error."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first is in use. ConfigurationError when there is none, too many, or one is not 32 random bytes."""
        if not 0 < len(keys) <= KEYS_MAX:
            raise ConfigurationError(f"A key ring holds 1 to {KEYS_MAX} keys; the first is the one in use.")
        if any(len(key) != KEY_BYTES or len(set(key)) < _KINDS_MIN for key in keys):
            raise ConfigurationError(
                f"A key-encryption key is {KEY_BYTES} random bytes, written as {2 * KEY_BYTES} hex digits. "
                "Make one with: openssl rand -hex 32"
            )
        self._keys = {key_id(key): key for key in keys}
        self.active = next(iter(self._keys))
        """Id of the key in use; says nothing of the key."""
        self._derived: dict[tuple[str, str], bytes] = {}
        self._ciphers: dict[tuple[str, str], ExtendedGcm] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all keys, the one in use first."""
        return tuple(self._keys)

    def derived(self, purpose: str, kek_id: str | None = None) -> bytes:
        """32 bytes for one purpose, from the key in use or the one of `kek_id`. Purposes are names in the code, not data. KeyMissing."""
        chosen = self.active if kek_id is None else kek_id
        if chosen not in self._keys:
            raise KeyMissing(
                f"The key-encryption key {chosen} is not at hand; bring it back, or restore what it sealed from a time before it.",
                kek_id=chosen,
            )
        known = self._derived.get((chosen, purpose))
        if known is None:
            known = self._derived[chosen, purpose] = _derive(self._keys[chosen], purpose)
        return known

    def cipher(self, purpose: str, kek_id: str | None = None) -> ExtendedGcm:
        """What seals small things for one purpose. KeyMissing."""
        chosen = self.active if kek_id is None else kek_id
        known = self._ciphers.get((chosen, purpose))
        if known is None:
            known = self._ciphers[chosen, purpose] = ExtendedGcm(self.derived(purpose, chosen))
        return known

    def wrap(self, data_key: bytes, object_id: str) -> WrappedKey:
        """A data key, sealed for this object with the key in use. InvalidInput for a bad id."""
        associated = _associated(self.active, object_id)
        return WrappedKey(kek_id=self.active, sealed=self.cipher(_WRAP).seal(data_key, associated))

    def unwrap(self, wrapped: WrappedKey, object_id: str) -> bytes:
        """The data key. KeyMissing; SealBroken when it is not the wrapped key of this object."""
        associated = _associated(wrapped.kek_id, object_id)
        data_key = self.cipher(_WRAP, wrapped.kek_id).open(wrapped.sealed, associated)
        if wrapped.version != VERSION or data_key is None or len(data_key) != KEY_BYTES:
            raise SealBroken(
                "The wrapped key was changed, or is that of another object; restore its row from a copy.",
                details={"object_id": object_id},
            )
        return data_key

    def rewrap(self, wrapped: WrappedKey, object_id: str) -> WrappedKey:
        """The same data key, sealed with the key in use; `wrapped` itself when it is that already. The object stays as it is.
        KeyMissing, SealBroken."""
        data_key = self.unwrap(wrapped, object_id)
        return wrapped if wrapped.kek_id == self.active else self.wrap(data_key, object_id)


def key_id(key: bytes) -> str:
    """16 hex digits that say nothing of the key."""
    return _derive(key, "key id")[:KEK_ID_BYTES].hex()


def _associated(kek_id: str, object_id: str) -> bytes:
    # Fixed lengths first: what follows can be nothing but the object id.
    return _WRAPPED + bytes((VERSION,)) + kek_id.encode() + object_id_bytes(object_id)


def _derive(key: bytes, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    # No salt: the key is uniform by itself (RFC 5869, section 3.1).
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_INFO + purpose.encode()).derive(key)
