"""Builds the parts of a process: first what all slices share, then the slices."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

from wipsie.api.lists import ListReader
from wipsie.app.audit import build_anchors, build_audit_log
from wipsie.app.direct_publisher import publish_directly
from wipsie.app.keyring import build_keyring
from wipsie.app.objects import build_blobs
from wipsie.app.parts.asyncops import asyncops_slice
from wipsie.app.parts.mail import mail_slice
from wipsie.app.parts.parts import Parts
from wipsie.app.parts.tasks import tasks_slice
from wipsie.app.parts.vault import vault_slice
from wipsie.app.public_address import PublicAddress
from wipsie.app.queues import build_backend, build_engine
from wipsie.app.settings import Settings
from wipsie.app.shared import build_shared_store
from wipsie.app.vault_keys import build_vault_keys
from wipsie.auth.password_hasher import COST
from wipsie.auth.service.registration import RegistrationMode
from wipsie.auth.service.services import build_services
from wipsie.database import Database
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.queue.contract import QueueBackend
from wipsie.queue.repeats import Repeats
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry
from wipsie.workers.run_log import RunLog
from wipsie.workers.schedules import ScheduleStore

_SLICES = (tasks_slice, asyncops_slice, mail_slice, vault_slice)


def build_parts(
    settings: Settings,
    clock: Clock | None = None,
    *,
    password_cost: int = COST,
    around_backend: Callable[[QueueBackend], QueueBackend] | None = None,
) -> Parts:
    """Build all parts. Opens no file and no connection. ConfigurationError for settings that cannot work. `password_cost` is
    bcrypt's; lower ones are for tests. `around_backend`: gives the queues the engine works with, over those of QUEUE_URL."""
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
    worked = backend if around_backend is None else around_backend(backend)
    engine = build_engine(settings, clock, metrics, backend=worked, repeats=repeats)
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
        vault_keys=build_vault_keys(settings, database, clock),
    )
    parts.all_slices.extend(build(parts) for build in _SLICES)
    for one in parts.slices:
        for handler in one.handlers:
            parts.registry.add(handler)
    return parts
