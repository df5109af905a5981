"""Stores that speak the contract alone: they are received from and sent to, and what that costs is told before."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from transfer_parts import finished, messages, transfer
from transfer_stories import Fate, Killed, plain, struck

from wipsie.kernel.errors import Conflict, MessageTooLarge, NotSupported
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import DeadLetterCause, DeadLetterOrder, NewMessage, Priority, QueueBackend, QueueSettings
from wipsie.queue.transfer import TransferPort, TransferReport
from wipsie.queue.transfer.source import LEASE_S
from wipsie.testing.clock import FakeClock

WORK, DEAD, LINE = QueueName("plain-work"), QueueName("plain-work-dlq"), QueueName("plain-line.fifo")
Ends = Callable[[QueueBackend, QueueBackend], tuple[QueueBackend, QueueBackend]]


def from_plain(here: QueueBackend, there: QueueBackend) -> tuple[QueueBackend, QueueBackend]:
    return plain(here), there


def to_plain(here: QueueBackend, there: QueueBackend) -> tuple[QueueBackend, QueueBackend]:
    return here, plain(there)


def both_plain(here: QueueBackend, there: QueueBackend) -> tuple[QueueBackend, QueueBackend]:
    return plain(here), plain(there)


def to_plainest(here: QueueBackend, there: QueueBackend) -> tuple[QueueBackend, QueueBackend]:
    return here, plain(there, deduplication=False)


async def fill(backend: QueueBackend, count: int = 20) -> list[MessageId]:
    await backend.create_queue(QueueSettings(name=DEAD))
    await backend.create_queue(QueueSettings(name=WORK, dead_letter_queue=DEAD, max_receive_count=100))
    await backend.create_queue(QueueSettings(name=LINE, fifo=True, max_receive_count=100))
    ids = [new_message_id() for _ in range(count)]
    for number, one in enumerate(ids):
        line = number % 2
        await backend.send(
            [
                NewMessage(
                    queue=LINE if line else WORK,
                    body=str(number),
                    message_id=one,
                    priority=Priority.HIGH,
                    group_id=f"g{number % 3}" if line else None,
                )
            ]
        )
    return ids


async def held(backend: QueueBackend) -> Counter[MessageId]:
    return Counter([one.message_id for queue in (WORK, DEAD, LINE) for one in await messages(backend, queue)])


def test_a_store_with_the_contract_alone_is_recognised(here: SqliteQueueBackend) -> None:
    assert isinstance(here, TransferPort)
    assert not isinstance(plain(here), TransferPort)


@pytest.mark.parametrize("ends", [from_plain, to_plain, both_plain])
async def test_everything_that_can_be_received_moves_in_order(
    ends: Ends, here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    ids = await fill(here)
    source, destination = ends(here, there)
    report = await finished(clock, transfer(source, destination, tmp_path, clock, lossy=True).run())
    assert (report.moved, report.left, report.notes) == (20, 0, ())
    assert await held(there) == Counter(ids)
    assert not await held(here)
    lines: dict[str | None, list[int]] = {}
    for one in await messages(there, LINE):
        assert one.priority is Priority.HIGH
        lines.setdefault(one.group_id, []).append(int(one.body))
    assert all(line == sorted(line) for line in lines.values())
    assert not list((tmp_path / "journals").glob("*.json"))


async def test_what_a_destination_would_not_keep_is_told_before_and_has_to_be_wanted(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    (taken,) = await here.receive(WORK)
    await here.dead_letter([DeadLetterOrder(WORK, taken.receipt, DeadLetterCause(code="REJECTED", reason="no"))])
    with pytest.raises(NotSupported, match=r"without their cause and attempts\. Add --lossy"):
        await transfer(here, plain(there), tmp_path, clock).run()
    assert await there.list_queues() == []
    await transfer(here, plain(there), tmp_path, clock, lossy=True).run()
    await there.redrive(DEAD)
    assert taken.message_id in {one.message_id for one in await messages(there, WORK)}


async def test_a_destination_that_may_forget_has_to_be_wanted(
    here: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    relaxed = SqliteQueueBackend(tmp_path / "relaxed.db", clock=clock, synchronous="NORMAL")
    await relaxed.start()
    with pytest.raises(NotSupported, match=r"may lose in a crash what was just moved .* --lossy"):
        await transfer(here, relaxed, tmp_path, clock).run()
    assert (await transfer(here, relaxed, tmp_path, clock, lossy=True).run()).moved == 20
    await relaxed.stop()


async def test_delays_a_source_cannot_hand_over_are_told_and_moved_by_a_later_run(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here)
    late = NewMessage(queue=WORK, body="late", message_id=new_message_id(), delay_s=3600.0)
    await here.send([late])
    source = plain(here)
    with pytest.raises(NotSupported, match="only when their delay ends"):
        await transfer(source, there, tmp_path, clock).run()
    report = await finished(clock, transfer(source, there, tmp_path, clock, lossy=True).run())
    assert (report.moved, report.left) == (20, 1)
    assert "run this again later" in report.notes[0]
    clock.jump(3600)
    report = await finished(clock, transfer(source, there, tmp_path, clock).run())
    assert (report.moved, report.left) == (1, 0)


async def test_delays_arrive_at_a_destination_that_takes_new_messages_only(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 0)
    await here.send([NewMessage(queue=WORK, body="late", message_id=new_message_id(), delay_s=3600.0)])
    (before,) = await messages(here, WORK)
    clock.jump(100)
    await transfer(here, plain(there), tmp_path, clock, lossy=True).run()
    (after,) = await messages(there, WORK)
    assert after.visible_at_ms == before.visible_at_ms


async def test_a_message_the_destination_refuses_stays_with_all_behind_it(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(here, 0)
    for body in ("small", "x" * 100, "small too"):
        await here.send([NewMessage(queue=WORK, body=body, message_id=new_message_id())])
    await there.create_queue(QueueSettings(name=WORK, message_bytes_max=10))
    with pytest.raises(MessageTooLarge, match=r"The message .* could not be moved: .* takes up to 10"):
        await transfer(here, plain(there), tmp_path, clock, lossy=True, batch_messages_max=1).run()
    assert [one.body for one in await messages(there, WORK)] == ["small"]
    assert [one.body for one in await messages(here, WORK)] == ["x" * 100, "small too"]
    assert not (await here.queue_settings(WORK)).paused


async def test_two_movers_with_one_journal_are_kept_apart(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    ids = await fill(here, 60)
    movers = [transfer(here, plain(there), tmp_path, clock, lossy=True, batch_messages_max=3).run() for _ in range(2)]
    first, second = await asyncio.gather(*movers, return_exceptions=True)
    assert {type(first), type(second)} == {TransferReport, Conflict}
    assert await held(there) == Counter(ids)


KILLS = 3


async def one_life(folder: Path, clock: FakeClock, ends: Ends, moment: int) -> None:
    fate = Fate(moment)
    here, there = (
        struck(SqliteQueueBackend(folder / f"{name}.db", clock=clock, synchronous="NORMAL"), fate)
        for name in ("here", "there")
    )
    await here.start()
    await there.start()
    try:
        await finished(clock, transfer(*ends(here, there), folder, clock, lossy=True, batch_messages_max=3).run())
    except Killed:
        pass
    finally:
        await here.stop()
        await there.stop()
    clock.jump(LEASE_S)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(6))
async def test_killed_while_receiving_every_message_arrives_once(
    seed: int, here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    ids = await fill(here)
    chance = random.Random(seed)
    for _ in range(KILLS):
        await one_life(tmp_path, clock, from_plain, chance.randrange(20, 120))
    await finished(clock, transfer(plain(here), there, tmp_path, clock, lossy=True).run())
    assert await held(there) == Counter(ids)
    assert not await held(here)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("ends", [to_plain, both_plain])
@pytest.mark.parametrize("seed", range(6))
async def test_killed_while_sending_no_message_is_lost_and_what_may_be_twice_is_told(
    seed: int, ends: Ends, here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    ids = await fill(here)
    chance = random.Random(seed)
    for _ in range(KILLS):
        await one_life(tmp_path, clock, ends, chance.randrange(20, 120))
    source, destination = ends(here, there)
    report = await finished(clock, transfer(source, destination, tmp_path, clock, lossy=True).run())
    found = await held(there)
    assert set(found) == set(ids)
    assert not await held(here)
    # The message id is the deduplication id of what is sent anew: sent again within the window, it is recognised.
    assert max(found.values()) == 1, report.notes


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_what_arrived_twice_for_want_of_deduplication_is_told(
    here: SqliteQueueBackend, there: SqliteQueueBackend, tmp_path: Path, clock: FakeClock
) -> None:
    ids = await fill(here)
    for moment in range(20, 40):
        await one_life(tmp_path, clock, to_plainest, moment)
    source, destination = to_plainest(here, there)
    report = await finished(clock, transfer(source, destination, tmp_path, clock, lossy=True).run())
    found = await held(there)
    assert set(found) == set(ids)
    twice = sum(count - 1 for count in found.values())
    told = sum(int(match) for note in report.notes for match in re.findall(r"sending of (\d+) message", note))
    assert 0 < twice <= told
