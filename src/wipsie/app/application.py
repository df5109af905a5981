"""One running Wipsie: its parts started in order, and stopped in the order that loses nothing.

start   database, queues ► slices ► outbox relay ► scheduler ► worker ► pipeline watch ► housekeeping
stop    the other way round; the HTTP server ends first, while the worker drains

A store on another machine may be away at the start: with `patient=True` the start waits for it, and `waits_for` says what
it waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import wipsie
from wipsie.app.housekeeping import Housekeeping
from wipsie.app.last_seen import LastSeen
from wipsie.app.opening import Opening
from wipsie.app.parts import Parts
from wipsie.app.settings.sections import ROLES
from wipsie.kernel.errors import ConfigurationError
from wipsie.queue.operations_signal import SIGNAL_TASK_TYPE
from wipsie.slices.mail.service.intake import MAIL_QUEUE
from wipsie.slices.vault.jobs import MESSAGES_QUEUE
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outbox_relay import OutboxRelay
from wipsie.workers.pipeline_watcher import PipelineWatcher
from wipsie.workers.scheduler import Scheduler
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

    from wipsie.api.accounts.kit import AccountKit
    from wipsie.api.application import ApiSettings
    from wipsie.api.middleware.protocol_switch import OtherProtocol
    from wipsie.sqs_endpoint import SqsEndpoint
    from wipsie.sqs_endpoint.moves.runner import MoveTasks

MAIL_SHARE = 4
"""Handlers of mail for each of another queue."""
CONVERSATIONS_MAX = 4
"""Conversations that go on at the same time over one file, where more would only wait for each other, or beside the API, which would
wait for them."""
STOP_S_MAX = 15.0
"""Each part's time to stop, the worker's drain deadline aside; what takes longer is left to the end of the process."""

_log = get_logger(__name__)


def worker_queues(parts: Parts) -> tuple[str, ...]:
    """Short names of the queues that workers serve. ConfigurationError for one that has no handler."""
    queues, known = parts.settings.worker.queues, parts.registry.queues
    if unknown := sorted(set(queues) - set(known)):
        raise ConfigurationError(
            f"WORKER_QUEUES names '{unknown[0]}', which no handler serves; use some of {', '.join(known)}.",
            details={"setting": "WORKER_QUEUES", "accepted": list(known)},
        )
    return queues or known


class Application:
    """The parts of one process in the roles asked for."""

    def __init__(self, parts: Parts, roles: tuple[str, ...] = ROLES) -> None:
        """Starts nothing. `roles`: any of api, worker, scheduler."""
        self.parts = parts
        self.roles = roles
        self._stack = AsyncExitStack()
        self._move_tasks: MoveTasks | None = None
        self.held_up = asyncio.Event()
        """Set when a patient start has to wait for a store."""
        stores = {"queue": parts.settings.queue.url, "database": parts.settings.database.url}
        if parts.settings.shared.redis_url:
            stores["shared"] = parts.settings.shared.redis_url
        self._openings = {
            store: Opening(store, url, clock=parts.clock, held_up=self.held_up) for store, url in stores.items()
        }
        self.worker = self._build_worker() if "worker" in roles else None
        self.scheduler = (
            Scheduler(parts.schedules, clock=parts.clock, metrics=parts.metrics) if "scheduler" in roles else None
        )

    def _build_worker(self) -> Worker:
        parts, settings = self.parts, self.parts.settings.worker
        return Worker(
            parts.engine,
            parts.registry,
            run_log=parts.run_log,
            database=parts.database,
            metrics=parts.metrics,
            clock=parts.clock,
            settings=WorkerSettings(
                queues=worker_queues(parts),
                concurrency=settings.concurrency,
                concurrency_by_queue=self._concurrency_by_queue(),
                drain_deadline_s=settings.drain_deadline_s,
                idle_pause_s_by_queue=dict.fromkeys(parts.engine.names.adopted, parts.settings.mail.poll_interval_s),
            ),
            cpu_pool=parts.cpu_pool,
            shared=parts.shared,
        )

    def _concurrency_by_queue(self) -> dict[str, int]:
        concurrency = self.parts.settings.worker.concurrency
        # Its handlers do little but wait for the disk, which takes many at a time.
        by_queue = {MAIL_QUEUE: MAIL_SHARE * concurrency}
        if self.parts.database.dialect == "sqlite" or "api" in self.roles:
            by_queue[MESSAGES_QUEUE] = min(CONVERSATIONS_MAX, concurrency)
        return by_queue

    def build_api(self, *, loopback_only: bool = True) -> FastAPI:
        """The HTTP application of these parts. `loopback_only`: it listens where only this machine reaches it. ConfigurationError
        when a route asks for a permission nobody declares."""
        from wipsie.api.accounts.router import build_accounts_router
        from wipsie.api.privacy import privacy_router
        from wipsie.app.privacy import privacy_of

        parts = self.parts
        return self._build_api(
            [
                *(router for one in parts.slices for router in one.routers),
                build_accounts_router(self._account_kit()),
                privacy_router(privacy_of(parts)),
            ],
            loopback_only=loopback_only,
            other_protocol=self._build_sqs_endpoint(loopback_only=loopback_only),
        )

    def build_sqs_port(self, *, loopback_only: bool = True) -> FastAPI:
        """Amazon SQS alone, and the health of this process: for a port of its own. Shares everything with the API, which is built
        first."""
        from wipsie.sqs_endpoint import SqsOnItsOwnPort

        endpoint = self._sqs_endpoint or self._build_sqs_endpoint(loopback_only=loopback_only)
        return self._build_api([], loopback_only=loopback_only, other_protocol=SqsOnItsOwnPort(endpoint))

    def _build_sqs_endpoint(self, *, loopback_only: bool) -> SqsEndpoint:
        from wipsie.sqs_endpoint import SqsEndpoint
        from wipsie.sqs_endpoint.strictness import Strictness

        parts = self.parts
        is_signed = parts.settings.sqs_endpoint.signatures == "required"
        self._sqs_endpoint = SqsEndpoint(
            parts.engine,
            moves=self._moves(),
            shared=parts.shared,
            is_open=self._api_settings(loopback_only=loopback_only).loopback_only and not is_signed,
            signing_keys=parts.accounts.authenticator.signing_keys,
            strictness=Strictness() if parts.settings.sqs_endpoint.strict else None,
        )
        return self._sqs_endpoint

    def build_metrics_api(self, *, loopback_only: bool = True) -> FastAPI:
        """The same without any route but those of health and metrics: for a process that has no API."""
        return self._build_api([], loopback_only=loopback_only)

    def _build_api(
        self, routers: Sequence[APIRouter], *, loopback_only: bool, other_protocol: OtherProtocol | None = None
    ) -> FastAPI:
        from wipsie.api.application import build_api
        from wipsie.app.readiness import readiness_checks

        parts = self.parts
        settings = self._api_settings(loopback_only=loopback_only)

        async def refresh_metrics() -> None:
            refreshes = [parts.engine.all_counts, *(one for each in parts.slices for one in each.refresh_metrics)]
            # Each for itself: a queue that may not be counted must not keep the others' gauges old.
            for outcome in await asyncio.gather(*(refresh() for refresh in refreshes), return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

        return build_api(
            title="Wipsie",
            version=wipsie.__version__,
            description="Durable queues, workers, intake and operations for a small team.",
            routers=routers,
            clock=parts.clock,
            metrics=parts.metrics,
            settings=settings,
            authenticator=parts.accounts.authenticator,
            rights=parts.rights,
            health_checks=[
                *readiness_checks(
                    engine=parts.engine,
                    database=parts.database,
                    # In the database it needs no check of its own.
                    shared=parts.shared if "shared" in self._openings else None,
                    worker=self.worker,
                    data_dir=parts.settings.data_dir,
                    clock=parts.clock,
                    # With a queue that others read and a database of its own, nobody can tell it of workers.
                    sees_workers=not (parts.engine.names.adopted and parts.database.dialect == "sqlite"),
                    waits_for=self.waits_for,
                ),
                *(check for one in parts.slices for check in one.health),
            ],
            refresh_metrics=refresh_metrics,
            other_protocol=other_protocol,
        )

    def _moves(self) -> MoveTasks:
        """The message move tasks of Amazon SQS, as this process sees them."""
        from wipsie.sqs_endpoint.moves.runner import MoveTasks

        if self._move_tasks is None:
            self._move_tasks = MoveTasks(self.parts.engine, self.parts.database)
        return self._move_tasks

    def _api_settings(self, *, loopback_only: bool) -> ApiSettings:
        from wipsie.api.application import ApiSettings

        parts, api = self.parts, self.parts.settings.api
        other_host = parts.public_url.other_host
        names = [*api.allowed_hosts, *([] if other_host is None else [other_host])]
        return ApiSettings(
            cors_origins=api.cors_origins,
            # With a name others use, a proxy stands in front: what comes from loopback need not come from this machine.
            loopback_only=loopback_only and not names,
            allowed_hosts=names if loopback_only or api.allowed_hosts else (),
            public_url=parts.public_url(),
            log_requests=parts.settings.logging.requests,
            larger_bodies={path: size for one in parts.slices for path, size in one.larger_bodies.items()},
        )

    def _account_kit(self) -> AccountKit:
        from wipsie.api.accounts.audit_desk import AuditDesk
        from wipsie.api.accounts.kit import AccountKit

        parts = self.parts
        return AccountKit(
            services=parts.accounts,
            database=parts.database,
            lists=parts.lists,
            rights=parts.rights,
            audit=AuditDesk(parts.database, parts.audit, parts.anchors),
            secure=parts.public_url.is_https,
        )

    def waits_for(self, store: str) -> str | None:
        """Why `store` ("queue", "database" or "shared") is not open: what the last try ran into. None when it is open."""
        return self._openings[store].reason

    async def start(self, *, prepare: Callable[[], Awaitable[None]] | None = None, patient: bool = False) -> None:
        """Start every part; when one fails, those before it are stopped again and its error is raised.

        `prepare` makes the database ready before it is opened. `patient`: wait for a store on another machine that cannot
        be reached (a file that cannot be opened is an error all the same: it does not come back by itself)."""
        try:
            await self._start(prepare, patient=patient)
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self, prepare: Callable[[], Awaitable[None]] | None, *, patient: bool) -> None:
        parts = self.parts

        async def open_database() -> None:
            if prepare is not None:
                await prepare()
            await parts.database.start()
            try:
                await parts.audit.check_key(parts.database)
            except ConfigurationError as error:
                # Most of the work needs no audit log, and what does is refused in the same words.
                _log.warning("audit_log_cannot_be_written", error=error.message)

        async def open_queues() -> None:
            await parts.engine.start([queue for one in parts.slices for queue in one.queues])

        # At the same time: messages can be accepted as soon as the queues are there, with or without the database.
        database, queue = self._openings["database"], self._openings["queue"]
        # Whatever came of opening it: a try that failed may have left a connection in its pool.
        self._then_stop("database", parts.database.stop)
        self._then_stop("accounts", parts.accounts.stop)
        self._then_stop("queues", lambda: queue.undo(parts.engine.stop))
        opening = [database.run(open_database, patient=patient), queue.run(open_queues, patient=patient)]
        if (shared := self._openings.get("shared")) is not None:
            self._then_stop("shared", parts.shared.stop)
            opening.append(shared.run(parts.shared.start, patient=patient))
        await _all(opening)
        self._then_stop("cpu_pool", parts.cpu_pool.stop)
        for one in parts.slices:
            for stop in one.on_stop:
                self._then_stop(f"slice {one.name}", stop)
            for start in one.on_start:
                await start()
        relay = OutboxRelay(parts.database, parts.engine, clock=parts.clock, metrics=parts.metrics)
        await relay.start()
        self._then_stop("outbox_relay", relay.stop)
        if self.scheduler is not None:
            schedules = [schedule for one in parts.slices for schedule in one.schedules]
            await database.run(lambda: parts.schedules.declare(schedules), patient=patient)
            await self.scheduler.start()
            self._then_stop("scheduler", self.scheduler.stop)
        if self.worker is not None:
            await self.worker.start()
            self._stack.push_async_callback(self.worker.drain)
        if self.worker is not None and parts.registry.find_by_type(SIGNAL_TASK_TYPE) is not None:
            watcher = PipelineWatcher(parts.engine, parts.breakers, parts.shared, parts.clock)
            await watcher.start()
            self._then_stop("pipeline_watch", watcher.stop)
        if "api" in self.roles:
            for one in parts.slices:
                for listener in one.listeners:
                    self._then_stop(f"listener of {one.name}", listener.stop)
                    await listener.start()
            moves = self._moves()
            self._then_stop("sqs_move_tasks", moves.stop)
            await moves.start()
            last_seen = LastSeen(parts.accounts.authenticator, parts.clock)
            await last_seen.start()
            self._then_stop("last_seen", last_seen.stop)
        housekeeping = Housekeeping(parts)
        await housekeeping.start()
        self._then_stop("housekeeping", housekeeping.stop)

    async def stop(self) -> None:
        """Stop every part, bounded. The worker drains to its deadline; `hasten` shortens that."""
        await self._stack.aclose()

    async def hasten(self) -> None:
        """Let running handlers no longer finish: cancel them and give their messages back."""
        if self.worker is not None:
            await self.worker.drain(0.0)

    def _then_stop(self, name: str, stop: Callable[[], Awaitable[object]]) -> None:
        async def bounded() -> None:
            try:
                async with asyncio.timeout(STOP_S_MAX):
                    await stop()
            except Exception as error:
                # The others must stop all the same, and everything durable is safe already.
                _log.error("part_not_stopped", part=name, error=str(error) or type(error).__name__)

        self._stack.push_async_callback(bounded)


async def _all(openings: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run to the end of all; the first error ends the others and is raised as it is."""
    tasks = [asyncio.create_task(one) for one in openings]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
