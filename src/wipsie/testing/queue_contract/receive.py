"""Contract: receiving messages."""

from __future__ import annotations

import pytest

from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestReceive:
    async def test_an_empty_queue_gives_nothing(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        assert await bench.backend.receive(queue) == []

    async def test_one_message_is_given_unless_more_are_asked_for(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "a", "b")
        assert len(await bench.backend.receive(queue, wait_s=bench.patience_s)) == 1

    async def test_no_more_messages_are_given_than_asked_for(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, *"abcde")
        first = await bench.take(queue, 3)
        second = await bench.take(queue, 3)
        assert len(first) <= 3
        assert sorted(delivery.body for delivery in (*first, *second, *await bench.take(queue, 3))) == list("abcde")

    async def test_a_worker_may_take_a_thousand_at_once(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.send(*(bench.message(queue, str(index)) for index in range(bench.crowd)))
        taken: list[str] = []
        while deliveries := await bench.take(queue, 1000):
            taken += [delivery.body for delivery in deliveries]
            await bench.acknowledge(*deliveries)
        assert sorted(set(taken), key=int) == [str(index) for index in range(bench.crowd)]
        bench.check_delivered_once(taken)

    async def test_a_leased_message_is_hidden_until_its_lease_ends(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=2 * bench.unit_s)
        await bench.put(queue, "hello")
        first = await bench.take_one(queue)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        second = await bench.take_one(queue)
        assert second.message_id == first.message_id
        assert second.receipt != first.receipt

    async def test_the_lease_is_as_long_as_the_queue_says(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=45.0)
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        assert delivery.lease_until_ms - delivery.received_at_ms == 45_000

    async def test_the_receiver_may_ask_for_another_lease(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=45.0)
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue, visibility_timeout_s=bench.unit_s)
        assert delivery.lease_until_ms - delivery.received_at_ms == bench.unit_s * 1000
        await bench.pass_time(bench.unit_s)
        assert (await bench.take_one(queue)).message_id == delivery.message_id

    async def test_a_lease_of_zero_leaves_the_message_ready(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "glance")
        first = await bench.take_one(queue, visibility_timeout_s=0.0)
        second = await bench.take_one(queue)
        assert second.message_id == first.message_id
        assert second.receive_count == 2

    async def test_receives_are_counted(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        counts: list[int] = []
        firsts: list[int] = []
        for _ in range(3):
            delivery = await bench.take_one(queue)
            counts.append(delivery.receive_count)
            firsts.append(delivery.first_received_at_ms)
            await bench.pass_time(bench.unit_s)
        assert counts == [1, 2, 3]
        # A store with a clock of its own may have stamped it a moment before we saw it.
        assert max(firsts) - min(firsts) <= (0 if bench.controls_time else 500), (
            "the time of the first receive must stay"
        )

    async def test_the_first_receive_is_stamped(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        await bench.pass_time(bench.unit_s)
        delivery = await bench.take_one(queue)
        assert delivery.first_received_at_ms == delivery.received_at_ms
        if bench.controls_time:
            assert delivery.received_at_ms == bench.clock.now_ms()

    async def test_a_delivery_knows_since_when_it_waited(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=2 * bench.unit_s)
        start_ms = bench.clock.now_ms()
        await bench.put(queue, "prompt")
        await bench.pass_time(bench.unit_s)
        prompt = await bench.take_one(queue)
        bench.check_time(prompt.waiting_since_ms, start_ms)
        await bench.pass_time(3 * bench.unit_s)
        again = await bench.take_one(queue)
        # A message waits again from the end of its lease.
        bench.check_time(again.waiting_since_ms, prompt.lease_until_ms)
        assert await bench.change_one(again, 0) is None
        returned_ms = bench.clock.now_ms()
        await bench.pass_time(bench.unit_s)
        bench.check_time((await bench.take_one(queue)).waiting_since_ms, returned_ms)

    async def test_a_delayed_message_waits_from_the_end_of_its_delay(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        sent_ms = bench.clock.now_ms()
        await bench.put(queue, "later", delay_s=bench.unit_s)
        await bench.pass_time(2 * bench.unit_s)
        delivery = await bench.take_one(queue)
        bench.check_time(delivery.waiting_since_ms, sent_ms + int(1000 * bench.unit_s))
        bench.check_time(delivery.sent_at_ms, sent_ms)
