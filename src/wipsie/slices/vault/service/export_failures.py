"""An archive that cannot be made: whoever waits for it is told so, once, whoever finds out."""

from __future__ import annotations

from typing import Final

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.conversation import ExportFailed
from wipsie.slices.vault.service.conversing.conversing import Begun, Conversing
from wipsie.slices.vault.service.keeping.events import Viewer, export_name
from wipsie.slices.vault.store.exports import settle_export, stuck_exports
from wipsie.slices.vault.store.identities import identity_of
from wipsie.telemetry.logging import get_logger

STUCK_MS: Final = 3 * 3_600_000
"""Since the last try, which takes an hour at most: its job is dead, lost, or waits behind too many others."""
STUCK: Final = "STUCK"
_SYSTEM: Final = Viewer(actor="system:export")

_log = get_logger(__name__)


class ExportFailures:
    """One per process."""

    def __init__(self, database: Database, clock: Clock, conversing: Conversing) -> None:
        self._database = database
        self._clock = clock
        self._conversing = conversing

    async def give_up(self, owner: str, export_id: str, reason: str) -> bool:
        """Tell the owner, in the commit from which on nobody waits for it; False when that was settled before. KeyMissing,
        StorageUnavailable."""

        async def begin(unit: UnitOfWork, ring: KeyRing) -> Begun | None:
            if not await settle_export(unit.connection, export_id):
                return None
            unit.record(_SYSTEM.event("vault:export:fail", export_name(export_id), {"why": reason}))
            identity = await identity_of(unit.connection, ring, owner)
            if identity is None:
                return None
            return Begun(identity=identity, events=[ExportFailed(id=f"export_failed:{export_id}")])

        is_told = await self._conversing.go_on(begin)
        if is_told:
            _log.error("vault_export_given_up", owner=owner, export=export_id, reason=reason)
        return is_told

    async def stuck(self, *, count_max: int) -> list[tuple[str, str]]:
        """Owner and id of those that nobody makes any more."""
        before_ms = self._clock.now_ms() - STUCK_MS
        async with self._database.read() as connection:
            return list(await stuck_exports(connection, before_ms=before_ms, count_max=count_max))
