"""Keys that lie encrypted in a setting, and that only a key service can decrypt.

The service is asked when keys are loaded, not for each object: its latency, its price and its bad days stay away from reading and
writing. What it gives is the power to say no: a process that starts after access was taken away stays in stand-by.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from wipsie.blobs.sealing.errors import KeyMissing
from wipsie.blobs.sealing.key_provider import KeyService
from wipsie.blobs.sealing.key_ring import KEY_BYTES, KeyRing

CONTEXT = {"purpose": "wipsie key-encryption key"}
"""Bound to every key: the service refuses to take it for anything else that it encrypted."""


class ServiceKeys:
    """Decrypted anew at every look."""

    def __init__(self, service: KeyService, encrypted: Sequence[bytes]) -> None:
        """`encrypted`: what `make_service_key` gave; the first is in use."""
        self._service = service
        self._encrypted = tuple(encrypted)

    async def load(self) -> KeyRing:
        """KeyMissing when there are none, or the service does not decrypt them."""
        if not self._encrypted:
            raise KeyMissing("No encrypted key-encryption key was given to this process.")
        return KeyRing([await self._service.decrypt(key, CONTEXT) for key in self._encrypted])


async def make_service_key(service: KeyService) -> bytes:
    """A fresh key, encrypted by the service: what an operator puts in front of those there are. KeyMissing."""
    return await service.encrypt(secrets.token_bytes(KEY_BYTES), CONTEXT)
