"""A workshop for tests of workers: a real engine on SQLite, a real database, a clock the test owns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from wipsie.database import Database
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueCounts, QueueSettings, StoredMessage
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import StandardMessage, complete
from wipsie.queue.names import QueueNames
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, HandlerSpec, TaskContext
from wipsie.workers.run_log import RunLog, TaskRun
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

Handler = Callable[[StandardMessage[Any], TaskContext], Awaitable[Any]]


class Workshop:
    """Everything a worker needs, and short words for what tests do with it."""

    def __init__(self, clock: FakeClock, engine: QueueEngine, database: Database, metrics: Metrics) -> None:
        self.clock = clock
        self.engine = engine
        self.database = database
        self.metrics = metrics
        self.run_log = RunLog(database)
        self.registry = HandlerRegistry()
        self.workers: list[Worker] = []
        self.cpu_pool = CpuPool(clock=clock)

    def handler(self, function: Handler, task_type: str = "job", queue: str = "default", **fields: Any) -> None:
        self.registry.add(HandlerSpec(task_type=task_type, queue=queue, function=function, **fields))

    def new_worker(self, *, shared: SharedStore | None = None, **settings: Any) -> Worker:
        worker = Worker(
            self.engine,
            self.registry,
            run_log=self.run_log,
            database=self.database,
            metrics=self.metrics,
            clock=self.clock,
            settings=WorkerSettings(**settings),
            cpu_pool=self.cpu_pool,
            shared=shared,
        )
        self.workers.append(worker)
        return worker

    async def start_worker(self, *, shared: SharedStore | None = None, **settings: Any) -> Worker:
        worker = self.new_worker(shared=shared, **settings)
        await worker.start()
        return worker

    async def send(self, data: Any = None, task_type: str = "job", queue: str = "default", **fields: Any) -> MessageId:
        message_id, body = complete(
            {"task_type": task_type, "data": data or {}, **fields},
            queue=queue,
            source="test",
            now_s=self.clock.now(),
            correlation_id=None,
        )
        await self.engine.send(NewMessage(queue=self.queue(queue), body=body, message_id=message_id))
        return message_id

    async def send_body(self, body: str, queue: str = "default") -> MessageId:
        message_id = new_message_id()
        await self.engine.send(NewMessage(queue=self.queue(queue), body=body, message_id=message_id))
        return message_id

    def queue(self, name: str = "default") -> QueueName:
        return self.engine.resolve(name)

    async def counts(self, queue: str = "default") -> QueueCounts:
        return await self.engine.counts(self.queue(queue))

    async def dead_letters(self, queue: str = "default") -> list[StoredMessage]:
        return await self.engine.peek(self.engine.names.dead_letter(self.queue(queue)), limit=100)

    async def dead_letter(self) -> StoredMessage:
        """The only dead letter, once it is there."""
        return (await eventually(self.dead_letters, message="no dead letter"))[0]

    async def runs(self, message_id: MessageId, count: int = 1) -> list[TaskRun]:
        """The runs of a message, once there are `count`."""

        async def enough() -> list[TaskRun] | None:
            runs = await self.run_log.runs_of(message_id)
            return runs if len(runs) >= count else None

        found = await eventually(enough, message=f"not {count} runs")
        assert found is not None
        return found

    async def until_empty(self, queue: str = "default") -> None:
        """Wait until the queue holds nothing any more."""

        async def is_empty() -> bool:
            return (await self.counts(queue)).total == 0

        await eventually(is_empty, message=f"queue {queue} is not empty")

    async def until_delayed(self, count: int = 1, queue: str = "default") -> None:
        """Wait until so many messages of the queue are delayed."""

        async def are_delayed() -> bool:
            return (await self.counts(queue)).delayed == count

        await eventually(are_delayed, message=f"not {count} messages were given back")

    async def pass_time(self, seconds: float) -> None:
        """Move time in one step and let everything answer."""
        self.clock.jump(seconds)
        await self.clock.settle()


@pytest.fixture
async def workshop(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[Workshop]:
    clock = FakeClock()
    engine = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames())
    await engine.start()
    await engine.declare([QueueSettings(name=engine.names.stored(name)) for name in ("default", "other")])
    database = Database(migrated_database_url, clock=clock)
    await database.start()
    shop = Workshop(clock, engine, database, Metrics())
    yield shop
    for worker in shop.workers:
        await worker.drain(0.0)
    await shop.cpu_pool.stop()
    await engine.stop()
    await database.stop()
