"""A tasks slice on real parts: SQLite queue and database, files, a process pool, and a worker's context."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from wipsie.api.application import build_api
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import complete
from wipsie.queue.names import QueueNames
from wipsie.slices.manifest import Slice
from wipsie.slices.tasks.gateways.http_client import HttpClientSettings
from wipsie.slices.tasks.slice import TasksSettings, build
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.served import served
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, TaskContext, TaskServices
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.run_log import RunLog
from wipsie.workers.task_decoder import TaskDecoder


@dataclass
class Desk:
    """Everything a test of the slice touches."""

    slice: Slice
    engine: QueueEngine
    registry: HandlerRegistry
    database: Database
    blobs: BlobStore
    run_log: RunLog
    breakers: BreakerRegistry
    pool: CpuPool
    mailbox: Path
    clock: SystemClock

    async def run(self, queue: str, message: dict[str, Any] | str, *, redeliver: bool = False) -> Any:
        """Send a message, receive it, and give it to its handler as a worker would; returns the result as JSON values."""
        stored = self.engine.resolve(queue)
        if isinstance(message, str):
            body, message_id = message, complete({}, queue=queue, source="t", now_s=0, correlation_id=None)[0]
        else:
            message_id, body = complete(
                message, queue=queue, source="manual", now_s=self.clock.now(), correlation_id=None
            )
        await self.engine.send(NewMessage(queue=stored, body=body, message_id=message_id))
        delivery = (await self.engine.receive(stored, max_messages=1))[0]
        route, typed = TaskDecoder(queue, self.registry, RetryPolicy()).decode(delivery)
        context = TaskContext(
            delivery=delivery,
            queue=queue,
            attempt=1,
            worker="test",
            services=TaskServices(run_cpu=self.pool.run, unit_of_work=self.database.unit_of_work),
        )
        try:
            result = await route.spec.function(typed, context)
            if redeliver:
                result = await route.spec.function(typed, context)
        finally:
            await self.engine.delete([(QueueName(delivery.queue), delivery.receipt)])
        return msgspec.json.decode(msgspec.json.encode(result))


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[OpenDesk]:
    """A function that opens a desk with the settings given to it; loopback is allowed unless they say otherwise."""
    opened: list[Desk] = []

    async def open_one(**settings: Any) -> Desk:
        clock = SystemClock()
        database = Database(migrated_database_url, clock=clock)
        names = QueueNames()
        engine = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=names)
        registry = HandlerRegistry()
        blobs = BlobStore(f"file://{tmp_path}/blobs")
        run_log = RunLog(database)
        breakers = BreakerRegistry(clock)
        console_installed = bool(settings.pop("console_installed", False))
        polling_grants = settings.pop("polling_grants", None)
        chosen: dict[str, Any] = {
            "mailbox_path": tmp_path / "mail",
            "allow_private_networks": True,
            "http": HttpClientSettings(total_timeout_s=5, body_bytes_max=1024 * 1024),
            **settings,
        }
        made = build(
            TasksSettings(**chosen),
            engine=engine,
            registry=registry,
            database=database,
            blobs=blobs,
            run_log=run_log,
            breakers=breakers,
            clock=clock,
            version="1.2.3",
            console_installed=console_installed,
            polling_grants=polling_grants,
        )
        for spec in made.handlers:
            registry.add(spec)
        await database.start()
        await engine.start()
        await engine.declare(made.queues)
        pool = CpuPool(clock=clock, processes_max=1)
        desk = Desk(made, engine, registry, database, blobs, run_log, breakers, pool, tmp_path / "mail", clock)
        opened.append(desk)
        return desk

    yield open_one
    for desk in opened:
        for stop in desk.slice.on_stop:
            await stop()
        await desk.pool.stop()
        await desk.engine.stop()
        await desk.database.stop()


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk()


Connect = Callable[[Desk], Awaitable[aiohttp.ClientSession]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """A function that serves a desk's API over real HTTP and gives a client of it."""
    async with contextlib.AsyncExitStack() as stack:

        async def connect_to(desk: Desk) -> aiohttp.ClientSession:
            api = build_api(title="t", version="1.2.3", routers=desk.slice.routers, clock=desk.clock, metrics=Metrics())
            url = await stack.enter_async_context(served(api))
            return await stack.enter_async_context(aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=10)))

        yield connect_to


@pytest.fixture
async def client(desk: Desk, connect: Connect) -> aiohttp.ClientSession:
    """A client of the desk's API."""
    return await connect(desk)
