"""Contract: several backends on one store are one queue."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from wipsie.kernel.errors import QueueExists
from wipsie.queue.contract import QueueBackend
from wipsie.testing.queue_contract.workbench import QueueBench

NOTICE_S = 2.0
"""Another process's send is noticed within this time."""


@pytest.mark.asyncio
class TestSharing:
    async def test_what_one_sends_the_other_receives_and_acknowledges(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        queue = await bench.queue()
        await bench.put(queue, "hello")
        (delivery,) = await other.receive(queue, wait_s=bench.patience_s)
        assert await bench.nothing_ready(queue)
        assert await other.delete([(queue, delivery.receipt)]) == [None]
        await bench.check_counts(queue)

    async def test_a_receipt_counts_at_every_backend(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        assert await other.delete([(queue, delivery.receipt)]) == [None]
        bench.check_stale(await bench.delete_one(queue, delivery.receipt))

    async def test_a_send_at_one_wakes_a_receiver_waiting_at_the_other(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        queue = await bench.queue()
        task = await bench.waiting(other.receive(queue, wait_s=20.0))
        await bench.put(queue, "hello")
        (delivery,) = await bench.result_within(task, NOTICE_S)
        assert delivery.body == "hello"

    async def test_a_lease_of_one_that_ends_wakes_a_receiver_waiting_at_the_other(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        await bench.take_one(queue)
        task = await bench.waiting(other.receive(queue, wait_s=2 * bench.unit_s))
        await bench.pass_time(bench.unit_s)
        assert len(await bench.result_within(task, NOTICE_S)) == 1

    async def test_settings_changed_at_one_count_at_the_other(self, bench: QueueBench) -> None:
        settings = bench.settings(visibility_timeout_s=30.0)
        await bench.backend.create_queue(settings)
        other = await bench.open_another()
        await bench.put(settings.name, "a")
        assert len(await other.receive(settings.name, wait_s=bench.patience_s)) == 1
        changed = msgspec.structs.replace(settings, visibility_timeout_s=77.0)
        await bench.backend.change_queue(changed)
        await bench.let_settings_spread()
        assert await other.queue_settings(settings.name) == changed
        await bench.put(settings.name, "b")
        (delivery,) = await other.receive(settings.name, wait_s=bench.patience_s)
        assert delivery.lease_until_ms - delivery.received_at_ms == 77_000

    async def test_a_queue_created_at_one_exists_at_the_other(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        settings = bench.settings()
        await bench.backend.create_queue(settings)
        assert await other.create_queue(settings) == settings
        with pytest.raises(QueueExists):
            await other.create_queue(msgspec.structs.replace(settings, delay_s=9.0))
        (outcome,) = await other.send([bench.message(settings.name, "hello")])
        assert (await bench.take_one(settings.name)).message_id == getattr(outcome, "message_id", None)

    async def test_a_pause_at_one_stops_the_other_and_a_resume_wakes_it(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        settings = bench.settings()
        await bench.backend.create_queue(settings)
        assert await other.receive(settings.name) == []
        await bench.backend.change_queue(msgspec.structs.replace(settings, paused=True))
        await bench.let_settings_spread()
        await bench.put(settings.name, "held")
        assert await other.receive(settings.name) == []
        task = await bench.waiting(other.receive(settings.name, wait_s=20.0))
        await bench.backend.change_queue(settings)
        assert len(await bench.result_within(task, NOTICE_S + bench.capabilities.settings_noticed_s)) == 1

    async def test_deduplication_holds_across_backends(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        other = await bench.open_another()
        queue = await bench.queue()
        sends = [
            backend.send([bench.message(queue, deduplication_id=f"k{index % 5}")])
            for index in range(20)
            for backend in (bench.backend, other)
        ]
        await asyncio.gather(*sends)
        assert len(await bench.drain(queue)) == 5

    async def test_two_backends_never_deliver_the_same_message(self, bench: QueueBench) -> None:
        other = await bench.open_another()
        queue = await bench.queue(visibility_timeout_s=3600.0)
        count = bench.crowd * 3 // 10
        await bench.send(*(bench.message(queue, str(index)) for index in range(count)))
        seen: list[str] = []

        async def work(backend: QueueBackend) -> None:
            while deliveries := await backend.receive(queue, max_messages=7, wait_s=bench.patience_s):
                seen.extend(delivery.body for delivery in deliveries)

        await asyncio.gather(*(work(backend) for backend in (bench.backend, other, bench.backend, other)))
        assert len(set(seen)) == count
        bench.check_delivered_once(seen)

    async def test_fifo_groups_hold_across_backends(self, bench: QueueBench) -> None:
        bench.needs("fifo")
        other = await bench.open_another()
        queue = await bench.queue("line", fifo=True)
        await bench.put(queue, "first", "second", group_id="g")
        first = await bench.take_one(queue)
        assert await other.receive(queue, max_messages=10) == []
        await bench.acknowledge(first)
        (second,) = await other.receive(queue, wait_s=bench.patience_s)
        assert second.body == "second"
