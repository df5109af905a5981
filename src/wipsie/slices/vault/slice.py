"""The manifest of the vault: the webhook, its queues and workers, links to reports, and what staff see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from wipsie.api.lists import ListReader
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyHolder, KeyMissing
from wipsie.database import Database
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.slices.manifest import Slice
from wipsie.slices.vault.building import VaultSettings, build_parts
from wipsie.slices.vault.handlers.cleaning import CLEAN_SCHEDULE, cleaning_handler
from wipsie.slices.vault.handlers.deliver import DeliverHandler
from wipsie.slices.vault.handlers.export import ExportHandler
from wipsie.slices.vault.handlers.media import MediaHandlers
from wipsie.slices.vault.handlers.messages import MessageHandlers
from wipsie.slices.vault.handlers.reading_on import reading_on_handler
from wipsie.slices.vault.health import key_check
from wipsie.slices.vault.jobs import DELIVERIES_QUEUE, MEDIA_QUEUE, MESSAGES_QUEUE
from wipsie.slices.vault.rights import RIGHTS
from wipsie.slices.vault.routes.links import build_links_router
from wipsie.slices.vault.routes.looking import build_looking_router
from wipsie.slices.vault.routes.staff import build_staff_router
from wipsie.slices.vault.routes.webhook import BODY_BYTES_MAX, PATH, build_webhook_router
from wipsie.slices.vault.service.conversing.sessions import Sessions
from wipsie.slices.vault.service.keeping.sweeping import OrphanSweep
from wipsie.slices.vault.store.inbox import count_waiting
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics

VISIBILITY_S = 30.0
RECEIVES_MAX = 30
"""Of a job, until it is a dead letter. Handlers count for themselves, and less, how many workers something has ended: they know what to
do about it and whom to tell."""

_log = get_logger(__name__)


def build(
    settings: VaultSettings,
    *,
    engine: QueueEngine,
    database: Database,
    blobs: BlobStore,
    keys: KeyHolder,
    shared: SharedStore,
    sessions: Sessions,
    lists: ListReader,
    clock: Clock,
    metrics: Metrics,
    run_cpu: Callable[..., Awaitable[Any]],
    proposes_incidents: Callable[[], bool],
) -> Slice:
    """Compose the slice. `sessions` keeps conversations at hand; `run_cpu` is `CpuPool.run`; `proposes_incidents`: whether there is a
    handler of operations signals. Opens nothing."""
    parts = build_parts(
        settings,
        database=database,
        blobs=blobs,
        keys=keys,
        shared=shared,
        sessions=sessions,
        clock=clock,
        metrics=metrics,
        run_cpu=run_cpu,
        proposes_incidents=proposes_incidents,
    )

    orphans = OrphanSweep(database, blobs, clock)

    async def upkeep() -> None:
        if not keys.is_standing_by or await _has_keys(keys):
            await parts.eraser.upkeep()
            await parts.delivery_upkeep.run()
            await orphans.upkeep()

    async def refresh_metrics() -> None:
        async with database.read() as connection:
            parts.metrics.waiting.set(await count_waiting(connection))
        await parts.delivery_upkeep.refresh_metrics()

    return Slice(
        name="vault",
        queues=[
            QueueSettings(
                name=engine.names.stored(queue), visibility_timeout_s=VISIBILITY_S, max_receive_count=RECEIVES_MAX
            )
            for queue in (MESSAGES_QUEUE, MEDIA_QUEUE, DELIVERIES_QUEUE)
        ],
        routers=[
            build_webhook_router(settings.app_secrets, settings.verify_tokens, parts.intake, parts.metrics),
            build_links_router(parts.links, clock),
            build_looking_router(parts.looks),
            build_staff_router(parts.staff, database, lists, clock),
        ],
        handlers=[
            *MessageHandlers(parts.processor, parts.cleaner, clock).specs(),
            *MediaHandlers(parts.fetcher, keys).specs(),
            *DeliverHandler(parts.delivering).specs(),
            reading_on_handler(parts.reading_on),
            *ExportHandler(parts.exporter, parts.export_failures).specs(),
            cleaning_handler(parts.cleaner),
        ],
        schedules=[CLEAN_SCHEDULE],
        larger_bodies={PATH: BODY_BYTES_MAX},
        rights=RIGHTS,
        health=[key_check(keys, parts.metrics)],
        refresh_metrics=[refresh_metrics],
        upkeep=[upkeep],
        on_start=[parts.delivering.start],
        on_stop=[parts.graph.stop],
    )


async def _has_keys(keys: KeyHolder) -> bool:
    try:
        await keys.ring()
    except KeyMissing as missing:
        _log.warning("vault_stands_by", reason=missing.message)
        return False
    return True
