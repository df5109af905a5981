"""Contract: moving the end of a lease."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import InvalidReceipt, NotSupported, ReceiptExpired
from wipsie.kernel.ids import Receipt
from wipsie.queue.contract import VisibilityChange
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestChangeVisibility:
    async def test_an_extended_lease_hides_the_message_longer_counted_from_now(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=2 * bench.unit_s)
        await bench.put(queue, "long work")
        delivery = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        assert await bench.change_one(delivery, 3 * bench.unit_s) is None
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        assert (await bench.take_one(queue)).message_id == delivery.message_id

    async def test_the_receipt_still_counts_after_an_extension(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=2 * bench.unit_s)
        await bench.put(queue, "long work")
        delivery = await bench.take_one(queue)
        for _ in range(3):
            await bench.pass_time(bench.unit_s)
            assert await bench.change_one(delivery, 2 * bench.unit_s) is None
        assert await bench.delete_one(queue, delivery.receipt) is None

    async def test_an_extension_is_not_remembered_for_the_next_delivery(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=2 * bench.unit_s)
        await bench.put(queue, "hello")
        assert await bench.change_one(await bench.take_one(queue), 0) is None
        delivery = await bench.take_one(queue)
        assert delivery.lease_until_ms - delivery.received_at_ms == 2000 * bench.unit_s

    async def test_zero_returns_the_message_at_once(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        first = await bench.take_one(queue)
        assert await bench.change_one(first, 0) is None
        second = await bench.take_one(queue)
        assert second.message_id == first.message_id
        assert second.receive_count == 2
        refused(await bench.delete_one(queue, first.receipt), ReceiptExpired)

    async def test_a_returned_message_may_still_be_acknowledged_until_delivered_again(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        assert await bench.change_one(delivery, 0) is None
        assert await bench.delete_one(queue, delivery.receipt) is None
        assert await bench.nothing_ready(queue)

    async def test_a_released_message_counts_as_delayed_until_its_time(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "retry me")
        delivery = await bench.take_one(queue)
        assert await bench.change_one(delivery, 2 * bench.unit_s, release=True) is None
        await bench.check_counts(queue, delayed=1)
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        again = await bench.take_one(queue)
        assert (again.message_id, again.receive_count) == (delivery.message_id, 2)

    async def test_a_late_holder_may_take_its_lease_up_again_until_the_next_delivery(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "slow work")
        delivery = await bench.take_one(queue)
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.change_one(delivery, 3 * bench.unit_s) is None
        assert await bench.nothing_ready(queue)
        assert await bench.delete_one(queue, delivery.receipt) is None

    async def test_a_delivery_that_was_never_tried_is_not_counted(self, bench: QueueBench) -> None:
        bench.needs("undo_receive")
        queue = await bench.queue(max_receive_count=2)
        await bench.put(queue, "hello")
        for _ in range(5):
            delivery = await bench.take_one(queue)
            assert delivery.receive_count == 1
            assert await bench.change_one(delivery, 0, undo_receive=True) is None

    async def test_a_receive_is_undone_once(self, bench: QueueBench) -> None:
        bench.needs("undo_receive")
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        for _ in range(3):
            await bench.change_one(delivery, 0, undo_receive=True)
        assert (await bench.take_one(queue)).receive_count == 1

    async def test_undoing_a_receive_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        outcome = await bench.change_one(await bench.take_one(queue), 0, undo_receive=True)
        if bench.capabilities.undo_receive:
            assert outcome is None
        else:
            refused(outcome, NotSupported)

    async def test_stale_deleted_and_malformed_receipts_are_refused(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        stale = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        current = await bench.take_one(queue)
        refused(await bench.change_one(stale, 30), ReceiptExpired)
        await bench.acknowledge(current)
        refused(await bench.change_one(current, 30), ReceiptExpired)
        (malformed,) = await bench.backend.change_visibility(
            [VisibilityChange(queue=queue, receipt=Receipt("no receipt"), visibility_timeout_s=1.0)]
        )
        refused(malformed, InvalidReceipt)

    async def test_a_stale_extension_does_not_touch_the_newer_lease(self, bench: QueueBench) -> None:
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        stale = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        await bench.take_one(queue)
        refused(await bench.change_one(stale, 0), ReceiptExpired)
        assert await bench.nothing_ready(queue)

    async def test_a_released_message_is_not_taken_back_by_an_extension_that_comes_too_late(
        self, bench: QueueBench
    ) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        assert await bench.change_one(delivery, bench.unit_s, release=True) is None
        refused(await bench.change_one(delivery, 30), ReceiptExpired)
        await bench.pass_time(bench.unit_s)
        assert await bench.bodies(queue) == ["hello"]

    async def test_many_leases_move_in_one_call(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        await bench.put(queue, "a", "b")
        await bench.put(other, "c")
        leased = [await bench.take_one(queue), await bench.take_one(queue), await bench.take_one(other)]
        changes = [
            VisibilityChange(queue=delivery.queue, receipt=delivery.receipt, visibility_timeout_s=0)
            for delivery in leased
        ]
        assert await bench.backend.change_visibility(changes) == [None, None, None]
        assert sorted(await bench.bodies(queue) + await bench.bodies(other)) == ["a", "b", "c"]

    async def test_changing_nothing_is_fine(self, bench: QueueBench) -> None:
        assert await bench.backend.change_visibility([]) == []
