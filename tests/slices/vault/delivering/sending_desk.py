"""Sending on real parts: a database, the simulated Cloud API over HTTP, phones, and jobs that run when the test's clock says so."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from spoken import NUMBER_ID, said
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wipsie.blobs.sealing import KeyHolder
from wipsie.database import Database, UnitOfWork
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.errors import NotFound
from wipsie.queue.contract import NewMessage
from wipsie.slices.vault.domain.whatsapp.updates import Sender, StatusUpdate, read_updates
from wipsie.slices.vault.gateways.graph import GraphClient, GraphSettings
from wipsie.slices.vault.service.delivering import (
    Delivering,
    DeliveryMetrics,
    DeliveryUpkeep,
    OpenedFile,
    SendingAlarm,
    SendingRates,
)
from wipsie.slices.vault.store.deliveries import NewDelivery, apply_statuses, enqueue
from wipsie.slices.vault.store.identities import resolve
from wipsie.slices.vault.store.tables import deliveries_table
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.served import served
from wipsie.testing.simulators.whatsapp import Behaviour, Phone, WhatsAppSimulator

PDF = b"%PDF-1.4\n" + b"report " * 5_000 + b"\n%%EOF\n"
_REAL_S = 0.02
_STEP_S = 0.05


class _Content:
    def __init__(self, content: bytes) -> None:
        self.size = len(content)
        self._content = content

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._content


class SendingDesk:
    """Everything between the commit that says something and the phone that shows it."""

    def __init__(self, database: Database, keys: KeyHolder, clock: FakeClock, simulator: WhatsAppSimulator) -> None:
        self.database = database
        self.keys = keys
        self.clock = clock
        self.simulator = simulator
        self.files: dict[str, bytes] = {"vobj_1": PDF}
        self.file_trouble: Exception | None = None
        self.alarms: list[SendingAlarm] = []
        self.well: list[tuple[str, str]] = []
        self.hears_statuses = True
        self.token = simulator.account.access_token
        self.graph = GraphClient(GraphSettings(url=simulator.graph_url), lambda: self.token)
        self.metrics = Metrics()
        self.counted = DeliveryMetrics(self.metrics)
        self.delivering = self.new_worker(self.counted)
        self.upkeep = DeliveryUpkeep(database, keys, self.graph, clock, self.counted)
        self._jobs: list[tuple[float, int, str]] = []
        self._published = 0
        database.publish_with(self)

    def new_worker(self, counted: DeliveryMetrics | None = None, *, database: Database | None = None) -> Delivering:
        """Of another process."""
        store = DatabaseSharedStore(self.database, clock=self.clock, follow_server_time=False)
        return Delivering(
            database or self.database,
            self.keys,
            self.graph,
            SendingRates(store),
            self.clock,
            counted or DeliveryMetrics(Metrics()),
            open_file=self._open_file,
            listener=self,
        )

    # The queue, as far as this needs one.

    async def send_within(self, connection: AsyncConnection, messages: Sequence[NewMessage]) -> Sequence[None]:
        for message in messages:
            job = json.loads(message.body)
            assert (message.queue, job["task_type"]) == ("vault_deliveries", "vault_deliver")
            self.add_job(job["data"]["owner"], message.delay_s or 0.0)
        return [None] * len(messages)

    def add_job(self, owner: str, delay_s: float = 0.0) -> None:
        self._published += 1
        heapq.heappush(self._jobs, (self.clock.now() + delay_s, self._published, owner))

    @property
    def waiting_jobs(self) -> int:
        return len(self._jobs)

    def lose_jobs(self) -> None:
        """As if the queue had given them up."""
        self._jobs.clear()

    async def run(self, for_s: float = 0.0, *, workers: Sequence[Delivering] = ()) -> None:
        """Carry out every job that is due within `for_s`, moving the clock from one to the next; one after another, or as many at a
        time as there are `workers`."""
        until_s = self.clock.now() + for_s
        while self._jobs and self._jobs[0][0] <= until_s:
            if self._jobs[0][0] > self.clock.now():
                # The simulator counts in milliseconds.
                await self.pass_time(self._jobs[0][0] - self.clock.now() + 0.001)
            due: list[str] = []
            while self._jobs and self._jobs[0][0] <= self.clock.now() and len(due) < max(1, len(workers)):
                due.append(heapq.heappop(self._jobs)[2])
            hands = workers or (self.delivering,)
            await self.finish(*(hand.deliver(owner) for hand, owner in zip(hands, due, strict=False)))
            assert self._published < 5_000, "jobs make jobs without end"
        if until_s > self.clock.now():
            await self.pass_time(until_s - self.clock.now())
            # What came by webhook meanwhile.
            await self.run(workers=workers)

    async def finish(self, *work: Any) -> list[Any]:
        """Let it end, with as much time as it waits for."""
        tasks = [asyncio.ensure_future(one) for one in work]
        pending = set(tasks)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=_REAL_S)
            if pending:
                await self.clock.advance(_STEP_S)
        await self.simulator.settled()
        return [task.result() for task in tasks]

    async def pass_time(self, seconds: float) -> None:
        await self.simulator.advance(seconds)

    # People.

    async def meet(self, name: str = "Asha Example", number: str = "15550100123", **more: Any) -> tuple[str, Phone]:
        """Somebody who has just written: their owner id and their phone."""
        phone = self.simulator.phones.add(name, number=number, **more)
        await phone.send_text("hi")
        owner = f"vown_{number}"
        ring = await self.keys.ring()
        async with self.database.begin() as connection:
            await resolve(
                connection,
                ring,
                Sender(user_id=phone.user_id, wa_id=phone.number, name=name),
                new_id=owner,
                phone_number_id=NUMBER_ID,
                sent_at_ms=self.clock.now_ms(),
                now_ms=self.clock.now_ms(),
            )
        return owner, phone

    async def say(self, owner: str, *messages: NewDelivery | str) -> list[str]:
        """Say it, in one commit."""
        async with self.database.unit_of_work() as unit:
            return await enqueue(
                unit,
                await self.keys.ring(),
                owner=owner,
                phone_number_id=NUMBER_ID,
                deliveries=[said(one) if isinstance(one, str) else one for one in messages],
                now_ms=self.clock.now_ms(),
            )

    async def states(self, *ids: str) -> list[str]:
        async with self.database.read() as connection:
            found = await connection.execute(select(deliveries_table.c.id, deliveries_table.c.state))
            states = {row.id: row.state for row in found}
        return [states[one] for one in ids]

    def shown(self, phone: Phone) -> list[str]:
        """What a phone shows of ours, in order."""
        return [bubble.text or "" for bubble in phone.received]

    def file_names(self, phone: Phone) -> list[str | None]:
        """Of the files of ours that it shows."""
        return [bubble.file.filename for bubble in phone.received if bubble.file is not None]

    def calls(self, route: str = "messages") -> int:
        return sum(1 for call in self.simulator.log.calls if call.route == route)

    # What the application is told.

    async def hear(self, request: Request) -> Response:
        if request.method == "GET":
            return PlainTextResponse(request.query_params["hub.challenge"])
        if not self.hears_statuses:
            return Response(status_code=503)
        statuses = [one for one in read_updates(await request.body()) if isinstance(one, StatusUpdate)]
        if statuses:
            ring = await self.keys.ring()
            freed: set[str] = set()
            async with self.database.begin() as connection:
                await apply_statuses(connection, ring, statuses, now_ms=self.clock.now_ms(), freed=freed)
            for owner in sorted(freed):
                self.add_job(owner)
        return Response(status_code=200)

    @asynccontextmanager
    async def _open_file(self, owner: str, object_id: str) -> AsyncGenerator[OpenedFile]:
        assert owner.startswith("vown_")
        if self.file_trouble is not None:
            raise self.file_trouble
        if object_id not in self.files:
            raise NotFound("There is no such file.")
        yield OpenedFile(_Content(self.files[object_id]), "application/pdf")

    # The listener to alarms.

    def alarm(self, unit: UnitOfWork, alarm: SendingAlarm) -> None:
        unit.after_commit(lambda: self.alarms.append(alarm))

    def well_again(self, unit: UnitOfWork, phone_number_id: str, reason: str) -> None:
        unit.after_commit(lambda: self.well.append((phone_number_id, reason)))


@asynccontextmanager
async def open_desk(
    database: Database, keys: KeyHolder, clock: FakeClock, behaviour: Behaviour | None = None
) -> AsyncGenerator[SendingDesk]:
    """With its simulator, to which it is subscribed."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(
            WhatsAppSimulator(phone_number_id=NUMBER_ID, clock=clock, behaviour=behaviour)
        )
        desk = SendingDesk(database, keys, clock, simulator)
        stack.push_async_callback(desk.graph.stop)
        webhook = Starlette(routes=[Route("/webhook", desk.hear, methods=["GET", "POST"])])
        url = await stack.enter_async_context(served(webhook))
        answer = await simulator.subscribe(f"{url}/webhook")
        assert answer.status_code == 200
        yield desk
