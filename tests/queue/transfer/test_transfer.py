"""One move between two stores: what it makes, what it refuses, and how it goes on after trouble."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from transfer_parts import contents, finished, messages, transfer
from transfer_stories import Weather, struck

from wipsie.kernel.errors import Conflict, NotSupported, QueueNotFound, StorageUnavailable
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueBackend, QueueSettings, SendResult
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.queue.transfer.drain import BATCH_BYTES, FAILURES_MAX
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

WORK, DEAD = QueueName("wipsie-work"), QueueName("wipsie-work-dlq")


async def fill(backend: QueueBackend, count: int = 10, *, body: str = "") -> None:
    """A queue with its dead-letter queue and so many messages."""
    await backend.create_queue(QueueSettings(name=DEAD))
    await backend.create_queue(QueueSettings(name=WORK, dead_letter_queue=DEAD))
    for start in range(0, count, 1000):
        batch = range(start, min(start + 1000, count))
        await backend.send([NewMessage(queue=WORK, body=body or str(n), message_id=new_message_id()) for n in batch])


async def bodies(backend: QueueBackend) -> list[str]:
    return [one.body for one in await messages(backend, WORK)]


async def settings_as_before(backend: QueueBackend) -> None:
    settings = await backend.queue_settings(WORK)
    assert (settings.paused, settings.tags) == (False, {})


async def test_a_source_delivers_nothing_while_it_is_moved(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 500)
    moving = asyncio.create_task(transfer(here, there, tmp_path, clock, batch_messages_max=5).run())

    async def begun() -> bool:
        return WORK in {one.name for one in await there.list_queues()}

    await eventually(begun, message="the destination has the queue")
    assert await here.receive(WORK) == []
    await moving
    await settings_as_before(here)


async def test_what_is_sent_meanwhile_moves_too(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 500)
    moving = asyncio.create_task(transfer(here, there, tmp_path, clock, batch_messages_max=5).run())

    async def begun() -> bool:
        return WORK in {one.name for one in await there.list_queues()}

    await eventually(begun, message="the destination has the queue")
    late = NewMessage(queue=WORK, body="late", message_id=new_message_id())
    (result,) = await here.send([late])
    assert isinstance(result, SendResult)
    report = await moving
    assert (report.moved, report.left) == (501, 0)
    assert (await bodies(there))[-1] == "late"


async def test_a_cancelled_move_leaves_each_message_in_one_place_and_both_places_working(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 300)
    before = await bodies(here)
    move = transfer(here, there, tmp_path, clock, batch_messages_max=5)
    moving = asyncio.create_task(move.run())
    await eventually(lambda: bool(move.drains) and any(one.moved for one in move.drains), message="the move has begun")
    move.cancel()
    report = await moving
    assert report.interrupted
    assert 0 < report.moved < 300
    assert report.left == 300 - report.moved
    assert await bodies(there) + await bodies(here) == before
    await settings_as_before(here)


async def test_a_move_to_the_same_store_is_refused_whatever_it_is_called(
    here: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    same = SqliteQueueBackend(here.path, clock=clock)
    await same.start()
    with pytest.raises(Conflict, match="same store"):
        await transfer(here, same, tmp_path, clock).run()
    await same.stop()
    await settings_as_before(here)
    assert len(await bodies(here)) == 10


async def test_messages_being_worked_on_refuse_the_move_and_change_nothing(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    await here.receive(WORK, max_messages=3)
    with pytest.raises(Conflict, match="3 message") as refusal:
        await transfer(here, there, tmp_path, clock).run()
    assert refusal.value.details["leased"] == {WORK: 3}
    await settings_as_before(here)
    assert await there.list_queues() == []


async def test_messages_being_worked_on_are_waited_for(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    held = await here.receive(WORK, max_messages=3)
    moving = asyncio.create_task(transfer(here, there, tmp_path, clock, wait_s=20.0).run())
    await eventually(lambda: clock.sleepers > 2, message="the move waits")
    assert await here.delete([(WORK, one.receipt) for one in held]) == [None] * 3
    report = await finished(clock, moving)
    assert (report.moved, report.left) == (7, 0)


async def test_an_unfinished_move_is_not_mixed_with_one_to_another_place(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    broken = struck(SqliteQueueBackend(there.path, clock=clock), Weather(frozenset(range(12, 1000))))
    await broken.start()
    with pytest.raises(StorageUnavailable):
        await finished(clock, transfer(here, broken, tmp_path, clock).run())
    await broken.stop()
    with pytest.raises(Conflict, match="to there did not come to its end"):
        await transfer(here, there, tmp_path, clock, to="elsewhere").run()
    report = await transfer(here, there, tmp_path, clock, to="elsewhere", start_over=True).run()
    assert report.left == 0
    await settings_as_before(here)


async def test_a_start_of_wipsie_in_between_does_not_lose_the_thread(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    before = await contents(here)
    # The first adoption is carried out and not answered, and then nothing is reached any more.
    broken = struck(SqliteQueueBackend(there.path, clock=clock), Weather(frozenset(range(12, 1000))))
    await broken.start()
    with pytest.raises(StorageUnavailable):
        await finished(clock, transfer(here, broken, tmp_path, clock, batch_messages_max=4).run())
    await broken.stop()
    assert await bodies(there) == ["0", "1", "2", "3"]
    engine = QueueEngine(here, clock=clock, names=QueueNames())
    await engine.declare([QueueSettings(name=WORK, dead_letter_queue=DEAD)])
    assert (await transfer(here, there, tmp_path, clock).run()).left == 0
    assert await contents(there) == before
    await settings_as_before(here)


@pytest.mark.parametrize("storm", range(1, 40))
async def test_a_store_that_is_away_for_a_call_is_tried_again_and_nothing_arrives_twice(
    storm: int, here: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    before = await contents(here)
    weather = Weather(frozenset({storm}))
    source, destination = (
        struck(SqliteQueueBackend(tmp_path / f"{name}.db", clock=clock), weather) for name in ("here", "there")
    )
    await source.start()
    await destination.start()
    try:
        report = await finished(clock, transfer(source, destination, tmp_path, clock, batch_messages_max=4).run())
    except StorageUnavailable:
        # Before the first message is moved there is nothing to be patient about; the next run works.
        report = await finished(clock, transfer(source, destination, tmp_path, clock, batch_messages_max=4).run())
    assert report.left == 0
    assert await contents(destination) == before
    await settings_as_before(source)
    await source.stop()
    await destination.stop()


async def test_a_store_that_stays_away_ends_the_run_with_how_to_go_on(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    weather = Weather(frozenset(range(12, 1000)))
    broken = struck(SqliteQueueBackend(there.path, clock=clock), weather)
    await broken.start()
    with pytest.raises(StorageUnavailable, match="the same command goes on") as failure:
        await finished(clock, transfer(here, broken, tmp_path, clock).run())
    assert failure.value.details["moved"] == 0
    assert weather.calls < 12 + 2 * FAILURES_MAX
    assert (await here.queue_settings(WORK)).paused
    await broken.stop()


async def test_two_movers_at_once_move_nothing_twice(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 400)
    before = await contents(here)
    sizes = (5, 7)
    movers = [transfer(here, there, tmp_path, clock, batch_messages_max=size).run() for size in sizes]
    outcomes = await asyncio.gather(*movers, return_exceptions=True)
    assert any(isinstance(outcome, Conflict) for outcome in outcomes), outcomes
    await transfer(here, there, tmp_path, clock).run()
    assert await contents(there) == before


async def test_a_queue_of_the_same_name_and_another_kind_stands_in_the_way(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await here.create_queue(QueueSettings(name=QueueName("wipsie-x")))
    await there.create_queue(QueueSettings(name=QueueName("wipsie-x"), fifo=True))
    with pytest.raises(NotSupported, match="FIFO"):
        await transfer(here, there, tmp_path, clock).run()


async def test_a_limit_of_intake_does_not_keep_out_what_was_accepted_before(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    await there.create_queue(QueueSettings(name=WORK, max_messages=3, message_bytes_max=1, dead_letter_queue=DEAD))
    report = await transfer(here, there, tmp_path, clock).run()
    assert (report.moved, report.left) == (10, 0)
    told = {one.setting for queue in report.queues for one in queue.differences}
    assert told == {"max_messages", "message_bytes_max"}


async def test_a_key_is_still_recognised_at_the_new_place(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 0)
    first = NewMessage(queue=WORK, body="one", message_id=new_message_id(), deduplication_id="k")
    await here.send([first])
    clock.jump(200)
    await transfer(here, there, tmp_path, clock).run()
    again = msgspec.structs.replace(first, message_id=new_message_id())
    (result,) = await there.send([again])
    assert isinstance(result, SendResult)
    assert (result.duplicate, result.message_id) == (True, first.message_id)
    clock.jump(101)
    (result,) = await there.send([again])
    assert isinstance(result, SendResult)
    assert not result.duplicate


async def test_only_the_wanted_queues_move_and_an_unknown_one_is_told(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    other = QueueName("wipsie-other")
    await here.create_queue(QueueSettings(name=other))
    report = await transfer(here, there, tmp_path, clock, queues=[WORK]).run()
    assert {one.queue: one.moved for one in report.queues} == {WORK: 10, DEAD: 0}
    assert {one.name for one in await there.list_queues()} == {WORK, DEAD}
    with pytest.raises(QueueNotFound, match=other):
        await transfer(here, there, tmp_path, clock, queues=[QueueName("wipsie-nowhere")]).run()


async def test_large_messages_travel_in_small_batches(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    size = 900_000
    await fill(here, 30, body="x" * size)
    move = transfer(here, there, tmp_path, clock)
    commits = there.writer.transactions
    assert (await move.run()).moved == 30
    assert there.writer.transactions - commits > 5 * size / BATCH_BYTES


@pytest.mark.slow
async def test_a_hundred_thousand_messages_move_in_bounded_time(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 100_000)
    before = await bodies(here)
    async with asyncio.timeout(45):
        report = await transfer(here, there, tmp_path, clock).run()
    assert report.moved == 100_000
    assert await bodies(there) == before
