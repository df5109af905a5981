"""Contract: emptying a queue."""

from __future__ import annotations

import pytest

from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestPurge:
    async def test_ready_delayed_leased_and_blocked_messages_are_removed_and_counted(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "leased", "blocked", group_id="g")
        await bench.take_one(queue)
        await bench.put(queue, "ready")
        await bench.put(queue, "delayed", delay_s=2 * bench.unit_s)
        assert await bench.backend.purge(queue) == 4
        await bench.check_counts(queue)
        await bench.pass_time(3 * bench.unit_s)
        assert await bench.nothing_ready(queue)

    async def test_messages_sent_later_stay(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "before")
        await bench.backend.purge(queue)
        await bench.put(queue, "after")
        assert await bench.bodies(queue) == ["after"]

    async def test_other_queues_are_left_alone(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        await bench.put(queue, "gone")
        await bench.put(other, "stays")
        removed = await bench.backend.purge(queue)
        assert removed == 1 or not bench.capabilities.exact_counts
        assert await bench.bodies(other) == ["stays"]

    async def test_receipts_of_purged_messages_are_refused(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "gone")
        delivery = await bench.take_one(queue)
        await bench.backend.purge(queue)
        assert await bench.delete_one(queue, delivery.receipt) is not None

    async def test_an_empty_queue_is_purged_of_nothing(self, bench: QueueBench) -> None:
        assert await bench.backend.purge(await bench.queue()) == 0

    async def test_a_purged_key_is_free(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "gone", "gone too", group_id="g")
        await bench.take_one(queue)
        await bench.backend.purge(queue)
        await bench.put(queue, "next", group_id="g")
        assert await bench.bodies(queue) == ["next"]

    async def test_a_purged_fifo_group_is_free(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "gone", "gone too", group_id="g")
        await bench.take_one(queue)
        removed = await bench.backend.purge(queue)
        assert removed == 2 or not bench.capabilities.exact_counts
        await bench.put(queue, "next", "after next", group_id="g")
        assert await bench.bodies(queue) == ["next"]
