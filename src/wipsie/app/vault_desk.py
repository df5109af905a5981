"""The desk where commands verify a vault and see to its keys, beside a running Wipsie or without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from wipsie.app.audit import build_anchors, build_audit_log
from wipsie.app.objects import build_blobs
from wipsie.app.opened_database import opened_database
from wipsie.app.settings import Settings
from wipsie.app.vault_keys import build_vault_keys, vault_key_file
from wipsie.audit import Anchors, AuditLog, list_events
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyFile, KeyHolder, SealedStore
from wipsie.blobs.sealing.key_holder import REFRESH_S
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, Conflict
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.rotating import Progress as RotationProgress
from wipsie.slices.vault.service.rotating import Rotated, Rotation
from wipsie.slices.vault.service.verifying import Progress, VaultVerify, VerifyReport

SETTLE_S: Final = REFRESH_S + 15.0
"""After this time every process holds a key that was added, and uses the one that is in use."""
KEPT_S: Final = 30 * 86_400.0
"""So long after it was in use a key may still be asked for what no rotation reaches: links, and messages that come again."""
_USED: Final = "vault:keys:use"


class ListedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key-encryption key, without the key."""

    id: str
    in_use: bool
    """For what is new."""
    seals: int
    """Objects and values that only it opens."""
    is_held: bool
    """False: something was sealed with it, and it is not here."""


class VaultDesk(msgspec.Struct, frozen=True, kw_only=True):
    """A vault, open."""

    settings: Settings
    clock: Clock
    database: Database
    blobs: BlobStore
    keys: KeyHolder
    audit: AuditLog
    anchors: Anchors

    async def verify(self, *, quick: bool, on_progress: Progress | None = None) -> VerifyReport:
        """Compare everything. KeyMissing, StorageUnavailable."""
        # Anchors first: one dropped after the look began would tell of events it does not see.
        anchors = await self.anchors.all()
        verifier = VaultVerify(
            self.database,
            self.blobs,
            self._sealed(),
            self.keys,
            self.clock,
            ReportIndexer(),
            audit_keys=self.audit.keys,
            anchors=anchors,
        )
        return await verifier.run(quick=quick, on_progress=on_progress)

    async def list_keys(self) -> list[ListedKey]:
        """All keys that are held or wanted, the one in use first. KeyMissing, StorageUnavailable."""
        ring = await self.keys.ring()
        seals = await self._rotation().in_use()
        missing = sorted(set(seals) - set(ring.ids))
        return [
            ListedKey(id=one, in_use=one == ring.active, seals=seals.get(one, 0), is_held=one in ring.ids)
            for one in (*ring.ids, *missing)
        ]

    async def add_key(self) -> str:
        """Make a key that is held from now on, and used once `use_key` says so; its id. ConfigurationError where keys are given."""
        made = await self._file().add(in_use=False)
        await self._record("vault:keys:add", key=made)
        return made

    async def use_key(self, kek_id: str) -> None:
        """Seal what is new with this key. NotFound."""
        await self._file().use(kek_id)
        await self.keys.refresh()
        await self._record(_USED, key=kek_id)

    async def renew_key(self, tell: Callable[[str], None]) -> None:
        """`add_key`, and `use_key` once every process holds it; ends when every process uses it. `tell` hears what is waited for."""
        made = await self.add_key()
        tell(f"Key {made} is made; every process holds it in {SETTLE_S:.0f} s.")
        await self.clock.sleep(SETTLE_S)
        await self.use_key(made)
        tell(f"It is used from now on; every process does so in {SETTLE_S:.0f} s.")
        await self.clock.sleep(SETTLE_S)

    async def rotate(self, *, on_progress: RotationProgress | None = None) -> Rotated:
        """Seal with the key in use what others sealed. KeyMissing, StorageUnavailable."""
        return await self._rotation().run(on_progress=on_progress)

    async def remove_key(self, kek_id: str, *, force: bool) -> None:
        """Forget a key. NotFound; Conflict while something is sealed with it, and, unless `force`, within `KEPT_S` of its use."""
        ring = await self.keys.refresh()
        rotation = self._rotation()
        seals = (await rotation.in_use()).get(kek_id, 0)
        if kek_id != ring.active and (seals or await rotation.words_left()):
            raise Conflict(
                f"{seals} objects and values, or words of reports, need this key; run `wipsie vault rotate` first.",
                details={"seals": seals},
            )
        if not force:
            await self._check_age()
        await self._file().remove(kek_id)
        await self._record("vault:keys:remove", key=kek_id)

    async def _check_age(self) -> None:
        changes = await list_events(self.database, limit=1, action=_USED)
        if changes and self.clock.now_ms() - changes[0].at_ms < KEPT_S * 1000:
            raise Conflict(
                f"The key in use took over less than {KEPT_S / 86_400:g} days ago: links that were sent before open nothing without "
                "the earlier key, and messages that come again are not known. Wait, or use --force."
            )

    async def _record(self, action: str, **facts: Fact) -> None:
        async with self.database.unit_of_work() as unit:
            unit.record(AuditEvent(actor="cli", action=action, object="vault:keys", facts=facts))

    def _file(self) -> KeyFile:
        if self.settings.vault.keys:
            raise ConfigurationError(
                "The keys of this vault are given by VAULT_KEYS: write a new one there (openssl rand -hex 32), second in the list at "
                "first and first once every process has it; then run `wipsie vault rotate`.",
                details={"setting": "VAULT_KEYS"},
            )
        return vault_key_file(self.settings, self.database)

    def _sealed(self) -> SealedStore:
        return SealedStore(self.blobs, self.keys, work_dir=self.settings.data_dir / "work" / "vault" / "sealed")

    def _rotation(self) -> Rotation:
        return Rotation(self.database, self._sealed(), self.keys, ReportIndexer())


@asynccontextmanager
async def opened_vault_desk(settings: Settings, clock: Clock) -> AsyncGenerator[VaultDesk]:
    """The desk of this data folder."""
    audit = build_audit_log(settings, clock)
    blobs = build_blobs(settings)
    async with opened_database(settings, clock) as database:
        yield VaultDesk(
            settings=settings,
            clock=clock,
            database=database,
            blobs=blobs,
            keys=build_vault_keys(settings, database, clock),
            audit=audit,
            anchors=build_anchors(audit, blobs, clock),
        )
