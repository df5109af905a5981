"""Contract: a paused queue accepts messages and delivers none."""

from __future__ import annotations

import msgspec
import pytest

from wipsie.kernel.ids import QueueName
from wipsie.testing.queue_contract.workbench import QueueBench


async def _set_paused(bench: QueueBench, queue: QueueName, paused: bool) -> None:
    settings = await bench.backend.queue_settings(queue)
    await bench.backend.change_queue(msgspec.structs.replace(settings, paused=paused))


@pytest.mark.asyncio
class TestPause:
    async def test_a_paused_queue_accepts_and_delivers_nothing(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "before")
        await _set_paused(bench, queue, True)
        await bench.put(queue, "during")
        assert await bench.nothing_ready(queue)
        counts = await bench.check_counts(queue, ready=2)
        assert counts.paused

    async def test_a_resumed_queue_delivers_everything(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await _set_paused(bench, queue, True)
        await bench.put(queue, "during")
        await _set_paused(bench, queue, False)
        await bench.put(queue, "after")
        assert sorted(await bench.bodies(queue)) == ["after", "during"]
        assert not (await bench.backend.counts(queue)).paused

    async def test_leases_of_a_paused_queue_can_be_kept_and_ended(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=2 * bench.unit_s)
        await bench.put(queue, "a", "b")
        first, second = await bench.take_one(queue), await bench.take_one(queue)
        await _set_paused(bench, queue, True)
        assert await bench.change_one(first, 60.0) is None
        assert await bench.delete_one(queue, first.receipt) is None
        assert await bench.change_one(second, 0) is None
        assert await bench.nothing_ready(queue)
        await bench.check_counts(queue, ready=1)

    async def test_pausing_one_queue_leaves_others_running(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        await _set_paused(bench, queue, True)
        await bench.put(other, "runs")
        assert await bench.bodies(other) == ["runs"]

    async def test_a_pause_survives_a_restart(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await _set_paused(bench, queue, True)
        await bench.put(queue, "held")
        await bench.restart()
        assert await bench.nothing_ready(queue)
        await _set_paused(bench, queue, False)
        assert await bench.bodies(queue) == ["held"]
