"""Everything one process is made of, built and not started: the composition without its life."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import wipsie
from wipsie.api.lists import ListReader
from wipsie.app.audit import build_anchors, build_audit_log
from wipsie.app.direct_publisher import publish_directly
from wipsie.app.keyring import build_keyring
from wipsie.app.objects import build_blobs
from wipsie.app.polling_grants import PollingGrants
from wipsie.app.public_address import PublicAddress
from wipsie.app.queues import build_backend, build_engine
from wipsie.app.settings import Settings
from wipsie.app.shared import build_shared_store
from wipsie.audit import Anchors, AuditLog
from wipsie.auth.account_rights import ACCOUNT_RIGHTS
from wipsie.auth.keyring import Keyring
from wipsie.auth.password_hasher import COST
from wipsie.auth.privacy_rights import PRIVACY_RIGHTS
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.registration import RegistrationMode
from wipsie.auth.service.services import AccountServices, build_services
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.queue.engine import QueueEngine
from wipsie.queue.repeats import Repeats
from wipsie.slices.asyncops.domain.working_time import WorkingHours
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.service.summaries.times import SummarySettings
from wipsie.slices.asyncops.slice import AsyncOpsSettings
from wipsie.slices.asyncops.slice import build as build_asyncops
from wipsie.slices.manifest import Slice
from wipsie.slices.tasks.gateways.http_client import HttpClientSettings
from wipsie.slices.tasks.slice import TasksSettings
from wipsie.slices.tasks.slice import build as build_tasks
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
    slices: list[Slice] = field(default_factory=list[Slice])

    @property
    def rights(self) -> RightsTable:
        """The rows of all parts."""
        return RightsTable([*ACCOUNT_RIGHTS, *PRIVACY_RIGHTS, *(right for one in self.slices for right in one.rights)])


def build_parts(settings: Settings, clock: Clock | None = None, *, password_cost: int = COST) -> Parts:
    """Build all parts. Opens no file and no connection. ConfigurationError for settings that cannot work. `password_cost` is
    bcrypt's; lower ones are for tests."""
    clock = clock or SystemClock()
    metrics = Metrics()
    database = Database(
        settings.database.url,
        clock=clock,
        pool_size=settings.database.pool_size,
        max_overflow=settings.database.max_overflow,
    )
    blobs = build_blobs(settings)
    audit = build_audit_log(settings, clock)
    database.record_with(audit)
    backend = build_backend(settings, clock, blobs=blobs)
    shared = build_shared_store(settings, database, clock)
    repeats = Repeats(shared, clock)
    engine = build_engine(settings, clock, metrics, backend=backend, repeats=repeats)
    publish_directly(database, settings.database.url, engine, backend)
    keyring = build_keyring(settings)
    public_url = PublicAddress(settings)
    parts = Parts(
        settings=settings,
        clock=clock,
        metrics=metrics,
        engine=engine,
        database=database,
        shared=shared,
        blobs=blobs,
        audit=audit,
        anchors=build_anchors(audit, blobs, clock),
        keyring=keyring,
        public_url=public_url,
        accounts=build_services(
            database=database,
            shared=shared,
            keyring=keyring,
            # Whole once the slices are built, which is before anybody signs in.
            rights=lambda: parts.rights,
            clock=clock,
            public_url=public_url,
            registration=cast(RegistrationMode, settings.security.registration),
            password_cost=password_cost,
        ),
        lists=ListReader(database, cursor_key=lambda: keyring().derive("cursor")),
        run_log=RunLog(database),
        schedules=ScheduleStore(database, clock),
        breakers=BreakerRegistry(clock, metrics),
        registry=HandlerRegistry(),
        cpu_pool=CpuPool(clock=clock, processes_max=settings.worker.cpu_processes or os.cpu_count() or 1),
    )
    parts.slices.extend((_tasks(parts), _asyncops(parts)))
    for one in parts.slices:
        for handler in one.handlers:
            parts.registry.add(handler)
    return parts


def _asyncops(parts: Parts) -> Slice:
    return build_asyncops(
        asyncops_settings(parts.settings, public_url=parts.public_url()),
        engine=parts.engine,
        database=parts.database,
        lists=parts.lists,
        clock=parts.clock,
    )


def asyncops_settings(settings: Settings, *, public_url: str) -> AsyncOpsSettings:
    """The settings of the slice, for it and for commands about its records."""
    chosen = settings.asyncops
    return AsyncOpsSettings(
        public_url=public_url,
        blockers=_blocker_rules(settings),
        summaries=SummarySettings(cron=chosen.summary_cron, timezone=chosen.summary_timezone),
        run_retention_s=settings.worker.run_retention_s,
    )


def _blocker_rules(settings: Settings) -> BlockerRules:
    chosen = settings.asyncops
    return BlockerRules(
        stale_after_h=chosen.blocker_stale_after_s / 3600,
        escalate_after_h=chosen.blocker_escalate_after_s / 3600,
        working_hours=WorkingHours(*chosen.working_hours),
    )


def _tasks(parts: Parts) -> Slice:
    settings = parts.settings
    return build_tasks(
        TasksSettings(
            mailbox_path=settings.data_dir / "mailbox",
            region=settings.queue.region,
            smtp_url=settings.tasks.smtp_url or None,
            mail_from=settings.tasks.mail_from,
            allow_private_networks=settings.tasks.allow_private_networks,
            allowed_hosts=frozenset(settings.tasks.allowed_hosts),
            http=HttpClientSettings(
                total_timeout_s=settings.tasks.polling_timeout_s,
                body_bytes_max=settings.tasks.polling_body_bytes_max,
            ),
        ),
        engine=parts.engine,
        registry=parts.registry,
        database=parts.database,
        blobs=parts.blobs,
        run_log=parts.run_log,
        breakers=parts.breakers,
        clock=parts.clock,
        version=wipsie.__version__,
        polling_grants=PollingGrants(settings.data_dir, parts.clock).allows,
    )
