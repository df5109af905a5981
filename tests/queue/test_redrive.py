"""Redrive as people use it: at a rate, cancelled half-way, bounded, filtered; its report adds up."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from wipsie.kernel.errors import InvalidInput, QueueNotFound
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import DeadLetterCause, DeadLetterOrder, NewMessage, QueueSettings, RedriveFilter
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.queue.redrive import RedriveReport
from wipsie.testing import eventually
from wipsie.testing.clock import FakeClock

WORK = QueueName("wipsie-default")
DEAD = QueueName("wipsie-default-dlq")
OTHER = QueueName("wipsie-other")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def engine(tmp_path: Path, clock: FakeClock) -> AsyncIterator[QueueEngine]:
    engine = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames())
    await engine.start()
    await engine.declare([QueueSettings(name=WORK), QueueSettings(name=OTHER)])
    yield engine
    await engine.stop()


async def bury(engine: QueueEngine, count: int, *, code: str = "REJECTED", reason: str = "bad") -> list[MessageId]:
    """Send `count` messages and dead-letter them; their ids in order."""
    ids = [new_message_id() for _ in range(count)]
    await engine.send_many([NewMessage(queue=WORK, body=one, message_id=one) for one in ids])
    while deliveries := await engine.receive(WORK, max_messages=1000):
        cause = DeadLetterCause(code=code, reason=reason)
        outcomes = await engine.dead_letter([DeadLetterOrder(WORK, one.receipt, cause) for one in deliveries])
        assert not any(outcomes)
    return ids


async def totals(engine: QueueEngine) -> tuple[int, int]:
    """Messages in the work queue and in its dead-letter queue."""
    return (await engine.counts(WORK)).total, (await engine.counts(DEAD)).total


async def ids_in(engine: QueueEngine, queue: QueueName) -> list[MessageId]:
    return [one.message_id for one in await engine.peek(queue, limit=1000)]


def without(all_ids: Sequence[MessageId], some: Sequence[MessageId]) -> list[MessageId]:
    return [one for one in all_ids if one not in set(some)]


async def test_everything_goes_home_in_order_over_many_steps(engine: QueueEngine) -> None:
    ids = await bury(engine, 250)
    report = await engine.redrive(DEAD).run()
    assert report == RedriveReport(moved=250, skipped=0, cancelled=False)
    assert await ids_in(engine, WORK) == ids
    assert await totals(engine) == (250, 0)


async def test_another_run_goes_on_from_a_position(engine: QueueEngine) -> None:
    ids = await bury(engine, 250)
    first = engine.redrive(DEAD)
    await first.step()
    assert (first.moved, len(await ids_in(engine, WORK))) == (100, 100)
    assert first.position is not None
    second = engine.redrive(DEAD, after_sequence_number=first.position)
    assert await second.run() == RedriveReport(moved=150, skipped=0, cancelled=False)
    assert second.position is None
    assert await second.step() == 0.0
    assert await ids_in(engine, WORK) == ids


async def test_nothing_moves_before_it_is_run(engine: QueueEngine) -> None:
    await bury(engine, 3)
    engine.redrive(DEAD)
    assert await totals(engine) == (0, 3)


async def test_an_empty_queue_is_done_at_once(engine: QueueEngine) -> None:
    assert await engine.redrive(DEAD, rate_per_s=1.0).run() == RedriveReport(0, 0, cancelled=False)


async def test_an_unknown_queue_or_destination_is_refused(engine: QueueEngine) -> None:
    await bury(engine, 1)
    with pytest.raises(QueueNotFound):
        await engine.redrive(QueueName("wipsie-nowhere")).run()
    with pytest.raises(QueueNotFound):
        await engine.redrive(DEAD, destination=QueueName("wipsie-nowhere")).run()
    assert await totals(engine) == (0, 1)


@pytest.mark.parametrize(("rate_per_s", "step"), [(50.0, 5), (1.0, 1), (0.5, 1)])
async def test_a_rate_is_kept_from_the_first_message_on(
    engine: QueueEngine, clock: FakeClock, rate_per_s: float, step: int
) -> None:
    await bury(engine, 4 * step)
    others = clock.sleepers
    redrive = engine.redrive(DEAD, rate_per_s=rate_per_s)
    task = asyncio.create_task(redrive.run())
    for steps_done in range(1, 5):
        await eventually(lambda: clock.sleepers > others, 5, "the redrive waits")
        assert redrive.moved == steps_done * step
        await clock.advance(0.8 * step / rate_per_s)
        assert redrive.moved == steps_done * step, "it went on before its time"
        await clock.advance(0.2 * step / rate_per_s)
    assert await asyncio.wait_for(task, 5) == RedriveReport(4 * step, 0, cancelled=False)


async def test_cancelling_keeps_what_was_moved_and_leaves_the_rest(engine: QueueEngine, clock: FakeClock) -> None:
    ids = await bury(engine, 40)
    others = clock.sleepers
    redrive = engine.redrive(DEAD, rate_per_s=100.0)
    task = asyncio.create_task(redrive.run())
    for moved in (10, 20):
        await eventually(lambda: clock.sleepers > others, 5, "the redrive waits")
        assert redrive.moved == moved
        if moved == 20:
            redrive.cancel()
        await clock.advance(0.11)
    assert await asyncio.wait_for(task, 5) == RedriveReport(20, 0, cancelled=True)
    assert await ids_in(engine, WORK) == ids[:20]
    assert await ids_in(engine, DEAD) == ids[20:]


async def test_a_killed_task_keeps_what_was_moved_too(engine: QueueEngine, clock: FakeClock) -> None:
    ids = await bury(engine, 30)
    others = clock.sleepers
    redrive = engine.redrive(DEAD, rate_per_s=100.0)
    task = asyncio.create_task(redrive.run())
    await eventually(lambda: clock.sleepers > others, 5, "the redrive waits")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert redrive.moved == 10
    assert sorted(await ids_in(engine, WORK) + await ids_in(engine, DEAD)) == sorted(ids)
    assert await totals(engine) == (10, 20)


async def test_a_redrive_cancelled_before_it_ran_moves_nothing(engine: QueueEngine) -> None:
    await bury(engine, 2)
    redrive = engine.redrive(DEAD)
    redrive.cancel()
    assert await redrive.run() == RedriveReport(0, 0, cancelled=True)
    assert await totals(engine) == (0, 2)


@pytest.mark.parametrize("messages_max", [0, 1, 99, 100, 101, 150])
async def test_no_more_than_asked_for_are_moved_and_the_oldest_go_first(engine: QueueEngine, messages_max: int) -> None:
    ids = await bury(engine, 120)
    report = await engine.redrive(DEAD, messages_max=messages_max).run()
    moved = min(messages_max, 120)
    assert report == RedriveReport(moved, 0, cancelled=False)
    assert await ids_in(engine, WORK) == ids[:moved]


async def test_the_bound_counts_what_was_moved_not_what_was_looked_at(engine: QueueEngine) -> None:
    await bury(engine, 130, code="REJECTED")
    wanted = await bury(engine, 20, code="TIMED_OUT")
    report = await engine.redrive(DEAD, matching=RedriveFilter(cause_code="TIMED_OUT"), messages_max=7).run()
    assert report == RedriveReport(7, 130, cancelled=False)
    assert await ids_in(engine, WORK) == wanted[:7]


@pytest.mark.parametrize("rate_per_s", [0.0, -1.0, math.nan, math.inf])
async def test_a_rate_that_means_nothing_is_refused(engine: QueueEngine, rate_per_s: float) -> None:
    with pytest.raises(InvalidInput):
        engine.redrive(DEAD, rate_per_s=rate_per_s)


async def test_a_bound_below_zero_is_refused(engine: QueueEngine) -> None:
    with pytest.raises(InvalidInput):
        engine.redrive(DEAD, messages_max=-1)


FILTERS: dict[str, tuple[RedriveFilter, list[int]]] = {
    "code": (RedriveFilter(cause_code="TIMED_OUT"), [0, 1, 2]),
    "reason": (RedriveFilter(reason_contains="no column"), [3, 4, 5, 6]),
    "code spelled otherwise": (RedriveFilter(cause_code="timed_out"), []),
    "two conditions": (RedriveFilter(cause_code="TIMED_OUT", reason_contains="no column"), []),
    "everything": (RedriveFilter(), [0, 1, 2, 3, 4, 5, 6]),
}


async def bury_two_kinds(engine: QueueEngine, clock: FakeClock) -> list[MessageId]:
    """Three that timed out; a minute later four that were rejected."""
    old = await bury(engine, 3, code="TIMED_OUT", reason="took 61 s")
    await clock.advance(60.0)
    return old + await bury(engine, 4, code="REJECTED", reason="ValueError: no column")


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_moves_only_what_matches_and_counts_the_rest(
    engine: QueueEngine, clock: FakeClock, name: str
) -> None:
    matching, wanted = FILTERS[name]
    ids = await bury_two_kinds(engine, clock)
    report = await engine.redrive(DEAD, matching=matching).run()
    assert report == RedriveReport(len(wanted), 7 - len(wanted), cancelled=False)
    assert await ids_in(engine, WORK) == [ids[number] for number in wanted]
    assert await ids_in(engine, DEAD) == [one for number, one in enumerate(ids) if number not in wanted]


async def test_a_filter_by_time_takes_what_died_before(engine: QueueEngine, clock: FakeClock) -> None:
    ids = await bury_two_kinds(engine, clock)
    report = await engine.redrive(DEAD, matching=RedriveFilter(dead_before_ms=clock.now_ms())).run()
    assert (report.moved, report.skipped) == (3, 4)
    assert await ids_in(engine, WORK) == ids[:3]


async def test_a_filter_by_id_takes_only_these(engine: QueueEngine, clock: FakeClock) -> None:
    ids = await bury_two_kinds(engine, clock)
    matching = RedriveFilter(message_ids=frozenset([ids[1], ids[5], new_message_id()]))
    assert await engine.redrive(DEAD, matching=matching).run() == RedriveReport(2, 5, cancelled=False)
    assert await ids_in(engine, WORK) == [ids[1], ids[5]]


async def test_what_somebody_holds_is_skipped(engine: QueueEngine) -> None:
    ids = await bury(engine, 3)
    (held,) = await engine.receive(DEAD)
    assert await engine.redrive(DEAD).run() == RedriveReport(2, 1, cancelled=False)
    assert await ids_in(engine, WORK) == without(ids, [held.message_id])


async def test_a_redriven_message_starts_anew_but_remembers_that_it_was_redriven(engine: QueueEngine) -> None:
    (message_id,) = await bury(engine, 1)
    await engine.redrive(DEAD, destination=OTHER).run()
    (delivery,) = await engine.receive(OTHER)
    assert (delivery.message_id, delivery.body) == (message_id, message_id)
    assert (delivery.receive_count, delivery.redrive_count, delivery.dead_letter) == (1, 1, None)


async def test_a_queue_cannot_be_redriven_into_itself(engine: QueueEngine) -> None:
    ids = await bury(engine, 3)
    with pytest.raises(InvalidInput):
        engine.redrive(DEAD, destination=DEAD)
    assert await ids_in(engine, DEAD) == ids
