"""The manifest of mail: its doors, its queue and the worker that archives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from fastapi import APIRouter

from wipsie.api.fast_route import FastRoute
from wipsie.api.lists import ListReader
from wipsie.auth.principal import Principal
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import Unauthorized
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.slices.mail.archiving import ArchiveSettings, build_archiving
from wipsie.slices.mail.doors.smtp.door import MailDoor
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.slices.mail.doors.webhooks.router import PATH as WEBHOOK_PATH
from wipsie.slices.mail.doors.webhooks.router import build_webhook_router
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.slices.mail.handlers.archive import TIMEOUT_S, ArchiveHandler
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.personal_data import MailData
from wipsie.slices.mail.rights import RIGHTS, SEND
from wipsie.slices.mail.routes.archive import add_archive
from wipsie.slices.mail.routes.downloads import add_downloads
from wipsie.slices.mail.routes.email import EmailRoute, LetterRules, build_email_router
from wipsie.slices.mail.routes.exports import add_exports
from wipsie.slices.mail.routes.rules import build_rules_router
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake
from wipsie.slices.mail.service.mail_views import MailViews
from wipsie.slices.mail.service.steering import MailSteering
from wipsie.slices.mail.service.token_keeper import LocalTokens, TokenKeeper, Tokens, TokenSource
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.manifest import Slice
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.handler import HandlerRegistry, HandlerSpec


class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the slice that an operator may choose."""

    token_parameter: str = ""
    """Where Systems Manager has the tokens of POST /api/email; empty when it has none."""
    region: str | None = None
    ssm_endpoint_url: str | None = None
    letters: LetterRules = LetterRules()
    work_path: Path
    """Folder of mails that are being worked on."""
    archive: ArchiveSettings = ArchiveSettings()
    retention: Retention = Retention()
    webhooks: WebhookSettings = WebhookSettings()
    door: MailDoorSettings | None = None
    """SMTP and LMTP; None takes no mail that way."""


def build(
    settings: MailSettings,
    *,
    engine: QueueEngine,
    registry: HandlerRegistry,
    database: Database,
    blobs: BlobStore,
    open_bucket: Callable[[str], BlobStore],
    clock: Clock,
    metrics: Metrics,
    local_tokens: Callable[[], Tokens],
    lists: ListReader,
    shared: SharedStore,
    authenticate: Callable[[str], Awaitable[Principal]],
) -> Slice:
    """Compose the slice. `registry` is the one the handlers of all slices go into: what rules forward is checked against it.
    `blobs` is the store of the archive; `open_bucket` opens one of somebody else; `local_tokens` gives the tokens when Systems
    Manager has none; `authenticate` says whose key somebody signs in with. Opens nothing: connections are made when they are
    first needed."""
    counted = MailMetrics(metrics)
    tokens = _token_source(settings, local_tokens)
    keeper = TokenKeeper(tokens, clock=clock, metrics=counted)
    intake = MailIntake(engine, blobs)
    email = EmailRoute(intake, keeper, rules=settings.letters, clock=clock, metrics=counted)

    work = WorkFolder(settings.work_path)
    archiving = build_archiving(
        settings.archive,
        database=database,
        blobs=blobs,
        work=work,
        open_bucket=open_bucket,
        clock=clock,
        metrics=counted,
    )
    handler = ArchiveHandler(archiving.archive, engine=engine, blobs=blobs, clock=clock, metrics=counted)

    eraser = MailEraser(database, blobs, clock, settings.retention)
    archive_router = APIRouter(route_class=FastRoute)
    add_exports(archive_router, database, blobs, work, clock)
    add_archive(archive_router, database, lists, MailViews(blobs), MailSteering(database, blobs, intake, eraser, clock))
    add_downloads(archive_router, database, blobs, work)

    webhooks = build_webhook_router(
        settings.webhooks, intake.accept_raw, intake.accept_stored, shared, clock, spool_folder=settings.work_path
    )

    doors = [] if settings.door is None else [MailDoor(settings.door, intake.accept_raw, _sign_in(authenticate), clock)]

    async def open_work() -> None:
        # By the clock that dates the files, whatever time others are told.
        await asyncio.to_thread(work.open, older_than_s=TIMEOUT_S, now_s=SystemClock().now())

    async def refresh_metrics() -> None:
        counted.visible.set((await engine.counts(engine.resolve(MAIL_QUEUE))).ready)

    return Slice(
        name="mail",
        queues=[]
        if MAIL_QUEUE in engine.names.adopted
        else [QueueSettings(name=engine.names.stored(MAIL_QUEUE), visibility_timeout_s=30.0)],
        routers=[
            build_email_router(email),
            # Before the archive, whose mails may have any id.
            build_rules_router(
                archiving.rules, engine=engine, registry=registry, database=database, lists=lists, clock=clock
            ),
            archive_router,
            webhooks,
        ],
        listeners=doors,
        larger_bodies={WEBHOOK_PATH: settings.webhooks.size_bytes_max},
        rights=RIGHTS,
        personal_data=MailData(eraser),
        upkeep=[eraser.upkeep],
        handlers=[
            HandlerSpec(
                task_type="mail",
                queue=MAIL_QUEUE,
                function=handler.archive_mail,
                timeout_s=TIMEOUT_S,
                reads_body=True,
            )
        ],
        refresh_metrics=[refresh_metrics],
        on_start=[open_work],
        on_stop=[archiving.writer.stop, keeper.stop, tokens.stop],
    )


def _token_source(settings: MailSettings, local_tokens: Callable[[], Tokens]) -> TokenSource:
    if not settings.token_parameter:
        return LocalTokens(local_tokens)
    # Brings the libraries of AWS, a fifth of the time of a start.
    from wipsie.slices.mail.gateways.parameter_store import ParameterStoreTokens

    return ParameterStoreTokens(
        settings.token_parameter, region=settings.region, endpoint_url=settings.ssm_endpoint_url
    )


def _sign_in(authenticate: Callable[[str], Awaitable[Principal]]) -> Callable[[str, str], Awaitable[str | None]]:
    async def sign_in(username: str, password: str) -> str | None:
        # A key says by itself whose it is.
        del username
        try:
            principal = await authenticate(password)
        except Unauthorized:
            return None
        return principal.actor if principal.may(SEND) else None

    return sign_in
