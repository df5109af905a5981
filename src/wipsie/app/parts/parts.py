"""What one process is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from wipsie.api.lists import ListReader
from wipsie.app.public_address import PublicAddress
from wipsie.app.settings import Settings
from wipsie.audit import Anchors, AuditLog
from wipsie.auth.account_rights import ACCOUNT_RIGHTS
from wipsie.auth.keyring import Keyring
from wipsie.auth.privacy_rights import PRIVACY_RIGHTS
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.services import AccountServices
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyHolder
from wipsie.database import Database
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.queue.engine import QueueEngine
from wipsie.slices.manifest import Slice
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry
from wipsie.workers.run_log import RunLog
from wipsie.workers.schedules import ScheduleStore


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The shared means of all roles, and the slices over them."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    engine: QueueEngine
    database: Database
    shared: SharedStore
    blobs: BlobStore
    audit: AuditLog
    anchors: Anchors
    keyring: Callable[[], Keyring]
    public_url: PublicAddress
    accounts: AccountServices
    lists: ListReader
    run_log: RunLog
    schedules: ScheduleStore
    breakers: BreakerRegistry
    registry: HandlerRegistry
    cpu_pool: CpuPool
    vault_keys: KeyHolder
    all_slices: list[Slice] = field(default_factory=list[Slice])

    @property
    def slices(self) -> list[Slice]:
        """Those this process serves. What people may do, and what is held of them, does not depend on it."""
        return [one for one in self.all_slices if one.name in self.settings.instance.slices]

    @property
    def rights(self) -> RightsTable:
        """The rows of all parts."""
        return RightsTable(
            [*ACCOUNT_RIGHTS, *PRIVACY_RIGHTS, *(right for one in self.all_slices for right in one.rights)]
        )
