"""Contract: acknowledging deliveries."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import InvalidReceipt, ReceiptExpired, WipsieError
from wipsie.kernel.ids import Receipt
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestDelete:
    async def test_an_acknowledged_message_never_comes_back(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "done")
        await bench.acknowledge(await bench.take_one(queue))
        await bench.check_counts(queue)
        await bench.pass_time(3 * bench.unit_s)
        assert await bench.nothing_ready(queue)

    async def test_acknowledging_nothing_is_fine(self, bench: QueueBench) -> None:
        assert await bench.backend.delete([]) == []

    async def test_the_second_delete_is_refused(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "once")
        delivery = await bench.take_one(queue)
        assert await bench.delete_one(queue, delivery.receipt) is None
        refused(await bench.delete_one(queue, delivery.receipt), ReceiptExpired)

    async def test_the_same_receipt_twice_in_one_call_counts_once(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "once", "other")
        delivery = await bench.take_one(queue)
        first, second = await bench.backend.delete([(queue, delivery.receipt), (queue, delivery.receipt)])
        assert first is None
        refused(second, ReceiptExpired)
        await bench.check_counts(queue, ready=1)

    async def test_a_stale_receipt_cannot_acknowledge_a_newer_delivery(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        stale = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        current = await bench.take_one(queue)
        refused(await bench.delete_one(queue, stale.receipt), ReceiptExpired)
        assert await bench.delete_one(queue, current.receipt) is None

    async def test_a_stale_receipt_stays_stale_when_the_newer_lease_ended(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        stale = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        refused(await bench.delete_one(queue, stale.receipt), ReceiptExpired)

    async def test_a_receipt_counts_after_its_lease_until_the_next_delivery(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "late but done")
        delivery = await bench.take_one(queue)
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.delete_one(queue, delivery.receipt) is None
        assert await bench.nothing_ready(queue)

    @pytest.mark.parametrize(
        "text", ["", "no receipt", "ünïcode", "x" * 5000, "1.2.3.4", "AQEB" * 40], ids=lambda text: f"{text[:12]}"
    )
    async def test_text_that_was_never_a_receipt_is_told_apart(self, bench: QueueBench, text: str) -> None:
        queue = await bench.queue()
        refused(await bench.delete_one(queue, Receipt(text)), InvalidReceipt)

    async def test_a_changed_receipt_is_refused(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        for forged in (f"{delivery.receipt}x", delivery.receipt[:-1], delivery.receipt[1:]):
            refused(await bench.delete_one(queue, Receipt(forged)), WipsieError)
        assert await bench.delete_one(queue, delivery.receipt) is None

    async def test_a_receipt_belongs_to_its_queue(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        await bench.put(queue, "hello")
        await bench.put(other, "hello")
        mine, theirs = await bench.take_one(queue), await bench.take_one(other)
        refused(await bench.delete_one(other, mine.receipt), WipsieError)
        await bench.acknowledge(mine, theirs)

    async def test_a_refusal_says_nothing_about_its_neighbours(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        await bench.put(queue, "a")
        await bench.put(other, "b")
        first, second = await bench.take_one(queue), await bench.take_one(other)
        outcomes = await bench.backend.delete(
            [(queue, first.receipt), (queue, Receipt("no receipt")), (other, second.receipt)]
        )
        assert outcomes[0] is None
        refused(outcomes[1], InvalidReceipt)
        assert outcomes[2] is None
