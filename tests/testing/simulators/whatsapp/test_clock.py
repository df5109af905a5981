"""The simulator's time: of this machine, moved at will, and shared with the application that asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.testing import FakeClock
from wipsie.testing.simulators.whatsapp import Behaviour, WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Receiver

HOUR_S = 3600.0


async def test_without_a_fake_clock_it_runs_ahead_of_the_machine(receiver: Receiver) -> None:
    machine = SystemClock()
    receiver.answers.extend([500] * 5)
    async with WhatsAppSimulator(callback_url=receiver.url) as simulator:
        phone = simulator.phone()
        await phone.send_text("hello")
        await simulator.advance(24 * HOUR_S)
        ahead_s = simulator.clock.now() - machine.now()
        assert len(receiver.messages) == 1
        assert (simulator.log.attempts[-1].at_ms - simulator.log.attempts[0].at_ms) / 1000 > 600
        await phone.send_text("a day later")
        await simulator.settled()
    # What passed on the machine meanwhile counts too.
    assert 24 * HOUR_S - 60 < ahead_s <= 24 * HOUR_S
    first, second = [int(one["timestamp"]) for one in receiver.messages]
    assert abs(second - first - 24 * HOUR_S) < 60


async def test_an_application_that_shares_the_clock_wakes_when_it_is_moved() -> None:
    async with WhatsAppSimulator() as simulator:
        sleeping = asyncio.create_task(simulator.clock.sleep(HOUR_S))
        waiting = asyncio.create_task(simulator.clock.wait(asyncio.get_running_loop().create_future(), 2 * HOUR_S))
        await asyncio.sleep(0)
        await simulator.advance(HOUR_S)
        async with asyncio.timeout(5):
            await sleeping
        assert not waiting.done()
        await simulator.advance(HOUR_S)
        async with asyncio.timeout(5):
            assert await waiting is False


async def test_with_a_fake_clock_both_stay_at_the_same_moment(clock: FakeClock) -> None:
    async with WhatsAppSimulator(clock=clock) as simulator:
        await simulator.advance(HOUR_S)
        assert simulator.clock.now_ms() == clock.now_ms()
        await clock.advance(HOUR_S)
        assert simulator.clock.now_ms() == clock.now_ms()
        assert simulator.clock.offset_s == 0


@pytest.mark.parametrize("behaviour", [Behaviour(sent_after_s=60, delivered_after_s=60)], ids=["a minute each"])
async def test_what_is_due_happens_by_itself_when_the_clock_is_moved_elsewhere(
    simulator: WhatsAppSimulator, receiver: Receiver, clock: FakeClock
) -> None:
    phone = simulator.phone()
    ids = await phone.send_images([b"\xff\xd8\xff", b"\xff\xd8\xff\x00"], gap_s=30)
    await clock.advance(30)
    await simulator.settled()
    assert [one["id"] for one in receiver.messages] == ids


async def test_time_only_moves_forward() -> None:
    async with WhatsAppSimulator() as simulator:
        with pytest.raises(ValueError, match="forward"):
            await simulator.advance(-1)
