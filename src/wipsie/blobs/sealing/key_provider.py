"""Where key-encryption keys come from: the contract. `key_providers` holds those there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from wipsie.blobs.sealing.key_ring import KeyRing


class KeyProvider(Protocol):
    """Keys that somebody keeps. Asked at the first use, and again when a key is wanted that it did not give before."""

    async def load(self) -> KeyRing:
        """The keys there are now. KeyMissing when they cannot be had at the moment; ConfigurationError when they cannot be used."""
        ...


class KeyService(Protocol):
    """A service that keeps a key of its own and never gives it out: AWS KMS, Google Cloud KMS, Vault's transit engine, an HSM.

    `context` is bound to what is encrypted (KMS: encryption context; others: additional authenticated data). KeyMissing when the
    service cannot be asked, refuses, or does not know the ciphertext.
    """

    async def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Up to 4,096 bytes, encrypted under the service's key."""
        ...

    async def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """What was encrypted."""
        ...
