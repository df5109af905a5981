"""Contract: messages of one FIFO group are delivered in order, one at a time."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import InvalidInput, NotSupported, ReceiptExpired
from wipsie.queue.contract import Priority, SendResult
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestFifo:
    async def test_every_message_needs_a_group(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        (outcome,) = await bench.backend.send([bench.message(queue)])
        refused(outcome, InvalidInput)

    async def test_a_group_is_delivered_in_the_order_of_acceptance(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.send(*(bench.message(queue, str(index), group_id="g") for index in range(20)))
        seen = [delivery.body for delivery in await bench.drain(queue)]
        assert seen == [str(index) for index in range(20)]

    async def test_priority_does_not_break_the_order_of_a_group(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        bench.needs("priority")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", group_id="g", priority=Priority.LOW)
        await bench.put(queue, "second", group_id="g", priority=Priority.HIGH)
        assert [delivery.body for delivery in await bench.drain(queue)] == ["first", "second"]

    async def test_one_message_of_a_group_is_in_flight(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", "third", group_id="g")
        deliveries = await bench.take(queue, 10)
        assert [delivery.body for delivery in deliveries] == ["first"]
        assert deliveries[0].group_id == "g"
        assert await bench.nothing_ready(queue)
        await bench.check_counts(queue, leased=1, blocked=2)

    async def test_other_groups_go_on(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "a1", "a2", group_id="a")
        await bench.put(queue, "b1", "b2", group_id="b")
        assert sorted(delivery.body for delivery in await bench.take(queue, 10)) == ["a1", "b1"]
        await bench.put(queue, "c1", group_id="c")
        assert await bench.bodies(queue) == ["c1"]

    async def test_an_acknowledged_message_lets_the_next_one_go(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", group_id="g")
        await bench.acknowledge(await bench.take_one(queue))
        assert (await bench.take_one(queue)).body == "second"

    async def test_a_returned_message_is_delivered_before_its_followers(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", group_id="g")
        assert await bench.change_one(await bench.take_one(queue), 0) is None
        delivery = await bench.take_one(queue)
        assert (delivery.body, delivery.receive_count) == ("first", 2)
        assert await bench.nothing_ready(queue)

    async def test_a_retry_blocks_its_group_until_it_is_due(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True, visibility_timeout_s=100 * bench.unit_s)
        await bench.put(queue, "first", "second", group_id="g")
        assert await bench.change_one(await bench.take_one(queue), 2 * bench.unit_s) is None
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        assert await bench.bodies(queue) == ["first"]

    async def test_a_released_message_blocks_its_group_until_it_is_due(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", group_id="g")
        assert await bench.change_one(await bench.take_one(queue), 2 * bench.unit_s, release=True) is None
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        assert [delivery.body for delivery in await bench.drain(queue)] == ["first", "second"]

    async def test_a_delayed_message_holds_up_those_behind_it_in_its_group(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        bench.needs("fifo_delay")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", group_id="g", delay_s=bench.unit_s)
        await bench.put(queue, "second", group_id="g")
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        assert [delivery.body for delivery in await bench.drain(queue)] == ["first", "second"]

    async def test_a_delay_in_a_fifo_queue_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        (outcome,) = await bench.backend.send([bench.message(queue, group_id="g", delay_s=60.0)])
        if bench.capabilities.fifo_delay:
            assert isinstance(outcome, SendResult)
        else:
            refused(outcome, NotSupported)

    async def test_a_delay_of_the_whole_queue_is_kept(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True, delay_s=2 * bench.unit_s)
        await bench.put(queue, "first", "second", group_id="g")
        assert await bench.nothing_ready(queue)
        await bench.pass_time(2 * bench.unit_s)
        assert [delivery.body for delivery in await bench.drain(queue)] == ["first", "second"]

    async def test_a_repeat_in_a_fifo_queue_is_not_stored(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        bench.needs("fifo_deduplication")
        queue = await bench.queue("line", fifo=True)
        outcomes = await bench.send(
            *(bench.message(queue, body, group_id="g", deduplication_id="k") for body in ("once", "again"))
        )
        outcomes += await bench.send(bench.message(queue, "once more", group_id="g", deduplication_id="k"))
        if bench.capabilities.deduplication:
            assert [outcome.duplicate for outcome in outcomes] == [False, True, True]
        delivery = await bench.take_one(queue)
        assert (delivery.body, delivery.deduplication_id) == ("once", "k")
        await bench.acknowledge(delivery)
        assert await bench.nothing_ready(queue)

    async def test_the_same_body_in_a_fifo_queue_is_a_repeat_where_the_content_counts(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        bench.needs("fifo_deduplication")
        queue = await bench.queue("line", fifo=True, content_based_deduplication=True)
        await bench.put(queue, "same", "same", "other", group_id="g")
        assert [delivery.body for delivery in await bench.drain(queue)] == ["same", "other"]

    async def test_a_lost_lease_brings_the_same_message_back(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "first", "second", group_id="g")
        stale = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        current = await bench.take_one(queue)
        assert current.body == "first"
        refused(await bench.delete_one(queue, stale.receipt), ReceiptExpired)
        assert await bench.nothing_ready(queue)

    async def test_a_dead_letter_frees_its_group(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue, dead = await bench.queue_with_dead_letters("line", fifo=True)
        await bench.put(queue, "bad", "good", group_id="g")
        assert await bench.dead_letter_one(await bench.take_one(queue)) is None
        assert (await bench.take_one(queue)).body == "good"
        assert (await bench.take_one(dead)).group_id == "g"

    async def test_poison_at_the_head_of_a_group_does_not_block_it_for_good(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue, dead = await bench.queue_with_dead_letters("line", fifo=True, max_receive_count=1)
        await bench.put(queue, "poison", "good", group_id="g")
        assert await bench.change_one(await bench.take_one(queue), 0) is None
        assert [delivery.body for _ in range(2) for delivery in await bench.take(queue)] == ["good"]
        assert (await bench.take_one(dead)).body == "poison"

    async def test_groups_and_their_leases_survive_a_restart(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", group_id="g")
        first = await bench.take_one(queue)
        await bench.restart()
        assert await bench.nothing_ready(queue)
        await bench.acknowledge(first)
        assert await bench.bodies(queue) == ["second"]
