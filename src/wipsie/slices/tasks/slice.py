"""The manifest of the tasks slice: its four queues, its routes, and a handler for each queue that does real work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, InvalidInput
from wipsie.kernel.mail_address import parse_address
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.notification import NOTIFICATIONS_QUEUE
from wipsie.slices.manifest import Slice
from wipsie.slices.tasks.gateways.addresses import AddressPolicy
from wipsie.slices.tasks.gateways.http_client import HttpClient, HttpClientSettings
from wipsie.slices.tasks.gateways.mailbox import MailboxFolder
from wipsie.slices.tasks.gateways.s3_source import S3Source
from wipsie.slices.tasks.gateways.smtp import SmtpMailer, parse_smtp_url
from wipsie.slices.tasks.handlers.data_polling import DataPollingHandler
from wipsie.slices.tasks.handlers.default import DefaultHandlers
from wipsie.slices.tasks.handlers.notification import NotificationHandler
from wipsie.slices.tasks.handlers.processing import ProcessingHandler, ProcessingSettings
from wipsie.slices.tasks.personal_data import TasksData
from wipsie.slices.tasks.rights import RIGHTS
from wipsie.slices.tasks.routes import build_router
from wipsie.slices.tasks.schemas.task_data import (
    DATA_POLLING,
    DEFAULT,
    ECHO,
    NOTIFICATION,
    PROCESSING,
    DataPollingData,
    NotificationData,
    ProcessingData,
)
from wipsie.slices.tasks.service import MessageService
from wipsie.slices.tasks.store import PollSourceStore
from wipsie.slices.tasks.workforce import Workforce
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.handler import HandlerRegistry, HandlerSpec
from wipsie.workers.run_log import RunLog

DEFAULT_QUEUE = "default"
DATA_POLLING_QUEUE = "data_polling"
TASK_PROCESSING_QUEUE = "task_processing"
QUEUES = (DEFAULT_QUEUE, DATA_POLLING_QUEUE, TASK_PROCESSING_QUEUE, NOTIFICATIONS_QUEUE)


class TasksSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the slice that an operator may choose."""

    mailbox_path: Path
    """Where e-mail goes without `smtp_url`: a Maildir folder."""
    region: str = "us-east-1"
    """Told by ``GET /sqs/queues``."""
    smtp_url: str | None = None
    mail_from: str = "wipsie@localhost"
    allow_private_networks: bool = False
    """Let messages make Wipsie fetch from and post to addresses that are not public."""
    allowed_hosts: frozenset[str] = frozenset()
    """Hosts, as they stand in a URL, that may have any address."""
    http: HttpClientSettings = HttpClientSettings()
    s3_buckets: frozenset[str] = frozenset()
    """Buckets whose objects messages may name as sources."""
    s3_config: dict[str, str] = {}
    """How S3 is reached, as `BlobStore` takes it."""
    processing: ProcessingSettings = ProcessingSettings()


def build(
    settings: TasksSettings,
    *,
    engine: QueueEngine,
    registry: HandlerRegistry,
    database: Database,
    blobs: BlobStore,
    run_log: RunLog,
    breakers: BreakerRegistry,
    clock: Clock,
    version: str,
    console_installed: bool = False,
    polling_grants: Callable[[str, int], bool] | None = None,
) -> Slice:
    """Compose the slice. `registry` is the one the handlers of all slices go into: sends are checked against it.
    `polling_grants` is asked about an address and port that is not public; True lets Wipsie fetch from it.
    ConfigurationError for settings that cannot work. Opens nothing: connections are made when they are first needed."""
    policy = AddressPolicy(
        allow_private_networks=settings.allow_private_networks,
        allowed_hosts=frozenset(host.lower() for host in settings.allowed_hosts),
    )
    # A grant is for fetching: what is posted to a webhook never goes where only a grant would let it.
    source_client = HttpClient(msgspec.structs.replace(policy, grants=polling_grants), settings.http)
    webhook_client = HttpClient(policy, settings.http)
    service = MessageService(engine=engine, registry=registry, run_log=run_log, clock=clock, region=settings.region)
    default = DefaultHandlers(blobs)
    polling = DataPollingHandler(
        client=source_client,
        objects=S3Source(
            buckets=settings.s3_buckets,
            config=settings.s3_config,
            total_timeout_s=settings.http.total_timeout_s,
            body_bytes_max=settings.http.body_bytes_max,
        ),
        sources=PollSourceStore(database),
        blobs=blobs,
        breakers=breakers,
        clock=clock,
    )
    processing = ProcessingHandler(blobs=blobs, settings=settings.processing)
    notification = NotificationHandler(
        mailer=_mailer(settings),
        mail_from=_checked_sender(settings.mail_from),
        client=webhook_client,
        breakers=breakers,
        clock=clock,
    )
    return Slice(
        name="tasks",
        # 30 s for all: the lease keeper renews while a handler runs, so a short lease only means a quick comeback
        # after a crash.
        queues=[QueueSettings(name=engine.names.stored(name), visibility_timeout_s=30.0) for name in QUEUES],
        routers=[
            build_router(service, Workforce(database, clock), version=version, console_installed=console_installed)
        ],
        handlers=[
            HandlerSpec(
                task_type=DEFAULT,
                queue=DEFAULT_QUEUE,
                function=default.process_default_message,
                data_type=Any,
                timeout_s=60.0,
                is_fallback=True,
            ),
            HandlerSpec(task_type=ECHO, queue=DEFAULT_QUEUE, function=default.echo, data_type=Any, timeout_s=60.0),
            HandlerSpec(
                task_type=DATA_POLLING,
                queue=DATA_POLLING_QUEUE,
                function=polling.process_data_polling,
                data_type=DataPollingData,
                timeout_s=180.0,
                is_fallback=True,
            ),
            HandlerSpec(
                task_type=PROCESSING,
                queue=TASK_PROCESSING_QUEUE,
                function=processing.process_task,
                data_type=ProcessingData,
                timeout_s=600.0,
                is_fallback=True,
            ),
            HandlerSpec(
                task_type=NOTIFICATION,
                queue=NOTIFICATIONS_QUEUE,
                function=notification.send_notification,
                data_type=NotificationData,
                timeout_s=180.0,
                is_fallback=True,
            ),
        ],
        rights=RIGHTS,
        personal_data=TasksData(),
        on_stop=[source_client.stop, webhook_client.stop],
    )


def _mailer(settings: TasksSettings) -> SmtpMailer | MailboxFolder:
    if settings.smtp_url:
        return SmtpMailer(parse_smtp_url(settings.smtp_url))
    return MailboxFolder(settings.mailbox_path)


def _checked_sender(text: str) -> str:
    try:
        parse_address(text, "mail_from")
    except InvalidInput as error:
        raise ConfigurationError(f"MAIL_FROM: {error.message}") from None
    return text
