"""Mail on real parts: a queue, a database, files, a worker, and a client over real HTTP."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from wipsie.api.application import build_api
from wipsie.api.gate import NoAccounts
from wipsie.api.lists import ListReader
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel import json
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueCounts, StoredMessage, VisibilityChange
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import StandardMessage
from wipsie.queue.names import QueueNames
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.routes.email import LetterRules
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake
from wipsie.slices.mail.service.token_keeper import Tokens
from wipsie.slices.mail.slice import MailSettings, build
from wipsie.slices.mail.store.tables import arrivals_table, mails_table
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.eventually import eventually
from wipsie.testing.office import Office, open_office
from wipsie.testing.served import served
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, TaskContext, TaskServices
from wipsie.workers.run_log import RunLog
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

# For the modules that tests share.
sys.path.insert(0, str(Path(__file__).parent))

TOKEN = "$DJISA<$#45ex3RtYr"


class MailDesk:
    """The slice, and short words for what tests do with it."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        clock: Clock,
        *,
        open_bucket: Callable[[str], BlobStore] | None = None,
        **settings: Any,
    ) -> None:
        """`open_bucket`: where buckets of others are; by default folders in `folder`."""
        self.folder = folder
        self.clock = clock
        self.metrics = Metrics()
        self.database = Database(database_url, clock=clock)
        self.engine = QueueEngine(
            SqliteQueueBackend(folder / "queue.db", clock=clock), clock=clock, names=QueueNames(), metrics=self.metrics
        )
        self.blobs = BlobStore(f"file://{folder}/blobs")
        self.intake = MailIntake(self.engine, self.blobs)
        self.tokens = Tokens(TOKEN)
        chosen: dict[str, Any] = {"work_path": folder / "work", "letters": LetterRules(), **settings}
        self.registry = HandlerRegistry()
        self.slice = build(
            MailSettings(**chosen),
            engine=self.engine,
            registry=self.registry,
            database=self.database,
            blobs=self.blobs,
            open_bucket=open_bucket or (lambda name: BlobStore(f"file://{folder}/buckets/{name}")),
            clock=clock,
            metrics=self.metrics,
            local_tokens=lambda: self.tokens,
            authenticate=NoAccounts().authenticate,
            shared=DatabaseSharedStore(self.database, clock=clock),
            lists=ListReader(self.database, cursor_key=lambda: b"k" * 32),
        )
        for spec in self.slice.handlers:
            self.registry.add(spec)
        self.pool = CpuPool(clock=SystemClock(), processes_max=1)
        self.run_log = RunLog(self.database)

    async def start(self) -> None:
        await self.database.start()
        await self.engine.start(self.slice.queues)
        for start in self.slice.on_start:
            await start()

    async def stop(self) -> None:
        for stop in self.slice.on_stop:
            await stop()
        await self.pool.stop()
        await self.engine.stop()
        await self.database.stop()

    def new_worker(self) -> Worker:
        return Worker(
            self.engine,
            self.registry,
            run_log=self.run_log,
            database=self.database,
            metrics=self.metrics,
            clock=self.clock,
            settings=WorkerSettings(),
            cpu_pool=self.pool,
        )

    async def put(self, body: str) -> MessageId:
        """A message on the queue of mail, as anybody may write it."""
        message_id = new_message_id()
        queue = self.engine.resolve(MAIL_QUEUE)
        await self.engine.send(NewMessage(queue=queue, body=body, message_id=message_id))
        return message_id

    async def put_raw(self, content: bytes, **envelope: Any) -> MessageId:
        """A mail as a door takes it in."""
        given: dict[str, Any] = {"door": "smtp", "received_at_ms": 1_759_586_400_000, **envelope}
        return await self.intake.accept_raw(content, Envelope(**given))

    async def counts(self) -> QueueCounts:
        return await self.engine.counts(self.engine.resolve(MAIL_QUEUE))

    async def dead_letters(self) -> list[StoredMessage]:
        return await self.engine.peek(self.engine.names.dead_letter(self.engine.resolve(MAIL_QUEUE)), limit=100)

    async def work(self) -> None:
        """Let a worker archive everything that waits."""
        worker = self.new_worker()
        await worker.start()

        async def is_empty() -> bool:
            return (await self.counts()).total == 0

        try:
            await eventually(is_empty, 30, "the queue of mail is not empty")
        finally:
            await worker.drain()

    async def archive_and_die(self) -> None:
        """What a worker does that is killed after it archived a mail and before it acknowledged it."""
        (delivery,) = await self.engine.receive(self.engine.resolve(MAIL_QUEUE))
        (spec,) = self.slice.handlers
        services = TaskServices(run_cpu=self.pool.run, unit_of_work=self.database.unit_of_work)
        context = TaskContext(delivery=delivery, queue=MAIL_QUEUE, attempt=1, worker="killed", services=services)
        message = StandardMessage(id=delivery.message_id, timestamp="", data=None)
        assert await spec.function(message, context)
        release = VisibilityChange(delivery.queue, delivery.receipt, 0.0, release=True)
        assert await self.engine.change_visibility([release]) == [None]

    async def mails(self) -> list[dict[str, Any]]:
        """The rows of the index, the oldest mail first."""
        async with self.database.read() as connection:
            rows = (await connection.execute(select(mails_table).order_by(mails_table.c.number))).mappings().all()
        return [dict(row) for row in rows]

    async def arrivals(self) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            rows = (await connection.execute(select(arrivals_table))).mappings().all()
        return [dict(row) for row in rows]

    async def documents(self) -> dict[str, Any]:
        """The archive: key to document."""
        return {key: json.decode((await self.blobs.get(key)).content) async for key, _ in self.blobs.walk("emails")}

    def metric(self, name: str, **labels: str) -> float:
        """A sample's value; 0 when there is none."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


OpenDesk = Callable[..., Awaitable[MailDesk]]


@pytest.fixture
async def open_desk(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[OpenDesk]:
    """A function that opens a desk with the settings given to it."""
    async with AsyncExitStack() as stack:

        async def open_one(*, clock: Clock | None = None, **settings: Any) -> MailDesk:
            desk = MailDesk(tmp_path, migrated_database_url, clock or SystemClock(), **settings)
            await desk.start()
            stack.push_async_callback(desk.stop)
            return desk

        yield open_one


@pytest.fixture
async def desk(open_desk: OpenDesk) -> MailDesk:
    return await open_desk()


Connect = Callable[[MailDesk], Awaitable[aiohttp.ClientSession]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """A function that serves a desk's API over real HTTP and gives a client of it."""
    async with AsyncExitStack() as stack:

        async def connect_to(desk: MailDesk) -> aiohttp.ClientSession:
            api = build_api(
                title="t", version="1.2.3", routers=desk.slice.routers, clock=desk.clock, metrics=desk.metrics
            )
            url = await stack.enter_async_context(served(api))
            return await stack.enter_async_context(aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=10)))

        yield connect_to


