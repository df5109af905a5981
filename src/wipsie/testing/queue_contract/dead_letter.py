"""Contract: messages that failed for good."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import Conflict, InvalidReceipt, ReceiptExpired
from wipsie.kernel.ids import Receipt
from wipsie.queue.contract import AttemptRecord, Attribute, DeadLetterCause, DeadLetterOrder
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestDeadLetter:
    async def test_a_dead_letter_keeps_the_message_and_the_whole_cause(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        attributes = {"tenant": Attribute(value="north")}
        (sent,) = await bench.send(bench.message(queue, "bad", attributes=attributes))
        cause = DeadLetterCause(
            code="RETRIES_EXHAUSTED",
            reason="ValueError: no such column",
            traceback='Traceback (most recent call last):\n  File "handler.py", line 3\nValueError: no such column',
            worker="worker-7",
            attempts=(
                AttemptRecord(attempt=1, started_at_ms=10, finished_at_ms=20, worker="worker-6", error="ValueError"),
                AttemptRecord(attempt=2, started_at_ms=30, finished_at_ms=40, worker="worker-7", error="ValueError"),
            ),
        )
        assert await bench.dead_letter_one(await bench.take_one(queue), cause) is None
        assert await bench.nothing_ready(queue)
        delivery = await bench.take_one(dead)
        assert (delivery.message_id, delivery.body, delivery.attributes) == (sent.message_id, "bad", attributes)
        assert delivery.dead_letter is not None
        assert delivery.dead_letter.origin == queue
        assert delivery.dead_letter.cause == cause
        if bench.controls_time:
            assert delivery.dead_letter.dead_at_ms == bench.clock.now_ms()

    async def test_an_ordinary_delivery_is_no_dead_letter(self, bench: QueueBench) -> None:
        queue, _ = await bench.queue_with_dead_letters()
        await bench.put(queue, "fine")
        assert (await bench.take_one(queue)).dead_letter is None

    async def test_without_a_dead_letter_queue_the_order_is_refused_and_the_lease_stays(
        self, bench: QueueBench
    ) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        refused(await bench.dead_letter_one(delivery), Conflict)
        assert await bench.delete_one(queue, delivery.receipt) is None

    async def test_stale_used_and_malformed_receipts_are_refused(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        stale = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        current = await bench.take_one(queue)
        refused(await bench.dead_letter_one(stale), ReceiptExpired)
        assert await bench.dead_letter_one(current) is None
        refused(await bench.dead_letter_one(current), ReceiptExpired)
        refused(await bench.delete_one(queue, current.receipt), ReceiptExpired)
        cause = DeadLetterCause(code="REJECTED", reason="no")
        (outcome,) = await bench.backend.dead_letter([DeadLetterOrder(queue, Receipt("no receipt"), cause)])
        refused(outcome, InvalidReceipt)
        assert len(await bench.drain(dead)) == 1

    async def test_a_receipt_counts_after_its_lease_until_the_next_delivery(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.dead_letter_one(delivery) is None
        assert await bench.nothing_ready(queue)
        assert (await bench.take_one(dead)).body == "hello"

    async def test_many_queues_are_served_in_one_call(self, bench: QueueBench) -> None:
        left, left_dead = await bench.queue_with_dead_letters("left")
        right, right_dead = await bench.queue_with_dead_letters("right")
        await bench.put(left, "l")
        await bench.put(right, "r")
        cause = DeadLetterCause(code="REJECTED", reason="no")
        orders = [DeadLetterOrder(queue, (await bench.take_one(queue)).receipt, cause) for queue in (left, right)]
        assert await bench.backend.dead_letter(orders) == [None, None]
        assert (await bench.take_one(left_dead)).body == "l"
        assert (await bench.take_one(right_dead)).body == "r"

    async def test_a_message_received_too_often_is_dead_lettered_instead_of_delivered(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(max_receive_count=3, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "poison")
        for _ in range(3):
            await bench.take_one(queue)
            await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        delivery = await bench.take_one(dead)
        assert delivery.body == "poison"
        assert delivery.dead_letter is not None
        assert delivery.dead_letter.cause.code == "RECEIVE_LIMIT"
        assert delivery.dead_letter.origin == queue
        await bench.check_counts(queue)

    async def test_poison_does_not_hold_up_the_messages_behind_it(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(max_receive_count=1)
        await bench.put(queue, "poison")
        assert await bench.change_one(await bench.take_one(queue), 0) is None
        await bench.put(queue, "good")
        assert (await bench.take_one(queue)).body == "good"
        assert (await bench.take_one(dead)).body == "poison"

    async def test_many_poisonous_messages_do_not_hide_a_good_one(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(max_receive_count=1, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, *(f"poison {index}" for index in range(25)))
        assert len([delivery for _ in range(3) for delivery in await bench.take(queue)]) == 25
        await bench.pass_time(bench.unit_s)
        await bench.put(queue, "good")
        assert (await bench.take_one(queue)).body == "good"
        assert len(await bench.drain(dead)) == 25

    async def test_without_a_dead_letter_queue_a_message_is_delivered_again_and_again(self, bench: QueueBench) -> None:
        queue = await bench.queue(max_receive_count=2)
        await bench.put(queue, "stubborn")
        for count in range(1, 6):
            delivery = await bench.take_one(queue)
            assert delivery.receive_count == count
            assert await bench.change_one(delivery, 0) is None

    async def test_a_dead_letter_is_not_limited_by_the_receives_of_its_first_life(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(max_receive_count=1)
        await bench.put(queue, "poison")
        assert await bench.change_one(await bench.take_one(queue), 0) is None
        assert await bench.nothing_ready(queue)
        for _ in range(12):
            delivery = await bench.take_one(dead)
            assert await bench.change_one(delivery, 0) is None
        assert (await bench.take_one(dead)).body == "poison"

    async def test_ordering_nothing_is_fine(self, bench: QueueBench) -> None:
        assert await bench.backend.dead_letter([]) == []
