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
from wipsie.app.mail_token import local_tokens
from wipsie.app.objects import build_blobs, build_bucket, build_mail_blobs
from wipsie.app.polling_grants import PollingGrants
from wipsie.app.public_address import PublicAddress
from wipsie.app.queues import build_backend, build_engine
from wipsie.app.settings import Settings
from wipsie.app.shared import build_shared_store
from wipsie.app.vault_keys import build_vault_keys
from wipsie.audit import Anchors, AuditLog
from wipsie.auth.account_rights import ACCOUNT_RIGHTS
from wipsie.auth.keyring import Keyring
from wipsie.auth.password_hasher import COST
from wipsie.auth.privacy_rights import PRIVACY_RIGHTS
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.registration import RegistrationMode
from wipsie.auth.service.services import AccountServices, build_services
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyHolder
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
from wipsie.slices.mail.archiving import ArchiveSettings
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.slices.mail.routes.email import LetterRules
from wipsie.slices.mail.service.erasing import Retention
from wipsie.slices.mail.slice import MailSettings
from wipsie.slices.mail.slice import build as build_mail
from wipsie.slices.manifest import Slice
from wipsie.slices.tasks.gateways.http_client import HttpClientSettings
from wipsie.slices.tasks.slice import TasksSettings
from wipsie.slices.tasks.slice import build as build_tasks
from wipsie.slices.vault.building import VaultSettings
from wipsie.slices.vault.domain.conversation import CardDetail, Policy
from wipsie.slices.vault.domain.files import FileLimits
from wipsie.slices.vault.gateways.graph import GraphSettings
from wipsie.slices.vault.service.conversing.sessions import LocalSessions, SharedSessions
from wipsie.slices.vault.slice import build as build_vault
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry
from wipsie.workers.run_log import RunLog
from wipsie.workers.schedules import ScheduleStore

_DAY_S = 86_400


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
        vault_keys=build_vault_keys(settings, database, clock),
    )
    parts.all_slices.extend((_tasks(parts), _asyncops(parts), _mail(parts), _vault(parts)))
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


def _mail(parts: Parts) -> Slice:
    settings = parts.settings
    chosen = settings.mail
    return build_mail(
        MailSettings(
            token_parameter=chosen.token_parameter,
            region=settings.queue.region,
            ssm_endpoint_url=chosen.ssm_endpoint_url or None,
            work_path=settings.data_dir / "work" / "mail",
            archive=mail_archive_settings(settings),
            door=mail_door_settings(settings),
            webhooks=WebhookSettings(
                sendgrid_public_key=chosen.sendgrid_public_key,
                sendgrid_password=chosen.sendgrid_password,
                mailgun_signing_keys=chosen.mailgun_signing_keys,
                postmark_user_password=chosen.postmark_user_password,
                ses_topic_arns=chosen.ses_topic_arns,
            ),
            retention=Retention(age_s=chosen.retention_s or None, count=chosen.retention_count or None),
            letters=LetterRules(oldest_s=chosen.oldest_s, ahead_s=chosen.ahead_s, keep_unknown=chosen.keep_unknown),
        ),
        engine=parts.engine,
        registry=parts.registry,
        database=parts.database,
        blobs=build_mail_blobs(settings, parts.blobs),
        open_bucket=lambda name: build_bucket(settings, name),
        clock=parts.clock,
        metrics=parts.metrics,
        local_tokens=lambda: local_tokens(settings),
        lists=parts.lists,
        shared=parts.shared,
        authenticate=parts.accounts.authenticator.authenticate,
    )


def mail_archive_settings(settings: Settings) -> ArchiveSettings:
    """The settings of archiving, for the slice and for commands that archive."""
    chosen = settings.mail
    return ArchiveSettings(
        trusted_servers=frozenset(chosen.trusted_servers),
        check_signatures=chosen.check_signatures,
        ses_buckets=frozenset(chosen.ses_buckets),
    )


def mail_door_settings(settings: Settings) -> MailDoorSettings | None:
    """The settings of SMTP and LMTP; None where neither has a port. ConfigurationError for a door that nobody could use, or that
    anybody could."""
    chosen = settings.mail
    if chosen.smtp_port is None and chosen.lmtp_port is None:
        return None
    return MailDoorSettings(
        host=chosen.door_host,
        smtp_port=chosen.smtp_port,
        lmtp_port=chosen.lmtp_port,
        hostname=chosen.hostname,
        domains=frozenset(chosen.domains),
        size_bytes_max=chosen.size_bytes_max,
        tls_certificate=chosen.tls_certificate,
        tls_key=chosen.tls_key,
        require_tls=chosen.require_tls,
        require_sign_in=chosen.require_sign_in,
        spool=settings.data_dir / "work" / "smtp",
    )


def _vault(parts: Parts) -> Slice:
    settings = parts.settings
    return build_vault(
        vault_settings(settings, public_url=parts.public_url),
        engine=parts.engine,
        database=parts.database,
        blobs=parts.blobs,
        keys=parts.vault_keys,
        shared=parts.shared,
        sessions=SharedSessions(parts.shared) if settings.shared.redis_url else LocalSessions(parts.clock),
        lists=parts.lists,
        clock=parts.clock,
        metrics=parts.metrics,
        run_cpu=parts.cpu_pool.run,
    )


def vault_settings(settings: Settings, *, public_url: Callable[[], str]) -> VaultSettings:
    """The settings of the vault, for the slice and for commands."""
    chosen = settings.vault
    return VaultSettings(
        graph=GraphSettings(url=chosen.graph_url, version=chosen.graph_version),
        access_token=chosen.access_token,
        app_secrets=chosen.app_secrets,
        verify_tokens=chosen.verify_tokens,
        phone_number_ids=chosen.phone_number_ids,
        public_url=public_url,
        work_path=settings.data_dir / "work" / "vault",
        scanner=chosen.scanner,
        limits=FileLimits(
            bytes_max=chosen.file_bytes_max,
            takes_webp="webp" in chosen.more_kinds,
            takes_heic="heic" in chosen.more_kinds,
        ),
        owner_bytes_max=chosen.owner_bytes_max,
        policy=Policy(
            card_detail=cast(CardDetail, chosen.card_detail),
            get_as_file=chosen.send_files,
            file_bytes_max=chosen.file_bytes_max,
            erase_after_days=round(chosen.stopped_kept_s / _DAY_S),
            deleted_days=round(chosen.deleted_kept_s / _DAY_S),
        ),
        deleted_kept_ms=round(chosen.deleted_kept_s * 1000),
        stopped_kept_ms=round(chosen.stopped_kept_s * 1000),
        delete_at_meta=chosen.delete_at_meta,
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
