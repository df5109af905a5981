"""Contract: many callers at once lose nothing and get nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from wipsie.queue.contract import SendResult
from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestConcurrency:
    async def test_many_senders_and_eight_receivers_account_for_every_message(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=3600.0)
        accepted: set[str] = set()
        delivered: Counter[str] = Counter()
        sending = True

        async def sender(number: int) -> None:
            for index in range(5):
                (result,) = await bench.send(bench.message(queue, f"{number}/{index}"))
                accepted.add(result.message_id)

        async def receiver() -> None:
            while True:
                finished = not sending
                deliveries = await bench.backend.receive(queue, max_messages=10)
                delivered.update(delivery.message_id for delivery in deliveries)
                await bench.acknowledge(*deliveries)
                if not deliveries and finished:
                    return
                await asyncio.sleep(0)

        receivers = [asyncio.create_task(receiver()) for _ in range(8)]
        await asyncio.gather(*(sender(number) for number in range(bench.crowd // 5)))
        sending = False
        await asyncio.gather(*receivers)
        assert len(accepted) == bench.crowd // 5 * 5
        assert set(delivered) == accepted
        bench.check_delivered_once(delivered.elements())
        await bench.check_counts(queue)

    async def test_a_full_queue_stays_full_under_concurrent_senders(self, bench: QueueBench) -> None:
        bench.needs("exact_counts")
        queue = await bench.queue(max_messages=25)
        outcomes = await asyncio.gather(*(bench.backend.send([bench.message(queue, str(i))]) for i in range(100)))
        assert sum(isinstance(outcome, SendResult) for (outcome,) in outcomes) == 25
        await bench.check_counts(queue, ready=25)

    async def test_concurrent_deletes_of_one_receipt_succeed_once(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "once")
        delivery = await bench.take_one(queue)
        outcomes = await asyncio.gather(*(bench.delete_one(queue, delivery.receipt) for _ in range(10)))
        assert outcomes.count(None) == 1

    async def test_a_cancelled_send_is_stored_whole_or_not_at_all(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        for turns in range(10):
            task = asyncio.create_task(bench.put(queue, "maybe"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
        await bench.put(queue, "surely")
        bodies = [delivery.body for delivery in await bench.drain(queue)]
        assert bodies.count("surely") == 1
        assert bodies.count("maybe") <= 10
        await bench.check_counts(queue)
