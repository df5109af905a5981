"""Puts the Celery bridge together: which queues, over which broker, and what each process of the pool is made of.

The broker speaks Amazon SQS, in front of the very queues of QUEUE_URL: Amazon itself for ``sqs://``, else the endpoint that
Wipsie's API serves.
"""

from __future__ import annotations

import asyncio
import dataclasses
import multiprocessing
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from wipsie.app.queues import build_engine, queue_names, queue_scheme, sqs_address
from wipsie.app.settings import Settings, load_settings
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import Delivery, QueueBackend
from wipsie.telemetry.logging import log_fields
from wipsie.workers.celery_bridge.names import TASKS

if TYPE_CHECKING:
    from celery import Celery

    from wipsie.app.application import Application
    from wipsie.workers.celery_bridge.fed_queues import FedQueues
    from wipsie.workers.celery_bridge.pool_process import PoolProcess
    from wipsie.workers.celery_bridge.received import Received

__all__ = ["TASKS", "CeleryBridge", "broker_of", "build_celery_app"]

_TRANSPORT = "wipsie.workers.celery_bridge.transport:PlainTransport"
_TRANSPORT_NAME = "wipsie-sqs"
_LONG_POLL_S = 10
_CLIENT = {"connect_timeout": 3, "read_timeout": 10, "retries": {"mode": "standard", "total_max_attempts": 3}}
"""Of the calls beside the long polls: they hold up Celery's event loop."""


def build_celery_app() -> Celery:
    """The application that `celery -A` takes. Reads and opens nothing yet. ImportError without the extra."""
    try:
        from celery import Celery, signals
        from kombu.transport import TRANSPORT_ALIASES

        from wipsie.workers.celery_bridge.tasks import add_tasks
    except ImportError as error:
        raise ImportError(
            f"The Celery bridge needs Celery ({error}); install it with: pip install 'wipsie[celery]'"
        ) from None
    TRANSPORT_ALIASES[_TRANSPORT_NAME] = _TRANSPORT
    bridge = CeleryBridge()
    app = cast(Any, Celery)("wipsie", set_as_current=False, backend="disabled")
    app.add_defaults(bridge.defaults)

    # Tasks ask for the configuration when they are registered.
    def on_finalized(**_: Any) -> None:
        add_tasks(app, pool_process=bridge.pool_process, sending=bridge.sending)

    app.on_after_finalize.connect(on_finalized, weak=False)

    # Signals are of the process: only what concerns this application is answered.
    def on_init(instance: Any = None, conf: Any = None, **_: Any) -> None:
        if instance is None or instance.app is not app:
            return
        try:
            bridge.prepare_worker(app)
        except WipsieError as error:
            sys.stderr.write(f"The Celery bridge cannot start: {error.message}\n")
            raise SystemExit(1) from None

    def on_logging(loglevel: Any = None, logfile: Any = None, **_: Any) -> None:
        if bridge.is_worker:
            bridge.configure_logging(loglevel, logfile)

    def on_process(**_: Any) -> None:
        if bridge.is_worker:
            bridge.pool_process()

    def on_end(**_: Any) -> None:
        bridge.stop()

    connect: dict[Any, Callable[..., None]] = {
        signals.celeryd_init: on_init,
        signals.setup_logging: on_logging,
        signals.worker_process_init: on_process,
        signals.worker_process_shutdown: on_end,
        signals.worker_shutdown: on_end,
    }
    for signal, answer in connect.items():
        signal.connect(answer, weak=False)
    return app


