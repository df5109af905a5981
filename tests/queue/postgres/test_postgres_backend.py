"""What only the PostgreSQL backend promises: shared statements, one schema for many processes, a time for all machines."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, InvalidMessageContents, QueueNotFound, ShuttingDown, WipsieError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.contract import Delivery, NewMessage, QueueSettings, SendResult
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import PostgresServer

QUEUE = QueueName("wipsie-default")


class ShiftedClock(SystemClock):
    """The clock of a machine that is wrong by `shift_s`."""

    def __init__(self, shift_s: float) -> None:
        self._shift_s = shift_s

    def now(self) -> float:
        return super().now() + self._shift_s

    def now_ms(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        return SystemClock.now_ms() + int(self._shift_s * 1000)


def message(body: str = "hello", queue: QueueName = QUEUE) -> NewMessage:
    return NewMessage(queue=queue, body=body, message_id=new_message_id())


async def acknowledge(backend: PostgresQueueBackend, deliveries: list[Delivery]) -> None:
    outcomes = await backend.delete([(one.queue, one.receipt) for one in deliveries])
    assert outcomes == [None] * len(deliveries)


async def test_calls_waiting_at_one_moment_share_a_statement(backend: PostgresQueueBackend) -> None:
    await asyncio.gather(*(backend.send([message()]) for _ in range(500)))
    assert backend.batches <= 10, f"500 concurrent sends took {backend.batches} statements"
    received = await asyncio.gather(*(backend.receive(QUEUE, max_messages=5) for _ in range(100)))
    await asyncio.gather(*(acknowledge(backend, some) for some in received))
    assert backend.batches <= 30, f"500 messages through the queue took {backend.batches} statements"
    assert (await backend.counts(QUEUE)).total == 0


async def test_a_stopped_backend_finishes_what_it_took_and_refuses_more(new_database: str) -> None:
    backend = PostgresQueueBackend(new_database, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    sends = [asyncio.create_task(backend.send([message()])) for _ in range(50)]
    await asyncio.sleep(0)
    await backend.stop()
    results = await asyncio.gather(*sends)
    assert all(isinstance(result, SendResult) for (result,) in results)
    with pytest.raises(ShuttingDown):
        await backend.send([message()])
    with pytest.raises(ShuttingDown):
        await backend.list_queues()


async def test_waiting_receivers_cost_next_to_no_processor_time(backend: PostgresQueueBackend) -> None:
    tasks = [asyncio.create_task(backend.receive(QUEUE, wait_s=20.0)) for _ in range(100)]
    await asyncio.sleep(0.2)
    wall, spent = time.monotonic(), time.process_time()
    await asyncio.sleep(0.8)
    share = (time.process_time() - spent) / (time.monotonic() - wall)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert share < 0.2, f"100 waiting receivers took {share:.0%} of a processor"


async def test_a_send_wakes_a_receiver_of_another_process_long_before_it_would_look_again(
    backend: PostgresQueueBackend, other: PostgresQueueBackend
) -> None:
    latencies: list[float] = []
    for _ in range(5):
        task = asyncio.create_task(other.receive(QUEUE, wait_s=10.0))
        await asyncio.sleep(0.15)
        started = time.monotonic()
        await backend.send([message()])
        await acknowledge(other, await task)
        latencies.append(time.monotonic() - started)
    assert sorted(latencies)[2] < 0.4, f"notifications took {latencies} s"


async def test_one_message_that_cannot_be_stored_fails_alone(backend: PostgresQueueBackend) -> None:
    bodies = ["good", "with \0 in it", "good too"]
    outcomes = await asyncio.gather(*(backend.send([message(body)]) for body in bodies), return_exceptions=True)
    assert isinstance(outcomes[1], InvalidMessageContents)
    assert [isinstance(outcome, list) for outcome in outcomes] == [True, False, True]
    assert sorted(one.body for one in await backend.receive(QUEUE, max_messages=10)) == ["good", "good too"]


async def test_five_processes_may_start_on_an_empty_database_at_once(new_database: str) -> None:
    backends = [PostgresQueueBackend(new_database, clock=SystemClock()) for _ in range(5)]
    try:
        await asyncio.gather(*(one.start() for one in backends))
        await asyncio.gather(*(one.create_queue(QueueSettings(name=QUEUE)) for one in backends))
        assert [settings.name for settings in await backends[0].list_queues()] == [QUEUE]
    finally:
        await asyncio.gather(*(one.stop() for one in backends))


async def test_the_schema_of_a_newer_wipsie_is_refused_with_a_sentence(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    name = new_database.rpartition("/")[2]
    durable_server.run_sql("INSERT INTO wipsie_queue.schema_version VALUES (999)", database=name)
    newcomer = PostgresQueueBackend(new_database, clock=SystemClock())
    with pytest.raises(ConfigurationError, match="999"):
        await newcomer.start()
    await newcomer.stop()


async def test_a_server_without_fsync_is_declared_not_durable(postgres_server: PostgresServer) -> None:
    backend = PostgresQueueBackend(postgres_server.url(), clock=SystemClock())
    await backend.start()
    assert not backend.capabilities.durable
    await backend.stop()


async def test_commits_wait_for_the_disk_whatever_the_server_does_by_default(
    durable_server: PostgresServer, new_database: str
) -> None:
    name = new_database.rpartition("/")[2]
    durable_server.run_sql(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    backend = PostgresQueueBackend(new_database, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    await asyncio.gather(*(backend.send([message()]) for _ in range(20)))
    assert backend.capabilities.durable
    await backend.stop()


async def test_machines_whose_clocks_differ_by_a_minute_agree_on_leases(new_database: str) -> None:
    ahead = PostgresQueueBackend(new_database, clock=ShiftedClock(60.0))
    behind = PostgresQueueBackend(new_database, clock=ShiftedClock(-60.0))
    await ahead.start()
    await behind.start()
    try:
        await ahead.create_queue(QueueSettings(name=QUEUE, visibility_timeout_s=1.0))
        (sent,) = await behind.send([message()])
        assert isinstance(sent, SendResult)
        assert abs(sent.sent_at_ms - SystemClock.now_ms()) < 5_000
        (first,) = await ahead.receive(QUEUE)
        assert await behind.receive(QUEUE) == [], "the lease is over by one clock only"
        assert await ahead.receive(QUEUE) == []
        (second,) = await behind.receive(QUEUE, wait_s=10.0)
        assert second.received_at_ms >= first.lease_until_ms
    finally:
        await ahead.stop()
        await behind.stop()


async def test_a_delay_ends_and_a_lease_ends_in_real_time(backend: PostgresQueueBackend) -> None:
    started = time.monotonic()
    await backend.send([NewMessage(queue=QUEUE, body="later", message_id=new_message_id(), delay_s=0.3)])
    (first,) = await backend.receive(QUEUE, visibility_timeout_s=0.3, wait_s=5.0)
    (second,) = await backend.receive(QUEUE, wait_s=5.0)
    assert second.message_id == first.message_id
    assert 0.55 < time.monotonic() - started < 3.0


@pytest.mark.slow
async def test_two_backends_share_twenty_thousand_messages_without_a_double_delivery(
    backend: PostgresQueueBackend, other: PostgresQueueBackend
) -> None:
    for start in range(0, 20_000, 1000):
        await backend.send([message(str(start + index)) for index in range(1000)])
    delivered: Counter[str] = Counter()

    async def drain(one: PostgresQueueBackend) -> None:
        while deliveries := await one.receive(QUEUE, max_messages=200, visibility_timeout_s=600.0):
            delivered.update(delivery.body for delivery in deliveries)
            await acknowledge(one, deliveries)

    await asyncio.gather(*(drain(one) for one in (backend, other) for _ in range(3)))
    # A receive may find the last messages in another's hands and end early: nothing is left all the same.
    await drain(backend)
    assert len(delivered) == 20_000
    assert set(delivered.values()) == {1}
    assert (await other.counts(QUEUE)).total == 0


@pytest.mark.slow
async def test_fifo_groups_keep_their_order_over_two_backends(
    backend: PostgresQueueBackend, other: PostgresQueueBackend
) -> None:
    line = QueueName("line.fifo")
    await backend.create_queue(QueueSettings(name=line, fifo=True))
    groups, each = 20, 25
    await asyncio.gather(
        *(
            one.send(
                [
                    NewMessage(queue=line, body=f"{group}/{index}", message_id=new_message_id(), group_id=f"g{group}")
                    for index in range(each)
                ]
            )
            for group, one in zip(range(groups), [backend, other] * groups, strict=False)
        )
    )
    seen: dict[str, list[int]] = {}

    async def drain(one: PostgresQueueBackend) -> None:
        # A receiver that finds nothing while the others hold what is left looks again; the last finds an empty queue.
        while (await one.counts(line)).total:
            deliveries = await one.receive(line, max_messages=7, wait_s=0.1)
            for delivery in deliveries:
                group, _, index = delivery.body.partition("/")
                seen.setdefault(group, []).append(int(index))
            await acknowledge(one, deliveries)

    await asyncio.gather(*(drain(one) for one in (backend, other) for _ in range(2)))
    assert len(seen) == groups
    assert all(order == list(range(each)) for order in seen.values())
    counts = await backend.counts(line)
    assert counts.total == 0


@pytest.mark.slow
async def test_a_key_never_has_more_messages_in_flight_than_allowed_over_two_backends(
    backend: PostgresQueueBackend, other: PostgresQueueBackend
) -> None:
    keyed = QueueName("keyed")
    await backend.create_queue(QueueSettings(name=keyed, key_concurrency=2))
    flying: Counter[str] = Counter()
    most: Counter[str] = Counter()
    done = 0

    async def fill(one: PostgresQueueBackend) -> None:
        for index in range(100):
            outcomes = await one.send(
                [NewMessage(queue=keyed, body="x", message_id=new_message_id(), group_id=f"k{index % 3}")]
            )
            assert isinstance(outcomes[0], SendResult)

    async def drain(one: PostgresQueueBackend) -> None:
        nonlocal done
        while done < 400:
            deliveries = await one.receive(keyed, max_messages=3, wait_s=0.1)
            for delivery in deliveries:
                flying[delivery.group_id or ""] += 1
                most[delivery.group_id or ""] = max(most[delivery.group_id or ""], flying[delivery.group_id or ""])
            await asyncio.sleep(0)
            for delivery in deliveries:
                flying[delivery.group_id or ""] -= 1
            await acknowledge(one, deliveries)
            done += len(deliveries)

    await asyncio.gather(*(work(one) for work in (fill, drain) for one in (backend, other) for _ in range(2)))
    assert done == 400
    assert max(most.values()) <= 2
    counts = await backend.counts(keyed)
    assert (counts.ready, counts.blocked, counts.leased) == (0, 0, 0)


async def test_two_processes_with_one_key_at_one_moment_make_one_message(
    backend: PostgresQueueBackend, other: PostgresQueueBackend
) -> None:
    def keyed(key: str) -> NewMessage:
        return NewMessage(queue=QUEUE, body=key, message_id=new_message_id(), deduplication_id=key)

    keys = [f"k{index}" for index in range(20)]
    backwards = list(reversed(keys))
    answers = await asyncio.gather(
        *(one.send([keyed(key) for key in order]) for order in (keys, backwards) for one in (backend, other))
    )
    results = [result for answer in answers for result in answer]
    assert all(isinstance(result, SendResult) for result in results)
    assert sum(isinstance(result, SendResult) and not result.duplicate for result in results) == 20
    assert sorted(one.body for one in await backend.receive(QUEUE, max_messages=100)) == sorted(keys)


async def test_a_send_within_a_transaction_is_there_with_its_commit_and_never_without(
    backend: PostgresQueueBackend, new_database: str
) -> None:
    assert backend.accepts(new_database)
    assert not backend.accepts(new_database + "x")
    engine = create_async_engine(new_database.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.connect() as connection:
            (sent,) = await backend.send_within(connection, [message("undone")])
            assert isinstance(sent, SendResult)
            await connection.rollback()
        task = asyncio.create_task(backend.receive(QUEUE, wait_s=10.0))
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE orders (id integer)"))
            outcomes = await backend.send_within(connection, [message("done"), message("nowhere", QueueName("ghost"))])
            assert isinstance(outcomes[0], SendResult)
            assert isinstance(outcomes[1], QueueNotFound)
            # Others work on the same queue meanwhile.
            await backend.send([message("beside")])
            (beside,) = await task
            assert beside.body == "beside"
        (done,) = await backend.receive(QUEUE, wait_s=10.0)
        assert done.body == "done"
        await acknowledge(backend, [beside, done])
        assert (await backend.counts(QUEUE)).total == 0
    finally:
        await engine.dispose()


async def test_the_commit_of_another_transaction_wakes_a_waiting_receiver(
    backend: PostgresQueueBackend, new_database: str
) -> None:
    engine = create_async_engine(new_database.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        task = asyncio.create_task(backend.receive(QUEUE, wait_s=10.0))
        async with engine.begin() as connection:
            await backend.send_within(connection, [message("done")])
            await asyncio.sleep(0.05)
            assert not task.done()
        (done,) = await task
        assert done.body == "done"
    finally:
        await engine.dispose()


async def test_settings_changed_elsewhere_during_a_load_count_for_every_message(
    backend: PostgresQueueBackend, other: PostgresQueueBackend
) -> None:
    """A queue that becomes keyed while others send to it: no group slips through."""
    keyed = QueueName("keyed")
    await backend.create_queue(QueueSettings(name=keyed))
    refusals: list[WipsieError] = []

    async def fill() -> None:
        for _ in range(30):
            outcomes = await backend.send(
                [NewMessage(queue=keyed, body="x", message_id=new_message_id(), group_id="k") for _ in range(3)]
            )
            refusals.extend(outcome for outcome in outcomes if isinstance(outcome, WipsieError))

    filling = asyncio.create_task(fill())
    await asyncio.sleep(0.02)
    await other.change_queue(QueueSettings(name=keyed, key_concurrency=1))
    before = (await other.counts(keyed)).ready
    await filling
    assert refusals == []
    counts = await other.counts(keyed)
    assert counts.ready <= max(1, before)
    assert counts.total == 90

    async def drained() -> bool:
        # Each acknowledgement makes the next of the key ready.
        while deliveries := await other.receive(keyed, max_messages=100):
            await acknowledge(other, deliveries)
        return (await other.counts(keyed)).total == 0

    await eventually(drained, 20.0, "every message of the key is delivered")
