"""Contract: the order of delivery is priority with aging, then age."""

from __future__ import annotations

import pytest

from wipsie.queue.contract import Priority
from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestOrder:
    async def test_older_messages_go_first(self, bench: QueueBench) -> None:
        bench.needs("priority")  # A backend that keeps no priority promises no order either.
        queue = await bench.queue()
        await bench.put(queue, "a", "b")
        await bench.pass_time(bench.unit_s)
        await bench.put(queue, "c")
        await bench.send(*(bench.message(queue, body) for body in "def"))
        assert await bench.bodies(queue) == list("abcdef")

    async def test_one_receive_gives_its_messages_in_order(self, bench: QueueBench) -> None:
        bench.needs("priority")
        queue = await bench.queue()
        await bench.put(queue, "second", "third")
        await bench.put(queue, "first", priority=Priority.HIGH)
        assert [delivery.body for delivery in await bench.take(queue)] == ["first", "second", "third"]

    async def test_high_goes_before_medium_before_low(self, bench: QueueBench) -> None:
        bench.needs("priority")
        queue = await bench.queue()
        for priority in (Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.LOW, Priority.HIGH):
            await bench.put(queue, priority.name, priority=priority)
        assert await bench.bodies(queue) == ["HIGH", "HIGH", "MEDIUM", "LOW", "LOW"]

    async def test_a_message_that_waited_longer_than_the_head_start_goes_first(self, bench: QueueBench) -> None:
        bench.needs("priority")
        queue = await bench.queue(aging_s=2 * bench.unit_s)
        await bench.put(queue, "medium", priority=Priority.MEDIUM)
        await bench.pass_time(3 * bench.unit_s)
        await bench.put(queue, "high", priority=Priority.HIGH)
        assert await bench.bodies(queue) == ["medium", "high"]

    async def test_a_message_that_waited_less_than_the_head_start_goes_later(self, bench: QueueBench) -> None:
        bench.needs("priority")
        queue = await bench.queue(aging_s=2 * bench.unit_s)
        await bench.put(queue, "medium", priority=Priority.MEDIUM)
        await bench.pass_time(bench.unit_s)
        await bench.put(queue, "high", priority=Priority.HIGH)
        assert await bench.bodies(queue) == ["high", "medium"]

    async def test_each_level_has_a_head_start_of_its_own(self, bench: QueueBench) -> None:
        bench.needs("priority")
        queue = await bench.queue(aging_s=2 * bench.unit_s)
        await bench.put(queue, "low", priority=Priority.LOW)
        await bench.pass_time(3 * bench.unit_s)
        await bench.put(queue, "medium", priority=Priority.MEDIUM)
        await bench.put(queue, "high", priority=Priority.HIGH)
        # Low is one head start behind high and past the one behind medium.
        assert await bench.bodies(queue) == ["high", "low", "medium"]

    async def test_low_messages_do_not_starve_under_a_stream_of_high_ones(self, bench: QueueBench) -> None:
        bench.needs("priority")
        bench.needs_controlled_time()
        queue = await bench.queue(aging_s=10.0)
        await bench.put(queue, "low", priority=Priority.LOW)
        served: list[str] = []
        await bench.put(queue, *["high"] * 5, priority=Priority.HIGH)
        for _ in range(30):
            await bench.put(queue, "high", priority=Priority.HIGH)
            served.append((await bench.take_one(queue, visibility_timeout_s=3600.0)).body)
            await bench.pass_time(1.0)
        assert "low" in served