@pytest.fixture
async def client(desk: MailDesk, connect: Connect) -> aiohttp.ClientSession:
    """A client of the desk's API."""
    return await connect(desk)


class MailOffice:
    """A team at work on the composed product, with mails in its archive."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.parts = office.parts
        self.blobs = self.parts.blobs
        self.intake = MailIntake(self.parts.engine, self.blobs)

    async def file(self, *mails: bytes | Letter) -> list[str]:
        """Take mails in and archive them as a worker does; their ids, in order."""
        ids: list[str] = []
        for mail in mails:
            if isinstance(mail, Letter):
                await self.intake.accept_letter(mail)
            else:
                await self.intake.accept_raw(mail, Envelope(door="smtp", received_at_ms=self.parts.clock.now_ms()))
            ids += await self.work()
        return ids

    async def work(self) -> list[str]:
        """Archive everything that waits; the ids of the mails."""
        engine = self.parts.engine
        queue = engine.resolve(MAIL_QUEUE)
        spec = self.parts.registry.find(MAIL_QUEUE, "mail")
        assert spec is not None
        services = TaskServices(run_cpu=self.parts.cpu_pool.run, unit_of_work=self.parts.database.unit_of_work)
        ids: list[str] = []
        while deliveries := await engine.receive(queue, max_messages=10):
            for delivery in deliveries:
                context = TaskContext(delivery=delivery, queue=MAIL_QUEUE, attempt=1, worker="test", services=services)
                result = await spec.function(StandardMessage(id=delivery.message_id, timestamp="", data=None), context)
                await engine.delete([(queue, delivery.receipt)])
                ids.append(result["id"])
        return ids

    async def objects(self) -> set[str]:
        return {key async for key, _ in self.blobs.walk()}


@pytest.fixture
async def mail_office(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[MailOffice]:
    async with open_office(migrated_database_url, tmp_path / "wipsie") as office:
        await office.open_queues()
        yield MailOffice(office)
        await office.parts.cpu_pool.stop()
