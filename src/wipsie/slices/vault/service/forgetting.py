"""Somebody is forgotten: everything that is theirs, what was said to them, and who they are."""

from __future__ import annotations

from typing import Final

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.slices.vault.service.conversing.sessions import Sessions
from wipsie.slices.vault.service.keeping.deleting import Eraser
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.store import identities
from wipsie.slices.vault.store.accesses import forget_accesses
from wipsie.slices.vault.store.conversations import forget_conversation
from wipsie.slices.vault.store.deliveries import forget_owner

_SYSTEM: Final = Viewer(actor="system:vault")


class Forgetting:
    """One per process."""

    def __init__(self, eraser: Eraser, sessions: Sessions) -> None:
        self._eraser = eraser
        self._sessions = sessions

    async def forget(self, unit: UnitOfWork, ring: KeyRing, owner: str) -> None:
        """Leave nothing but what they agreed to and when, under our name for them. `remove_bytes` after the commit."""
        await self._eraser.erase_owner(unit, ring, owner, _SYSTEM)
        await forget_owner(unit.connection, owner)
        await forget_accesses(unit.connection, owner)
        await forget_conversation(unit.connection, owner)
        await identities.forget(unit.connection, owner)
        # A copy may be put there again by who is at it now; it ends by itself.
        await self._sessions.drop(owner)

    async def remove_bytes(self) -> None:
        """Clear the object store of what was erased. StorageUnavailable; the upkeep does the same."""
        await self._eraser.remove_bytes()
