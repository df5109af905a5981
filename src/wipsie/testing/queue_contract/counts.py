"""Contract: how many messages a queue holds."""

from __future__ import annotations

import pytest

from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestCounts:
    async def test_an_empty_queue_counts_nothing(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        counts = await bench.check_counts(queue)
        assert counts.queue == queue
        assert counts.total == 0
        assert counts.oldest_ready_age_s is None
        assert not counts.paused

    async def test_every_message_is_counted_in_its_state(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "leased", group_id="g")
        await bench.take_one(queue)
        await bench.put(queue, "blocked", "blocked too", group_id="g")
        await bench.put(queue, "ready", "ready too", "and ready")
        await bench.put(queue, "delayed", "delayed too", "delayed", "delayed", delay_s=60.0)
        counts = await bench.check_counts(queue, ready=3, delayed=4, leased=1, blocked=2)
        assert counts.total == 10

    async def test_the_end_of_a_delay_is_counted_when_it_comes(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "a", delay_s=bench.unit_s)
        await bench.put(queue, "b", delay_s=60 * bench.unit_s)
        await bench.check_counts(queue, delayed=2)
        await bench.pass_time(bench.unit_s)
        await bench.check_counts(queue, ready=1, delayed=1)

    async def test_the_end_of_a_lease_is_counted_when_it_comes(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "a")
        await bench.take_one(queue)
        await bench.check_counts(queue, leased=1)
        await bench.pass_time(bench.unit_s)
        await bench.check_counts(queue, ready=1)

    async def test_counts_follow_every_verb(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.put(queue, *"abcde")
        await bench.check_counts(queue, ready=5)
        first, second, third = [await bench.take_one(queue) for _ in range(3)]
        await bench.check_counts(queue, ready=2, leased=3)
        await bench.acknowledge(first)
        await bench.check_counts(queue, ready=2, leased=2)
        await bench.change_one(second, 0)
        await bench.check_counts(queue, ready=3, leased=1)
        await bench.change_one(third, 60.0)
        await bench.check_counts(queue, ready=3, leased=1)
        await bench.dead_letter_one(third)
        await bench.check_counts(queue, ready=3)
        await bench.check_counts(dead, ready=1)
        await bench.backend.redrive(dead)
        await bench.check_counts(queue, ready=4)
        await bench.check_counts(dead)
        await bench.backend.purge(queue)
        await bench.check_counts(queue)

    async def test_the_oldest_age_is_how_long_the_longest_waiting_message_waits(self, bench: QueueBench) -> None:
        bench.needs("exact_counts")
        bench.needs_controlled_time()
        queue = await bench.queue()
        await bench.put(queue, "delayed", delay_s=1000.0)
        assert (await bench.backend.counts(queue)).oldest_ready_age_s is None
        await bench.put(queue, "first")
        await bench.pass_time(40.0)
        await bench.put(queue, "second")
        await bench.pass_time(2.0)
        age_s = (await bench.backend.counts(queue)).oldest_ready_age_s
        assert age_s == pytest.approx(42.0)
        assert (await bench.take_one(queue)).body == "first"
        age_s = (await bench.backend.counts(queue)).oldest_ready_age_s
        assert age_s == pytest.approx(2.0)
        await bench.take_one(queue)
        assert (await bench.backend.counts(queue)).oldest_ready_age_s is None