class CeleryBridge:
    """The bridge of one process, and of those forked from it."""

    def __init__(self) -> None:
        self.is_worker = False
        """This process runs Celery's worker, or was forked by one."""
        self._clock = SystemClock()
        self._settings: Settings | None = None
        self._places = 1
        self._process: PoolProcess | None = None
        self._pid = 0
        self._lock = threading.Lock()

    @property
    def settings(self) -> Settings:
        """Read when they are first needed. ConfigurationError."""
        if self._settings is None:
            self._settings = load_settings()
        return self._settings

    def defaults(self) -> dict[str, Any]:
        """Celery's configuration."""
        settings = self.settings
        endpoint_url, region = broker_of(settings)
        mail = settings.mail
        return {
            "broker_url": settings.worker.celery_broker_url or _shown(endpoint_url),
            "broker_transport": _TRANSPORT_NAME,
            "broker_transport_options": {
                "region": region,
                "wait_time_seconds": _LONG_POLL_S,
                "client-config": _CLIENT,
                "wipsie_endpoint_url": endpoint_url,
                "wipsie_queue_urls": {mail.queue_name: mail.queue_url} if mail.queue_url else {},
                # Where no signature is checked, clients still want something to sign with.
                "wipsie_any_credentials": endpoint_url is not None and not _has_credentials(),
            },
            "broker_connection_retry_on_startup": True,
            # What more than one place fetches ahead, other workers cannot have.
            "worker_prefetch_multiplier": 1,
            # Amazon SQS has nothing to broadcast with.
            "worker_enable_remote_control": False,
            "worker_redirect_stdouts": False,
            "task_create_missing_queues": False,
            "task_serializer": "json",
            "accept_content": ["json"],
        }

    def sending(self) -> Any:
        """What tasks need to send."""
        from wipsie.workers.celery_bridge.tasks import Sending

        return Sending(names=queue_names(self.settings), clock=self._clock)

    def prepare_worker(self, app: Any) -> None:
        """Make this process a worker's: see that it can work, before any is forked. ConfigurationError, StorageUnavailable."""
        from kombu.entity import Queue

        from wipsie.app.application import worker_queues
        from wipsie.app.parts import build_parts
        from wipsie.app.process import prepare_process
        from wipsie.workers.celery_bridge.consumer_step import PlainMessages

        settings = self.settings
        prepare_process(settings)
        parts = build_parts(settings, self._clock)
        asyncio.run(self._prepare_stores([queue for one in parts.slices for queue in one.queues]))
        queues = {queue: parts.engine.names.stored(queue) for queue in worker_queues(parts)}
        app.conf.task_queues = [Queue(queue, no_declare=True) for queue in queues]
        bridge = self

        class Step(PlainMessages):
            """The step of this worker."""

            clock = self._clock

            def at_a_time(self, places: int, *, in_this_process: bool) -> None:
                bridge.set_places(places if in_this_process else 1)

        Step.queues = queues
        app.steps["consumer"].add(Step)
        self.is_worker = True

    async def _prepare_stores(self, queues: list[Any]) -> None:
        from wipsie.app.serve import prepare_database

        await prepare_database(self.settings, migrate=False)
        engine = build_engine(self.settings, self._clock)
        await engine.start(queues)
        await engine.stop()

    def configure_logging(self, level: int | str | None, file: str | None) -> None:
        """Celery's lines and Wipsie's in one log. `level`, `file`: as Celery was told."""
        import logging
        from pathlib import Path

        from wipsie.app.process import log_format
        from wipsie.telemetry.logging import configure_logging

        settings = self.settings.logging
        name = logging.getLevelName(level) if isinstance(level, int) else level
        configure_logging(name or settings.level, log_format(self.settings), Path(file) if file else settings.file)

    def set_places(self, places: int) -> None:
        """How many messages a process runs at a time; before its first."""
        self._places = places

    def pool_process(self) -> PoolProcess:
        """What runs messages in this process; started when it is first asked for."""
        from wipsie.workers.celery_bridge.pool_process import PoolProcess

        with self._lock:
            if self._process is None or self._pid != os.getpid():
                self._process = PoolProcess(self._opened, self._places)
                self._pid = os.getpid()
                self._process.start()
            return self._process

    def stop(self) -> None:
        """End what runs in this process."""
        if self._process is not None and self._pid == os.getpid():
            self._process.stop()

    @asynccontextmanager
    async def _opened(self, concurrency: int) -> AsyncGenerator[FedQueues]:
        from wipsie.app.application import Application
        from wipsie.app.parts import build_parts
        from wipsie.app.serve import prepare_database

        worker = dataclasses.replace(self.settings.worker, concurrency=concurrency)
        settings = dataclasses.replace(self.settings, worker=worker)
        fed: list[FedQueues] = []

        def feed(backend: QueueBackend) -> QueueBackend:
            fed.append(_fed(backend, self._clock))
            return fed[0]

        parts = build_parts(settings, self._clock, around_backend=feed)
        application = Application(parts, ("worker",))
        if application.worker is not None:
            # On every line of this process from here on.
            log_fields(worker=application.worker.worker_id)
        await application.start(prepare=lambda: prepare_database(settings, migrate=False), patient=True)
        try:
            async with _metrics(application):
                yield fed[0]
        finally:
            await application.stop()


@asynccontextmanager
async def _metrics(application: Application) -> AsyncGenerator[None]:
    """Health and metrics of this process, where METRICS_PORT is set; each further process of a pool one port up."""
    from wipsie.app.serve import http_site, listen_for_metrics

    settings = application.parts.settings
    number = 1 + getattr(multiprocessing.current_process(), "index", 0)
    listener = None if settings.worker.metrics_port is None else listen_for_metrics(settings, ("worker",), number)
    if listener is None:
        yield
        return
    server = http_site(application.build_metrics_api, listener, settings).server
    serving = asyncio.create_task(server.serve(sockets=[listener.socket]), name="metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        listener.close()


def broker_of(settings: Settings) -> tuple[str | None, str]:
    """(where SQS is spoken, None for Amazon; region). ConfigurationError."""
    named = settings.worker.celery_broker_url.partition("://")[2].rpartition("@")[2].rstrip("/")
    if queue_scheme(settings) == "sqs":
        address = sqs_address(settings)
        endpoint_url = address.endpoint_url or (f"http://{named}" if named else None)
        return endpoint_url, address.region or settings.queue.region
    if named:
        return f"http://{named}", settings.queue.region
    return settings.queue.endpoint_url or _own_address(settings), settings.queue.region


def _shown(endpoint_url: str | None) -> str:
    """A broker URL for Celery to show; the transport is told the endpoint apart."""
    return f"sqs://{urlsplit(endpoint_url).netloc if endpoint_url else ''}"


def _own_address(settings: Settings) -> str:
    from wipsie.app.instances import running_instances

    for one in running_instances(settings.data_dir):
        if one.address is not None:
            return one.address
    host, port = settings.api.host, settings.api.port
    if not port:
        raise ConfigurationError(
            "API_PORT is 0 and no API of this Wipsie runs here: start `wipsie up` first, or say where it is with "
            "CELERY_BROKER_URL=sqs://host:port."
        )
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


def _has_credentials() -> bool:
    return any(os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN"))


def _fed(backend: QueueBackend, clock: SystemClock) -> FedQueues:
    from wipsie.queue.pushed import PushedDeliveries
    from wipsie.workers.celery_bridge.fed_queues import FedQueues
    from wipsie.workers.celery_bridge.opening import open_of_endpoint, pushed_message

    if not isinstance(backend, PushedDeliveries):
        return FedQueues(backend, open_of_endpoint, clock)

    async def open_of_amazon(received: Received) -> Delivery | None:
        return await backend.take_pushed(QueueName(received.queue), pushed_message(received))

    return FedQueues(backend, open_of_amazon, clock)
