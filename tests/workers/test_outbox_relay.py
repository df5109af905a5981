from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from wipsie.database import Database, outbox
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import Attribute, NewMessage, Priority, QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually
from wipsie.workers.leader import Lease, holder_of
from wipsie.workers.outbox_relay import OutboxRelay

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)

DYING_DELETES = {
    "sqlite": ["CREATE TRIGGER dies BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'killed'); END"],
    "postgresql": [
        """CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'killed' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        "CREATE TRIGGER dies BEFORE DELETE ON outbox EXECUTE FUNCTION die()",
    ],
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(migrated_database_url: str, clock: FakeClock) -> AsyncGenerator[Database]:
    database = Database(migrated_database_url, clock=clock, pool_size=4)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
async def engine(tmp_path: Path, clock: FakeClock) -> AsyncGenerator[QueueEngine]:
    engine = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames())
    await engine.start()
    await engine.declare(
        [
            QueueSettings(name=QueueName("wipsie-default")),
            QueueSettings(name=QueueName("wipsie-small"), max_messages=2),
            QueueSettings(name=QueueName("wipsie-ordered.fifo"), fifo=True),
        ]
    )
    yield engine
    await engine.stop()


@pytest.fixture
def relay(database: Database, engine: QueueEngine, clock: FakeClock) -> OutboxRelay:
    return OutboxRelay(database, engine, clock=clock)


def message(body: str = "{}", queue: str = "default", group_id: str | None = None) -> NewMessage:
    return NewMessage(queue=QueueName(queue), body=body, message_id=new_message_id(), group_id=group_id)


async def publish(database: Database, *messages: NewMessage) -> None:
    async with database.unit_of_work() as unit:
        for one in messages:
            unit.publish(one)


async def waiting(database: Database) -> int:
    async with database.read() as connection:
        return await outbox.count_waiting(connection)


async def bodies(engine: QueueEngine, queue: str = "default") -> list[str]:
    return [stored.body for stored in await engine.peek(engine.resolve(queue), limit=1000)]


async def test_a_published_message_arrives_as_it_was_published(
    database: Database, engine: QueueEngine, relay: OutboxRelay
) -> None:
    sent = NewMessage(
        queue=QueueName("default"),
        body='{"text": "☃"}',
        message_id=new_message_id(),
        attributes={"kind": Attribute("1", "Number.int")},
        priority=Priority.HIGH,
        delay_s=60,
        deduplication_id="mine",
    )
    await publish(database, sent)
    assert await relay.run_once() == 1
    (stored,) = await engine.peek(engine.resolve("default"))
    assert (stored.message_id, stored.body, stored.priority) == (sent.message_id, sent.body, Priority.HIGH)
    assert (stored.attributes, stored.state, stored.deduplication_id) == (sent.attributes, "delayed", "mine")
    assert await waiting(database) == 0


async def test_a_commit_is_relayed_at_once_without_time_passing(
    database: Database, engine: QueueEngine, relay: OutboxRelay, clock: FakeClock
) -> None:
    await relay.start()
    await eventually(lambda: clock.sleepers == 1)
    await publish(database, message("now"))
    await eventually(lambda: relay.status()["sent"] == 1, message="the message was not relayed")
    assert await bodies(engine) == ["now"]
    await relay.stop()


async def test_messages_of_other_processes_are_found_by_polling(
    migrated_database_url: str, database: Database, engine: QueueEngine, relay: OutboxRelay, clock: FakeClock
) -> None:
    await relay.start()
    await eventually(lambda: clock.sleepers == 1)
    elsewhere = Database(migrated_database_url, clock=clock)
    await publish(elsewhere, message("from elsewhere"))
    await elsewhere.stop()
    await clock.advance(2)
    await eventually(lambda: relay.status()["sent"] == 1, message="the message was not relayed")
    await relay.stop()


async def test_a_relay_that_dies_between_send_and_delete_sends_nothing_twice(
    database: Database, engine: QueueEngine, clock: FakeClock
) -> None:
    await publish(database, *(message(str(number)) for number in range(5)))
    # What a kill leaves: everything sent, and every row and the lease still there.
    async with database.begin() as connection:
        for statement in DYING_DELETES[database.dialect]:
            await connection.exec_driver_sql(statement)
    with pytest.raises(IntegrityError, match="killed"):
        await OutboxRelay(database, engine, clock=clock).run_once()
    async with database.begin() as connection:
        place = " ON outbox" if database.dialect == "postgresql" else ""
        await connection.exec_driver_sql(f"DROP TRIGGER dies{place}")
    assert len(await bodies(engine)) == 5
    assert await waiting(database) == 5

    survivor = OutboxRelay(database, engine, clock=clock)
    assert await survivor.run_once() == 0
    clock.jump(11)
    assert await survivor.run_once() == 5
    assert await bodies(engine) == [str(number) for number in range(5)]
    assert await waiting(database) == 0


async def test_equal_messages_published_one_after_the_other_are_all_sent(
    database: Database, engine: QueueEngine, relay: OutboxRelay
) -> None:
    for _ in range(3):
        await publish(database, message("same"))
        await relay.run_once()
    assert await bodies(engine) == ["same"] * 3


async def test_order_is_kept_over_many_batches(database: Database, engine: QueueEngine, relay: OutboxRelay) -> None:
    await publish(database, *(message(str(number), "ordered.fifo", "g") for number in range(1200)))
    assert await relay.run_once() == 1200
    found = await engine.peek(engine.resolve("ordered.fifo"), limit=1000)
    assert [stored.body for stored in found] == [str(number) for number in range(1000)]


async def test_what_the_queue_will_never_take_is_kept_with_its_error_and_blocks_nobody(
    database: Database, engine: QueueEngine, clock: FakeClock
) -> None:
    metrics = Metrics()
    relay = OutboxRelay(database, engine, clock=clock, metrics=metrics)
    await publish(
        database,
        message("first"),
        message("lost?", "no_such_queue"),
        message("x" * 2_000_000),
        message("no group", "ordered.fifo"),
        message("last"),
    )
    assert await relay.run_once() == 2
    assert await bodies(engine) == ["first", "last"]
    assert await waiting(database) == 0
    async with database.read() as connection:
        refused = await outbox.refused(connection)
    assert [(row.error or "").split(":")[0] for row in refused] == [
        "QUEUE_NOT_FOUND",
        "MESSAGE_TOO_LARGE",
        "VALIDATION_ERROR",
    ]
    assert relay.status()["refused"] == 3
    labels = {"operation": "outbox_relay", "outcome": "QUEUE_NOT_FOUND"}
    assert metrics.registry.get_sample_value("queue_operations_total", labels) == 1


async def test_a_queue_made_later_by_another_process_is_found(
    database: Database, engine: QueueEngine, relay: OutboxRelay, tmp_path: Path, clock: FakeClock
) -> None:
    other = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames())
    await other.start()
    await other.declare([QueueSettings(name=QueueName("wipsie-late"))])
    await other.stop()
    await publish(database, message("x", "late"))
    assert await relay.run_once() == 1


async def test_a_full_queue_waits_alone_until_it_has_room(
    database: Database, engine: QueueEngine, relay: OutboxRelay, clock: FakeClock
) -> None:
    await publish(database, *(message(str(number), "small") for number in range(4)), message("free"))
    assert await relay.run_once() == 3
    assert relay.status()["full_queues"] == ["small"]
    await publish(database, message("free too"))
    assert await relay.run_once() == 1
    assert await bodies(engine) == ["free", "free too"]
    await engine.purge(engine.resolve("small"))
    clock.jump(60)
    assert await relay.run_once() == 2
    assert await bodies(engine, "small") == ["2", "3"]


async def test_two_relays_do_not_work_at_the_same_time(
    database: Database, engine: QueueEngine, clock: FakeClock
) -> None:
    await publish(database, *(message(str(number)) for number in range(1500)))
    relays = [OutboxRelay(database, engine, clock=clock) for _ in range(3)]
    moved = await asyncio.gather(*(relay.run_once() for relay in relays))
    assert sum(moved) == 1500
    assert await bodies(engine) == [str(number) for number in range(1000)]
    async with database.read() as connection:
        assert await holder_of(connection, "outbox_relay", now_ms=clock.now_ms()) is None


async def test_a_relay_that_found_another_at_work_looks_often_only_while_something_waits(
    database: Database, engine: QueueEngine, relay: OutboxRelay, clock: FakeClock
) -> None:
    other = Lease("outbox_relay", holder="other", ttl_s=60, clock=clock)
    async with database.begin() as connection:
        assert await other.acquire(connection)
    await publish(database, message("sent by the other"))
    await relay.start()
    await eventually(lambda: clock.sleepers >= 1, message="the relay does not wait for the other")
    async with database.begin() as connection:
        await outbox.remove(connection, [row.id for row in await outbox.waiting(connection, limit=9, bytes_max=99)])
    await clock.advance(0.1)
    # From here on it looks every two seconds: somebody else's commit is not seen before.
    elsewhere = message("later")
    async with database.begin() as connection:
        await other.release(connection)
        await outbox.write(connection, [elsewhere], now_ms=clock.now_ms())
    await clock.advance(0.2)
    assert await waiting(database) == 1
    await clock.advance(2)
    await eventually(lambda: relay.status()["sent"] == 1, message="the message was not relayed")
    await relay.stop()


async def test_stop_sends_what_waits(database: Database, engine: QueueEngine, relay: OutboxRelay) -> None:
    await relay.start()
    await publish(database, *(message(str(number)) for number in range(20)))
    await relay.stop()
    assert len(await bodies(engine)) == 20
    assert await waiting(database) == 0
    await relay.stop()


async def test_a_queue_that_cannot_write_is_asked_again_later_and_nothing_is_lost(
    database: Database, engine: QueueEngine, relay: OutboxRelay, clock: FakeClock
) -> None:
    await engine.stop()
    await publish(database, message("kept"))
    await relay.start()
    await eventually(lambda: relay.status()["error"], message="no error shown")
    await eventually(lambda: clock.sleepers == 1, message="the relay did not go to sleep")
    assert await waiting(database) == 1
    await engine.start()
    await clock.advance(10)
    await eventually(lambda: relay.status()["sent"] == 1, message="the message was not sent after the queue came back")
    assert await bodies(engine) == ["kept"]
    await eventually(lambda: relay.status()["error"] is None, message="the error still stands")
    await relay.stop()


async def test_a_lease_has_one_holder_until_it_ends_or_is_released(database: Database, clock: FakeClock) -> None:
    ours, theirs = (Lease("job", holder=holder, ttl_s=10, clock=clock) for holder in ("us", "them"))
    async with database.begin() as connection:
        assert await ours.acquire(connection)
        assert not await theirs.acquire(connection)
        assert (ours.held, theirs.held) == (True, False)
        clock.jump(6)
        assert not ours.held
        assert await ours.acquire(connection)
        clock.jump(9)
        assert not await theirs.acquire(connection)
        assert await holder_of(connection, "job", now_ms=clock.now_ms()) == "us"
        clock.jump(1)
        assert await theirs.acquire(connection)
        assert not await ours.acquire(connection)
        await ours.release(connection)
        assert await holder_of(connection, "job", now_ms=clock.now_ms()) == "them"
        await theirs.release(connection)
        assert await ours.acquire(connection)
