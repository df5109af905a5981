"""The conversations that go on now, kept at hand: written through to the database, which alone decides.

A copy may be older than the row, since others write too. Nothing comes of that: a change is made to the version it began with, or not
at all, and whoever was overtaken forgets the copy and reads the row.
"""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from typing import Final, Protocol

import msgspec

from wipsie.blobs.sealing import KeyMissing, KeyRing, SealBroken
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable, WipsieError
from wipsie.slices.vault.domain.conversation import Conversation
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.conversations import StoredConversation
from wipsie.slices.vault.store.tables import conversations_table

TTL_S: Final = 1800.0
"""As long as a conversation waits for an answer."""
LOCAL_MAX: Final = 5_000
_KEY: Final = "vault:conversation:{}"
_SHARED_BYTES_MAX: Final = 48 * 1024
"""Larger ones, with dozens of files in them, are read from the database."""


class Sessions(Protocol):
    """Copies of conversations. Losing one costs a read."""

    async def get(self, ring: KeyRing, owner: str) -> StoredConversation | None:
        """The copy; None when there is none, or it cannot be had now."""
        ...

    async def put(self, ring: KeyRing, owner: str, stored: StoredConversation) -> None:
        """Keep what was just committed."""
        ...

    async def drop(self, owner: str) -> None:
        """Forget it."""
        ...


class LocalSessions:
    """In the memory of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, StoredConversation]] = OrderedDict()

    async def get(self, ring: KeyRing, owner: str) -> StoredConversation | None:
        del ring
        until, stored = self._kept.get(owner, (0.0, None))
        return stored if self._clock.monotonic() < until else None

    async def put(self, ring: KeyRing, owner: str, stored: StoredConversation) -> None:
        del ring
        self._kept[owner] = (self._clock.monotonic() + TTL_S, stored)
        self._kept.move_to_end(owner)
        if len(self._kept) > LOCAL_MAX:
            self._kept.popitem(last=False)

    async def drop(self, owner: str) -> None:
        self._kept.pop(owner, None)


class _Copy(msgspec.Struct, frozen=True):
    version: int
    sealed: str


class SharedSessions:
    """In Redis, for all processes; sealed there as in the database."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    async def get(self, ring: KeyRing, owner: str) -> StoredConversation | None:
        try:
            found = await self._store.get(_KEY.format(owner))
            if found is None:
                return None
            copy = msgspec.json.decode(found.value, type=_Copy)
            sealed = base64.b64decode(copy.sealed, validate=True)
            return StoredConversation(
                open_column(ring, sealed, Conversation, conversations_table.c.body, owner), copy.version
            )
        except (StorageUnavailable, SealBroken, KeyMissing, msgspec.DecodeError, binascii.Error):
            # Whatever is wrong with a copy, such as a key that was taken out of the ring since, the row is there.
            return None

    async def put(self, ring: KeyRing, owner: str, stored: StoredConversation) -> None:
        sealed = seal_column(ring, stored.conversation, conversations_table.c.body, owner)
        if len(sealed) > _SHARED_BYTES_MAX * 3 // 4:
            return await self.drop(owner)
        copy = _Copy(stored.version, base64.b64encode(sealed).decode())
        try:
            await self._store.set(_KEY.format(owner), msgspec.json.encode(copy).decode(), ttl_s=TTL_S)
        except WipsieError:
            # An older copy may be left, and be found out by its version.
            return None
        return None

    async def drop(self, owner: str) -> None:
        try:
            await self._store.delete(_KEY.format(owner))
        except StorageUnavailable:
            return
