"""Deliveries on the product's own queue: the job of a commit reaches the handler, and what it waits for waits in the queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from sending_desk import SendingDesk, open_desk

from wipsie.blobs.sealing import GivenKeys, KeyHolder
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.slices.vault.handlers.deliver import DeliverHandler
from wipsie.slices.vault.jobs import DELIVERIES_QUEUE, DeliverJob
from wipsie.slices.vault.service.delivering import Delivering
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, Retry
from wipsie.workers.outbox_relay import OutboxRelay
from wipsie.workers.run_log import RunLog
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker


class RealDesk:
    """A desk whose jobs go through a real queue to a real worker, in real time."""

    def __init__(self, desk: SendingDesk, engine: QueueEngine, worker: Worker, relay: OutboxRelay) -> None:
        self.desk = desk
        self.engine = engine
        self._worker = worker
        self._relay = relay

    async def start(self) -> None:
        await self._relay.start()
        await self._worker.start()

    async def stop(self) -> None:
        await self._worker.drain()
        await self._relay.stop()


@pytest.fixture
async def real(migrated_database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[RealDesk]:
    system, metrics = SystemClock(), Metrics()
    database = Database(migrated_database_url, clock=system)
    await database.start()
    engine = QueueEngine(
        SqliteQueueBackend(tmp_path / "queue.db", clock=system), clock=system, names=QueueNames(), metrics=metrics
    )
    await engine.start([QueueSettings(name=engine.names.stored(DELIVERIES_QUEUE), visibility_timeout_s=30.0)])
    pool = CpuPool(clock=system, processes_max=1)
    # The desk's own words for time are not used here.
    async with open_desk(database, KeyHolder(GivenKeys([bytes(range(32))]), system), cast("Any", system)) as desk:
        database.publish_with(None)
        registry = HandlerRegistry()
        for spec in DeliverHandler(desk.delivering).specs():
            registry.add(spec)
        worker = Worker(
            engine,
            registry,
            run_log=RunLog(database),
            database=database,
            metrics=metrics,
            clock=system,
            settings=WorkerSettings(),
            cpu_pool=pool,
        )
        relay = OutboxRelay(database, engine, clock=system)
        real = RealDesk(desk, engine, worker, relay)
        await real.start()
        yield real
        await real.stop()
    await pool.stop()
    await engine.stop()
    await database.stop()


async def test_what_is_said_in_a_commit_is_on_the_phone_a_moment_later(real: RealDesk) -> None:
    owner, asha = await real.desk.meet()
    await real.desk.say(owner, "one", "two")
    await real.desk.say(owner, "three")
    await eventually(lambda: real.desk.shown(asha) == ["one", "two", "three"], 10, "it is not shown")


@pytest.mark.slow
async def test_what_waits_waits_in_the_queue_and_goes_on_by_itself(real: RealDesk) -> None:
    owner, asha = await real.desk.meet()
    real.desk.simulator.faults.error(131016)
    await real.desk.say(owner, "one")
    queue = real.engine.resolve(DELIVERIES_QUEUE)

    async def is_delayed() -> bool:
        return (await real.engine.counts(queue)).delayed == 1

    await eventually(is_delayed, 10, "no job waits")
    await eventually(lambda: real.desk.shown(asha) == ["one"], 20, "it did not go on")


class _Standing:
    async def deliver(self, _: str) -> int:
        return await KeyHolder(GivenKeys([]), FakeClock()).ring()  # pyright: ignore[reportReturnType]


async def test_while_the_key_is_away_a_job_comes_again_and_costs_no_attempt() -> None:
    handler = DeliverHandler(cast("Delivering", _Standing()))
    (spec,) = handler.specs()
    message = cast("Any", type("Message", (), {"data": DeliverJob(owner="vown_1")}))
    assert spec.concurrency_key is not None
    assert spec.concurrency_key(message) == "vown_1"
    with pytest.raises(Retry) as caught:
        await spec.function(message, None)
    assert (caught.value.counted, caught.value.after_s) == (False, 30.0)
