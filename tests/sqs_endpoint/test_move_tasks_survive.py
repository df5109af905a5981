"""Message move tasks outlive the process that was asked, are one for all processes, and move each message once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import QueueName, new_message_id, new_uuid
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.sqs_endpoint.moves import store as move_store
from wipsie.sqs_endpoint.moves.runner import MoveTasks
from wipsie.sqs_endpoint.moves.store import KEPT_PER_QUEUE, LEASE_S, MoveStore, move_tasks_table
from wipsie.sqs_endpoint.moves.task import MoveStatus, MoveTask
from wipsie.testing import eventually
from wipsie.testing.clock import FakeClock

DEAD = QueueName("dead")
HOME = QueueName("home")
PATIENCE_S = 60.0
both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


class House:
    """Processes over one queue file and one database, as far as message moves are concerned."""

    def __init__(self, folder: Path, database_url: str, clock: SystemClock | FakeClock) -> None:
        self.clock = clock
        self._path = folder / "queue.db"
        self._database_url = database_url
        self._ends: list[Callable[[], Awaitable[None]]] = []
        self.database: Database
        self.engine: QueueEngine

    async def open(self) -> None:
        self.engine = await self.new_engine()
        self.database = await self._database()
        for name in (DEAD, HOME):
            await self.engine.create_queue(QueueSettings(name=name))

    async def process(self, *, starts: bool = True) -> MoveTasks:
        """A process of its own, with its own connections."""
        moves = MoveTasks(await self.new_engine(), await self._database())
        self._ends.append(moves.stop)
        if starts:
            await moves.start()
        return moves

    async def close(self) -> None:
        for end in reversed(self._ends):
            await end()

    async def bury(self, count: int) -> None:
        await self.engine.send_many(
            [
                NewMessage(queue=DEAD, body=str(number), message_id=new_message_id(), origin=HOME)
                for number in range(count)
            ]
        )

    async def bodies(self, queue: QueueName) -> Counter[str]:
        return Counter(one.body for one in await self.engine.peek(queue, limit=1000))

    def task(self, *, rate_per_s: int | None = None, destination: QueueName | None = None) -> MoveTask:
        return MoveTask(
            task_id=new_uuid(),
            source=DEAD,
            source_arn="arn:aws:sqs:us-east-1:000000000000:dead",
            destination=destination,
            destination_arn=None,
            rate_per_s=rate_per_s,
            to_move=0,
            started_at_ms=self.clock.now_ms(),
        )

    async def reached(self, moves: MoveTasks, status: MoveStatus) -> MoveTask:
        async def look() -> MoveTask | None:
            if isinstance(self.clock, FakeClock):
                await self.clock.advance(0.5)
            (task, *_) = await moves.of(DEAD, 1)
            return task if task.status is status else None

        task = await eventually(look, PATIENCE_S, f"the task did not become {status}")
        assert task is not None
        return task

    async def new_engine(self) -> QueueEngine:
        engine = QueueEngine(SqliteQueueBackend(self._path, clock=self.clock), clock=self.clock, names=QueueNames())
        await engine.start()
        self._ends.append(engine.stop)
        return engine

    async def _database(self) -> Database:
        database = Database(self._database_url, clock=self.clock, pool_size=2, write_wait_s_max=0.3)
        await database.start()
        self._ends.append(database.stop)
        return database


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def house(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[House]:
    house = House(tmp_path, migrated_database_url, SystemClock())
    await house.open()
    yield house
    await house.close()


@pytest.fixture
async def slow_house(tmp_path: Path, migrated_database_url: str, fake_clock: FakeClock) -> AsyncIterator[House]:
    """Time stands still there."""
    house = House(tmp_path, migrated_database_url, fake_clock)
    await house.open()
    yield house
    await house.close()


@both_databases
async def test_a_task_of_a_process_that_stops_goes_on_in_another(house: House) -> None:
    await house.bury(30)
    first = await house.process()
    assert await first.add(house.task(rate_per_s=30))

    async def begun() -> bool:
        return bool(await house.bodies(HOME))

    await eventually(begun, PATIENCE_S)
    await first.stop()
    left = await house.bodies(DEAD)
    assert left
    second = await house.process()
    ended = await house.reached(second, MoveStatus.COMPLETED)
    assert ended.moved == 30
    assert await house.bodies(HOME) == Counter(str(number) for number in range(30))


@both_databases
async def test_of_two_starts_at_one_moment_one_wins(house: House) -> None:
    await house.bury(3)
    processes = [await house.process(starts=False) for _ in range(3)]
    added = await asyncio.gather(*(moves.add(house.task()) for moves in processes for _ in range(2)))
    assert sum(added) == 1
    assert {len(await moves.of(DEAD, 10)) for moves in processes} == {1}


@both_databases
async def test_any_process_cancels_and_tells_the_same(house: House) -> None:
    await house.bury(50)
    worker, other = await house.process(), await house.process(starts=False)
    task = house.task(rate_per_s=10)
    assert await worker.add(task)
    assert await other.cancel(task.task_id, task.source) is not None
    ended = await house.reached(other, MoveStatus.CANCELLED)
    assert await worker.of(DEAD, 10) == [ended]
    assert ended.moved == (await house.bodies(HOME)).total() < 50
    assert await other.cancel(task.task_id, task.source) is None
    # What is left waits for the next one.
    assert await worker.add(house.task())
    await house.reached(other, MoveStatus.COMPLETED)
    assert await house.bodies(HOME) == Counter(str(number) for number in range(50))


async def test_the_lease_of_a_dead_process_lapses(slow_house: House, fake_clock: FakeClock) -> None:
    house = slow_house
    await house.bury(5)
    task = house.task()
    dead = MoveStore(house.database, holder="dead", clock=fake_clock)
    assert await dead.add(task)
    assert await dead.take(task.task_id) is not None
    moves = await house.process()
    await fake_clock.advance(LEASE_S / 2)
    assert (await house.bodies(HOME)).total() == 0
    assert await MoveStore(house.database, holder="x", clock=fake_clock).take(task.task_id) is None
    await fake_clock.advance(LEASE_S)
    await house.reached(moves, MoveStatus.COMPLETED)
    assert await house.bodies(HOME) == Counter(str(number) for number in range(5))
    # It was only away, and comes back.
    assert await dead.save(task.task_id, moved=1, position=1) is None
    await dead.end(task.task_id, MoveStatus.FAILED, moved=1)
    assert (await moves.of(DEAD, 1))[0].status is MoveStatus.COMPLETED


async def test_whoever_lost_the_lease_stops(slow_house: House, fake_clock: FakeClock) -> None:
    house = slow_house
    await house.bury(50)
    moves = await house.process()
    task = house.task(rate_per_s=10)
    assert await moves.add(task)
    await fake_clock.advance(1.0)
    async with house.database.begin() as connection:
        taken = update(move_tasks_table).values(holder="other", lease_until_ms=fake_clock.now_ms() + 3_600_000)
        await connection.execute(taken)

    async def stopped() -> bool:
        before = await house.bodies(HOME)
        await fake_clock.advance(2.0)
        return await house.bodies(HOME) == before

    await eventually(stopped, PATIENCE_S)
    assert (await house.bodies(DEAD)).total() > 0
    assert (await moves.of(DEAD, 1))[0].status is MoveStatus.RUNNING


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_of_a_database_that_is_away_pauses_and_goes_on(house: House, migrated_database_url: str) -> None:
    await house.bury(30)
    moves = await house.process()
    task = house.task(rate_per_s=20)
    assert await moves.add(task)
    path = migrated_database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable):
            await moves.cancel(task.task_id, task.source)
        with pytest.raises(StorageUnavailable):
            await moves.add(house.task())

        looks: list[int] = []

        async def paused() -> bool:
            looks.append((await house.bodies(HOME)).total())
            return len(looks) > 20 and len(set(looks[-15:])) == 1

        await eventually(paused, PATIENCE_S)
        assert (await house.bodies(DEAD)).total() > 0
        other.execute("ROLLBACK")
    await house.reached(moves, MoveStatus.COMPLETED)
    assert await house.bodies(HOME) == Counter(str(number) for number in range(30))


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_of_a_queue_that_is_away_pauses_and_goes_on(house: House) -> None:
    await house.bury(30)
    engine = await house.new_engine()
    moves = MoveTasks(engine, house.database)
    await moves.start()
    try:
        assert await moves.add(house.task(rate_per_s=20))

        async def begun() -> bool:
            return bool(await house.bodies(HOME))

        await eventually(begun, PATIENCE_S)
        await engine.stop()
        left = await house.bodies(DEAD)
        assert left
        await engine.start()
        await house.reached(moves, MoveStatus.COMPLETED)
    finally:
        await moves.stop()
    assert await house.bodies(HOME) == Counter(str(number) for number in range(30))


@both_databases
async def test_the_last_ten_tasks_of_a_queue_are_kept_for_a_bounded_time(house: House) -> None:
    moves = await house.process()
    started = [house.task() for _ in range(KEPT_PER_QUEUE + 2)]
    for number, task in enumerate(started):
        assert await moves.add(msgspec.structs.replace(task, started_at_ms=number))
        await house.reached(moves, MoveStatus.COMPLETED)
    assert [one.started_at_ms for one in await moves.of(DEAD, 100)] == list(range(KEPT_PER_QUEUE + 1, 1, -1))
    now_ms = house.clock.now_ms()
    async with house.database.begin() as connection:
        assert await move_store.prune(connection, ended_before_ms=now_ms - 3_600_000, limit=100) == 0
        assert await move_store.prune(connection, ended_before_ms=now_ms + 1, limit=4) == 4
        assert await move_store.prune(connection, ended_before_ms=now_ms + 1, limit=100) == KEPT_PER_QUEUE - 4


async def test_a_source_that_is_gone_fails_the_task(house: House) -> None:
    await house.bury(5)
    moves = await house.process(starts=False)
    assert await moves.add(house.task())
    # Whoever took it before may have stopped since.
    await house.engine.delete_queue(DEAD)
    await moves.start()
    task = await house.reached(moves, MoveStatus.FAILED)
    assert task.failure == "AWS.SimpleQueueService.NonExistentQueue"
