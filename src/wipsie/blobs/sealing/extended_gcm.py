"""XAES-256-GCM: AES-256-GCM with 24 random bytes as its nonce, for many small things under one key.

Plain AES-256-GCM has 12 bytes of nonce. At random that is enough for 2^32 messages under a key (NIST SP 800-38D, section 8.3), and
somebody would have to count them over all processes and years. Here the first half of the nonce makes a key of its own out of the
key, with the KDF of NIST SP 800-108 over CMAC; the second half is the nonce of AES-256-GCM under it. 2^80 messages meet with a
chance of 2^-32. Source, with test vectors: https://c2sp.org/XAES-256-GCM.
"""

from __future__ import annotations

import secrets
import threading

KEY_BYTES = 32
NONCE_BYTES = 24
OVERHEAD_BYTES = NONCE_BYTES + 16
_HALF = NONCE_BYTES // 2
_BLOCK_BITS = 128
_CMAC_POLYNOMIAL = 0x87


class ExtendedGcm:
    """For one key; may be shared by threads."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(key) != KEY_BYTES:
            raise ValueError("The key of XAES-256-GCM has 32 bytes.")
        self._gcm = AESGCM
        self._invalid = InvalidTag
        # ECB of single blocks is how the bare block cipher is called, which CMAC is made of; no content is sealed with it.
        self._blocks = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - of single blocks
        self._lock = threading.Lock()
        start = int.from_bytes(self._blocks.update(bytes(_BLOCK_BITS // 8)), "big")
        doubled = start << 1 & (1 << _BLOCK_BITS) - 1
        self._subkey = doubled ^ (_CMAC_POLYNOMIAL if start >> _BLOCK_BITS - 1 else 0)

    def seal(self, content: bytes, associated: bytes) -> bytes:
        """Nonce, sealed content and tag: 40 bytes more than the content."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._gcm(self._derived(nonce)).encrypt(nonce[_HALF:], content, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes | None:
        """The content; None when it was not sealed with this key and this associated data."""
        if len(sealed) < OVERHEAD_BYTES:
            return None
        nonce = sealed[:NONCE_BYTES]
        try:
            return self._gcm(self._derived(nonce)).decrypt(nonce[_HALF:], sealed[NONCE_BYTES:], associated)
        except self._invalid:
            return None

    def _derived(self, nonce: bytes) -> bytes:
        masked = [
            int.from_bytes(bytes((0, counter)) + b"X\0" + nonce[:_HALF], "big") ^ self._subkey for counter in (1, 2)
        ]
        blocks = b"".join(block.to_bytes(_BLOCK_BITS // 8, "big") for block in masked)
        with self._lock:
            return self._blocks.update(blocks)
