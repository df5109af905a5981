"""Contract: a waiting receiver wakes when there is something for it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from wipsie.kernel.errors import QueueNotFound
from wipsie.testing.eventually import eventually
from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestWaiting:
    async def test_a_receive_that_need_not_wait_does_not(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        (delivery,) = await asyncio.wait_for(bench.backend.receive(queue, wait_s=20.0), 5.0)
        assert delivery.body == "hello"

    async def test_a_send_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.put(queue, "hello")
        (delivery,) = await bench.result(task)
        assert delivery.body == "hello"

    async def test_a_send_to_another_queue_wakes_nobody(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.put(other, "hello")
        await bench.pass_time(bench.unit_s)
        assert not task.done()

    async def test_the_end_of_a_delay_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "later", delay_s=bench.unit_s)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.pass_time(bench.unit_s)
        (delivery,) = await bench.result(task)
        assert delivery.body == "later"

    async def test_a_delayed_send_during_the_wait_wakes_the_receiver_when_due(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.put(queue, "later", delay_s=bench.unit_s)
        await bench.pass_time(bench.unit_s)
        (delivery,) = await bench.result(task)
        assert delivery.body == "later"

    async def test_the_end_of_a_lease_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        first = await bench.take_one(queue)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.pass_time(bench.unit_s)
        (second,) = await bench.result(task)
        assert second.message_id == first.message_id

    async def test_a_returned_message_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        first = await bench.take_one(queue)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        assert await bench.change_one(first, 0) is None
        (second,) = await bench.result(task)
        assert second.message_id == first.message_id

    async def test_a_shortened_lease_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=100 * bench.unit_s)
        await bench.put(queue, "hello")
        first = await bench.take_one(queue)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        assert await bench.change_one(first, bench.unit_s) is None
        await bench.pass_time(bench.unit_s)
        (second,) = await bench.result(task)
        assert second.message_id == first.message_id

    async def test_a_resumed_queue_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        settings = bench.settings(paused=True)
        await bench.backend.create_queue(settings)
        await bench.put(settings.name, "hello")
        task = await bench.waiting(bench.backend.receive(settings.name, wait_s=20.0))
        await bench.backend.change_queue(msgspec.structs.replace(settings, paused=False))
        (delivery,) = await bench.result(task)
        assert delivery.body == "hello"

    async def test_a_redrive_wakes_a_receiver_waiting_at_the_origin(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "again")
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.backend.redrive(dead)
        (delivery,) = await bench.result(task)
        assert delivery.body == "again"

    async def test_a_dead_letter_wakes_a_receiver_waiting_at_the_dead_letter_queue(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        task = await bench.waiting(bench.backend.receive(dead, wait_s=20.0))
        await bench.dead_letters(queue, "bad")
        (delivery,) = await bench.result(task)
        assert delivery.body == "bad"

    async def test_the_next_of_a_fifo_group_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", group_id="g")
        first = await bench.take_one(queue)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.acknowledge(first)
        (second,) = await bench.result(task)
        assert second.body == "second"

    async def test_a_free_key_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "first", "second", group_id="g")
        first = await bench.take_one(queue)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.acknowledge(first)
        (second,) = await bench.result(task)
        assert second.body == "second"

    async def test_the_end_of_a_lease_on_a_key_wakes_a_waiting_receiver(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "first", "second", group_id="g")
        await bench.take_one(queue)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        await bench.pass_time(bench.unit_s)
        assert len(await bench.result(task)) == 1

    async def test_a_wait_ends_with_nothing_at_its_deadline(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        task = await bench.waiting(bench.backend.receive(queue, wait_s=2 * bench.unit_s))
        await bench.pass_time(bench.unit_s)
        assert not task.done()
        await bench.pass_time(bench.unit_s)
        assert await bench.result(task) == []

    async def test_a_wait_does_not_outlive_its_deadline_for_a_later_message(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "too late", delay_s=3 * bench.unit_s)
        task = await bench.waiting(bench.backend.receive(queue, wait_s=bench.unit_s))
        await bench.pass_time(bench.unit_s)
        assert await bench.result(task) == []

    async def test_every_waiting_receiver_gets_a_message_when_there_are_enough(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        tasks = [await bench.waiting(bench.backend.receive(queue, wait_s=20.0)) for _ in range(20)]
        await bench.send(*(bench.message(queue, str(index)) for index in range(20)))
        deliveries = [delivery for task in tasks for delivery in await bench.result(task)]
        assert len(deliveries) == 20
        bench.check_delivered_once(delivery.body for delivery in deliveries)

    async def test_one_message_serves_one_of_many_waiting_receivers(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        tasks = [await bench.waiting(bench.backend.receive(queue, wait_s=2 * bench.unit_s)) for _ in range(10)]
        await bench.put(queue, "for one")
        await bench.pass_time(2 * bench.unit_s)
        deliveries = [delivery for task in tasks for delivery in await bench.result(task)]
        assert deliveries
        bench.check_delivered_once(delivery.body for delivery in deliveries)

    async def test_a_cancelled_wait_leaves_no_lease_behind(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=3600.0)
        for round_number in range(20):
            task = asyncio.create_task(bench.backend.receive(queue, wait_s=20.0))
            # Vary how far the receive has come when it is cancelled together with the send.
            for _ in range(round_number):
                await asyncio.sleep(0)
            send = asyncio.create_task(bench.put(queue, str(round_number)))
            for _ in range(round_number // 2):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
            await send
            if not task.cancelled() and (kept := task.result()):
                await bench.acknowledge(*kept)
                continue

            async def ready() -> bool:
                deliveries = await bench.backend.receive(queue, max_messages=10)
                await bench.acknowledge(*deliveries)
                return len(deliveries) == 1

            await eventually(ready, message=f"the message of round {round_number} is leased to nobody")

    async def test_a_cancelled_wait_does_not_swallow_the_next_message(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        gone = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        stays = await bench.waiting(bench.backend.receive(queue, wait_s=20.0))
        gone.cancel()
        await asyncio.wait((gone,))
        await bench.put(queue, "hello")
        (delivery,) = await bench.result(stays)
        assert delivery.body == "hello"

    async def test_stop_wakes_waiting_receivers_with_nothing(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        tasks = [await bench.waiting(bench.backend.receive(queue, wait_s=20.0)) for _ in range(3)]
        await bench.close(bench.backend)
        assert [await bench.result(task) for task in tasks] == [[], [], []]

    async def test_deleting_a_queue_ends_the_waits_on_it(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        task = await bench.waiting(bench.backend.receive(queue, wait_s=bench.unit_s))
        await bench.backend.delete_queue(queue)
        await bench.pass_time(bench.unit_s)
        # Saying that the queue is gone is as good as giving nothing.
        with contextlib.suppress(QueueNotFound):
            assert await bench.result(task) == []
