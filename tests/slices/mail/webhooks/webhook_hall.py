"""All doors on real parts: an API over HTTP, the intake over a SQLite queue and a folder of objects, a shared store."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import aiohttp
from provider_requests import Sample

from wipsie.api.application import ApiSettings, build_api
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.limits import MIB
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.slices.mail.domain.arrival import RawArrival, RawMail, read_body
from wipsie.slices.mail.doors.webhooks.router import build_webhook_router
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.served import served


@dataclass
class Hall:
    """The doors, and what is behind them."""

    client: aiohttp.ClientSession
    engine: QueueEngine
    blobs: BlobStore
    clock: FakeClock
    folder: Path
    spool_folder: Path
    store: DatabaseSharedStore

    async def send(self, sample: Sample) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer."""
        headers = {"Content-Type": "", **sample.headers}
        async with self.client.post(sample.path, data=io.BytesIO(sample.body), headers=headers) as response:
            return response.status, await response.json()

    async def refusal(self, sample: Sample) -> tuple[int, str]:
        """Status and code of an error; nothing is on the queue then."""
        before = len(await self.arrivals())
        status, body = await self.send(sample)
        assert len(await self.arrivals()) == before
        return status, body["error"]["code"]

    async def arrivals(self) -> list[RawArrival]:
        """What is on the queue, in its order."""
        queue = self.engine.resolve(MAIL_QUEUE)
        found = [read_body(message.body) for message in await self.engine.peek(queue, limit=100)]
        return [arrival for arrival in found if isinstance(arrival, RawArrival)]

    async def content(self, arrival: RawArrival) -> bytes:
        """The bytes of a mail that lies with us."""
        assert isinstance(arrival.source, RawMail)
        return (await self.blobs.get(arrival.source.key)).content

    async def mail(self, arrival: RawArrival) -> EmailMessage:
        """The mail, as a mail program reads it."""
        parsed = BytesParser(policy=default).parsebytes(await self.content(arrival))
        assert isinstance(parsed, EmailMessage)
        return parsed

    async def accepted(self, sample: Sample) -> RawArrival:
        """The one mail on the queue, after a request that was let in."""
        status, body = await self.send(sample)
        assert (status, body["status"]) == (200, "success"), body
        (message,) = await self.engine.peek(self.engine.resolve(MAIL_QUEUE), limit=10)
        assert body["message_id"] == message.message_id
        (arrival,) = await self.arrivals()
        assert list(self.spool_folder.iterdir()) == []
        return arrival


@asynccontextmanager
async def open_hall(
    settings: WebhookSettings, database_url: str, folder: Path, *, max_messages: int | None = None, **options: Any
) -> AsyncGenerator[Hall]:
    """Doors on a free port. `options` go to the router."""
    clock, system_clock = FakeClock(), SystemClock()
    spool_folder = folder / "spool"
    spool_folder.mkdir(exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        database = Database(database_url, clock=clock, pool_size=2, max_overflow=0)
        await database.start()
        stack.push_async_callback(database.stop)
        store = DatabaseSharedStore(database, clock=clock, follow_server_time=False)
        backend = SqliteQueueBackend(folder / "queue.db", clock=system_clock)
        engine = QueueEngine(backend, clock=system_clock, names=QueueNames("wipsie-"))
        await engine.start([QueueSettings(name=engine.names.stored(MAIL_QUEUE), max_messages=max_messages)])
        stack.push_async_callback(engine.stop)
        blobs = BlobStore(f"file://{folder}/kept/blobs")
        intake = MailIntake(engine, blobs)
        router = build_webhook_router(
            settings,
            intake.accept_raw,
            intake.accept_stored,
            store,
            clock,
            spool_folder=spool_folder,
            **options,
        )
        api = build_api(
            title="t",
            version="1.2.3",
            routers=[router],
            clock=system_clock,
            metrics=Metrics(),
            settings=ApiSettings(body_bytes_max=64 * MIB),
        )
        url = await stack.enter_async_context(served(api))
        timeout = aiohttp.ClientTimeout(total=30)
        client = await stack.enter_async_context(aiohttp.ClientSession(url, timeout=timeout))
        yield Hall(client, engine, blobs, clock, folder, spool_folder, store)
