"""The keys of a process: loaded at the first use, looked for again when one is wanted that is not held, and once a minute.

    stand-by ──(load)──► holding ──(a key is wanted that is not held, or a minute is over: load again)──► holding
        ▲                   │
        └─ KeyMissing ◄─────┘  only when there never were any: keys that were loaded once are kept

So a key that another process added is found, and used for what is new, without a restart, and a key that is brought back ends the
stand-by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from wipsie.blobs.sealing.errors import KeyMissing
from wipsie.blobs.sealing.key_provider import KeyProvider
from wipsie.blobs.sealing.key_ring import KeyRing
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError

Answer = TypeVar("Answer")
REFRESH_S = 60.0
"""After this time every process uses a key that was added."""


class KeyHolder:
    """One per process; belongs to one event loop. Opens nothing when it is made."""

    def __init__(
        self,
        provider: KeyProvider,
        clock: Clock,
        *,
        timeout_s: float = 10.0,
        look_again_s: float = 2.0,
        refresh_s: float = REFRESH_S,
    ) -> None:
        """`timeout_s`: for one look at the provider. `look_again_s`: between two of them, whatever is asked for meanwhile. `refresh_s`:
        keys that are older are looked at again by the next who asks."""
        self._provider = provider
        self._clock = clock
        self._timeout_s = timeout_s
        self._look_again_s = look_again_s
        self._refresh_s = refresh_s
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._ring: KeyRing | None = None
        self._missing: KeyMissing | None = None

    @property
    def is_standing_by(self) -> bool:
        """No keys were had so far."""
        return self._ring is None

    async def ring(self) -> KeyRing:
        """The keys. KeyMissing in stand-by; ConfigurationError when they cannot be used."""
        ring = self._ring
        if ring is None:
            return await self._look()
        if self._clock.monotonic() - self._looked_at < self._refresh_s or self._looking.locked():
            return ring
        try:
            return await self._look()
        except ConfigurationError:
            # Somebody is at the file. What is held is good.
            return ring

    async def use(self, work: Callable[[KeyRing], Answer]) -> Answer:
        """What `work` makes of the keys. When it misses one, the provider is asked for it, and `work` called a second time.
        KeyMissing, and what `work` raises."""
        ring = await self.ring()
        try:
            return work(ring)
        except KeyMissing:
            newer = await self._look()
            if newer is ring:
                raise
        return work(newer)

    async def refresh(self) -> KeyRing:
        """Look now: after a rotation, or to see whether a stand-by ends. Keys that were held stay when there are none to be had.
        KeyMissing, ConfigurationError."""
        async with self._looking:
            return await self._load()

    async def _look(self) -> KeyRing:
        """What is held, looked at again unless that was a moment ago."""
        async with self._looking:
            if self._clock.monotonic() - self._looked_at < self._look_again_s:
                if self._ring is not None:
                    return self._ring
                if self._missing is not None:
                    # Anew: an exception that is raised twice collects the frames of both.
                    raise KeyMissing(self._missing.message, kek_id=self._missing.kek_id)
            try:
                return await self._load()
            except KeyMissing:
                if self._ring is None:
                    raise
                return self._ring

    async def _load(self) -> KeyRing:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._ring = await self._provider.load()
        except TimeoutError:
            self._missing = KeyMissing(f"The key-encryption keys were not to be had within {self._timeout_s:g} s.")
            raise self._missing from None
        except KeyMissing as missing:
            self._missing = missing
            raise
        finally:
            self._looked_at = self._clock.monotonic()
        self._missing = None
        return self._ring
