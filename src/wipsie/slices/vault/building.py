"""The parts of the vault, put together. Opens nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyHolder, KeyRing, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.conversation import Policy, rendering
from wipsie.slices.vault.domain.files import FileLimits
from wipsie.slices.vault.domain.sending.body import DeliveryBody
from wipsie.slices.vault.gateways.clamav import Scanner
from wipsie.slices.vault.gateways.graph import GraphClient, GraphSettings
from wipsie.slices.vault.metrics import VaultMetrics
from wipsie.slices.vault.service.cleaning import Cleaner
from wipsie.slices.vault.service.conversing.answering import Answering
from wipsie.slices.vault.service.conversing.conversing import Conversing
from wipsie.slices.vault.service.conversing.performing import Performing
from wipsie.slices.vault.service.conversing.sessions import Sessions
from wipsie.slices.vault.service.delivering import (
    Delivering,
    DeliveryMetrics,
    DeliveryUpkeep,
    SendingRates,
    SendingSignals,
)
from wipsie.slices.vault.service.export_failures import ExportFailures
from wipsie.slices.vault.service.fetching.fetching import FileFetcher
from wipsie.slices.vault.service.fetching.plain_files import PlainFiles
from wipsie.slices.vault.service.fetching.reading import FileReader
from wipsie.slices.vault.service.fetching.reading_on import ReadingOn
from wipsie.slices.vault.service.fetching.staging import Staging
from wipsie.slices.vault.service.forgetting import Forgetting
from wipsie.slices.vault.service.keeping.deleting import Eraser
from wipsie.slices.vault.service.keeping.exporting import Exporter, ReadyExport
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.keeping.links.giving import LinkGiver
from wipsie.slices.vault.service.keeping.links.opening import LinkDesk, OpenedLink
from wipsie.slices.vault.service.keeping.looking import LookDesk
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.service.keeping.saving import ReportSaver
from wipsie.slices.vault.service.processing import InboxProcessor
from wipsie.slices.vault.service.receiving import WebhookIntake
from wipsie.slices.vault.service.renumbering import Renumbering
from wipsie.slices.vault.service.sending_files import open_files_of
from wipsie.slices.vault.service.staff import StaffDesk
from wipsie.slices.vault.store.deliveries import NewDelivery, enqueue
from wipsie.slices.vault.store.identities import Identity, identity_of
from wipsie.telemetry.metrics import Metrics

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class VaultSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the slice that an operator may choose."""

    graph: GraphSettings = GraphSettings()
    access_token: str = ""
    app_secrets: tuple[str, ...] = ()
    verify_tokens: tuple[str, ...] = ()
    phone_number_ids: tuple[str, ...] = ()
    public_url: Callable[[], str]
    """Gives what links to reports begin with, without a slash at its end."""
    work_path: Path
    """Folder of files that are being worked on."""
    scanner: str = ""
    """Where clamd is; empty scans nothing."""
    limits: FileLimits = FileLimits()
    owner_bytes_max: int = 1024**3
    policy: Policy = Policy()
    deleted_kept_ms: int = 7 * DAY_MS
    stopped_kept_ms: int = 30 * DAY_MS
    delete_at_meta: bool = True


class VaultParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest, and commands, take from."""

    metrics: VaultMetrics
    graph: GraphClient
    sealed: SealedStore
    intake: WebhookIntake
    processor: InboxProcessor
    fetcher: FileFetcher
    reading_on: ReadingOn
    cleaner: Cleaner
    delivering: Delivering
    delivery_upkeep: DeliveryUpkeep
    eraser: Eraser
    exporter: Exporter
    export_failures: ExportFailures
    links: LinkDesk
    looks: LookDesk
    room: ReadingRoom
    staff: StaffDesk


def build_parts(
    settings: VaultSettings,
    *,
    database: Database,
    blobs: BlobStore,
    keys: KeyHolder,
    shared: SharedStore,
    sessions: Sessions,
    clock: Clock,
    metrics: Metrics,
    run_cpu: Callable[..., Awaitable[Any]],
    proposes_incidents: Callable[[], bool] = lambda: False,
) -> VaultParts:
    """All of them. `proposes_incidents`: whether somebody takes word of trouble. ConfigurationError for settings that cannot work."""
    counted, sending = VaultMetrics(metrics), DeliveryMetrics(metrics)
    sealed = SealedStore(blobs, keys, work_dir=settings.work_path / "sealed")
    graph = GraphClient(settings.graph, lambda: settings.access_token)
    room = ReadingRoom(database, sealed)
    indexer = ReportIndexer()
    saver = ReportSaver(database, sealed, clock, indexer)
    plain = PlainFiles(settings.work_path / "plain")
    eraser = Eraser(database, sealed, keys, clock)
    link_giver = LinkGiver(clock, base_url=settings.public_url)
    links = LinkDesk(database, sealed, keys, clock, on_opened=_owner_is_told(clock))
    exporter = Exporter(database, sealed, keys, clock, link_giver, on_ready=_owner_has_an_archive(clock))
    performing = Performing(
        saver,
        room,
        eraser,
        link_giver,
        Answering(room, link_giver, exporter, settings.policy),
        deleted_kept_ms=settings.deleted_kept_ms,
        stopped_kept_ms=settings.stopped_kept_ms,
    )
    conversing = Conversing(database, keys, clock, sessions, saver, performing, settings.policy)
    forgetting = Forgetting(eraser, sessions)
    delivery_upkeep = DeliveryUpkeep(database, keys, graph, clock, sending)
    export_failures = ExportFailures(database, clock, conversing)
    return VaultParts(
        metrics=counted,
        graph=graph,
        sealed=sealed,
        intake=WebhookIntake(database, keys, clock, counted, phone_number_ids=settings.phone_number_ids),
        processor=InboxProcessor(
            database,
            keys,
            clock,
            conversing,
            Renumbering(forgetting),
            counted,
            owner_bytes_max=settings.owner_bytes_max,
        ),
        fetcher=FileFetcher(
            database,
            keys,
            clock,
            graph,
            sealed,
            plain,
            run_cpu,
            Scanner(settings.scanner) if settings.scanner else None,
            room,
            conversing,
            counted,
            limits=settings.limits,
            delete_at_meta=settings.delete_at_meta,
        ),
        reading_on=ReadingOn(
            database,
            keys,
            clock,
            plain,
            Staging(database, sealed, clock),
            FileReader(database, clock, run_cpu, settings.limits),
            indexer,
        ),
        cleaner=Cleaner(database, keys, clock, conversing, forgetting, delivery_upkeep, export_failures),
        delivering=Delivering(
            database,
            keys,
            graph,
            SendingRates(shared),
            clock,
            sending,
            open_file=open_files_of(room, keys),
            listener=SendingSignals(clock, is_heard=proposes_incidents),
        ),
        delivery_upkeep=delivery_upkeep,
        eraser=eraser,
        exporter=exporter,
        export_failures=export_failures,
        links=links,
        looks=LookDesk(database, sealed, keys, clock, links, indexer),
        room=room,
        staff=StaffDesk(database, keys, clock, room, link_giver, conversing),
    )


def _owner_is_told(clock: Clock) -> Callable[[UnitOfWork, KeyRing, OpenedLink], Awaitable[None]]:
    """Whoever shared a report hears of it whenever somebody opens it."""

    async def tell(unit: UnitOfWork, ring: KeyRing, opened: OpenedLink) -> None:
        if opened.purpose != "share" or opened.number is None:
            return
        identity = await identity_of(unit.connection, ring, opened.owner)
        if identity is not None:
            message = rendering.share_opened(opened.number, identity.language)
            await _say(unit, ring, identity, NewDelivery(body=DeliveryBody(message=message)), clock)

    return tell


def _owner_has_an_archive(clock: Clock) -> Callable[[UnitOfWork, KeyRing, ReadyExport], Awaitable[None]]:
    """Whoever asked for an archive gets its link."""

    async def tell(unit: UnitOfWork, ring: KeyRing, ready: ReadyExport) -> None:
        identity = await identity_of(unit.connection, ring, ready.owner)
        if identity is not None:
            hours = max(1, (ready.link.expires_at_ms - clock.now_ms()) // HOUR_MS)
            message = rendering.export_ready(ready.link.url, identity.language, reports=ready.reports, hours=hours)
            await _say(unit, ring, identity, NewDelivery(body=DeliveryBody(message=message), is_sensitive=True), clock)

    return tell


async def _say(unit: UnitOfWork, ring: KeyRing, identity: Identity, delivery: NewDelivery, clock: Clock) -> None:
    await enqueue(
        unit,
        ring,
        owner=identity.id,
        phone_number_id=identity.phone_number_id,
        deliveries=[delivery],
        now_ms=clock.now_ms(),
    )
