"""Contract: sending messages."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import InvalidInput, MessageTooLarge, NotSupported, QueueFull, QueueNotFound
from wipsie.queue.contract import Attribute, Priority, SendResult
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestSend:
    async def test_a_message_arrives_as_it_was_sent(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        attributes = {
            "source": Attribute(value="night shift"),
            "size": Attribute(value="42", data_type="Number.int"),
            "scan": Attribute(value="AAEC", data_type="Binary"),
        }
        message = bench.message(queue, '{"text": "grüße 👋"}', attributes=attributes)
        (sent,) = await bench.send(message)
        delivery = await bench.take_one(queue)
        assert sent.message_id == delivery.message_id == message.message_id
        assert delivery.queue == queue
        assert delivery.body == '{"text": "grüße 👋"}'
        assert delivery.attributes == attributes
        assert delivery.priority is Priority.MEDIUM
        assert (delivery.sent_at_ms, delivery.sequence_number) == (sent.sent_at_ms, sent.sequence_number)
        assert not sent.duplicate

    async def test_a_message_without_attributes_arrives_with_none(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "plain")
        assert (await bench.take_one(queue)).attributes == {}

    async def test_a_message_is_stamped_with_the_time_of_acceptance(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        (sent,) = await bench.send(bench.message(queue))
        assert abs(sent.sent_at_ms - bench.clock.now_ms()) <= (0 if bench.controls_time else 60_000)

    async def test_sending_nothing_is_fine(self, bench: QueueBench) -> None:
        assert await bench.backend.send([]) == []

    async def test_sequence_numbers_grow_in_the_order_of_acceptance(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        first = await bench.send(*(bench.message(queue, str(index)) for index in range(5)))
        second = await bench.send(bench.message(queue, "later"))
        numbers = [result.sequence_number for result in (*first, *second)]
        assert numbers == sorted(set(numbers))

    async def test_one_call_serves_many_queues(self, bench: QueueBench) -> None:
        queues = [await bench.queue(f"q{index}") for index in range(3)]
        await bench.send(*(bench.message(queue, f"for {queue}") for queue in queues for _ in range(2)))
        for queue in queues:
            assert await bench.bodies(queue) == [f"for {queue}"] * 2

    async def test_a_thousand_messages_go_in_one_call(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        results = await bench.send(*(bench.message(queue, str(index)) for index in range(bench.crowd)))
        assert len({result.message_id for result in results}) == bench.crowd
        await bench.check_counts(queue, ready=bench.crowd)

    async def test_a_refusal_says_nothing_about_its_neighbours(self, bench: QueueBench) -> None:
        queue = await bench.queue(message_bytes_max=1024)
        outcomes = await bench.backend.send(
            [
                bench.message(queue, "first"),
                bench.message(bench.name("ghost"), "nowhere"),
                bench.message(queue, "x" * 1025),
                bench.message(queue, "last"),
            ]
        )
        assert isinstance(outcomes[0], SendResult)
        refused(outcomes[1], QueueNotFound)
        refused(outcomes[2], MessageTooLarge)
        assert isinstance(outcomes[3], SendResult)
        assert sorted(await bench.bodies(queue)) == ["first", "last"]

    async def test_size_is_counted_in_bytes_of_body_and_attributes(self, bench: QueueBench) -> None:
        queue = await bench.queue(message_bytes_max=1024)
        fits, too_long, umlauts, with_attribute = await bench.backend.send(
            [
                bench.message(queue, "x" * 1024),
                bench.message(queue, "x" * 1025),
                bench.message(queue, "ü" * 513),
                # 1010 of body, 4 of name, 6 of type and 5 of value are 1025.
                bench.message(queue, "x" * 1010, attributes={"name": Attribute(value="value")}),
            ]
        )
        assert isinstance(fits, SendResult)
        for outcome in (too_long, umlauts, with_attribute):
            refused(outcome, MessageTooLarge)

    async def test_a_full_queue_refuses_and_takes_again_after_a_delete(self, bench: QueueBench) -> None:
        bench.needs("exact_counts")
        queue, other = await bench.queue(max_messages=2), await bench.queue("other")
        outcomes = await bench.backend.send(
            [bench.message(queue, "one"), bench.message(queue, "two"), bench.message(queue, "three")]
        )
        assert isinstance(outcomes[0], SendResult)
        assert isinstance(outcomes[1], SendResult)
        refused(outcomes[2], QueueFull)
        full, fine = await bench.backend.send([bench.message(queue, "four"), bench.message(other, "other")])
        refused(full, QueueFull)
        assert isinstance(fine, SendResult)
        leased = await bench.take_one(queue)
        (still_full,) = await bench.backend.send([bench.message(queue, "leased ones count")])
        refused(still_full, QueueFull)
        await bench.acknowledge(leased)
        await bench.put(queue, "five")

    async def test_a_delayed_message_is_delivered_when_its_delay_ends(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "later", delay_s=2 * bench.unit_s)
        await bench.put(queue, "now")
        assert await bench.bodies(queue) == ["now"]
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(bench.unit_s)
        assert await bench.bodies(queue) == ["later"]

    async def test_the_queue_gives_a_delay_to_messages_without_one(self, bench: QueueBench) -> None:
        queue = await bench.queue(delay_s=2 * bench.unit_s)
        await bench.put(queue, "queue's delay")
        await bench.put(queue, "own delay", delay_s=0.0)
        assert await bench.bodies(queue) == ["own delay"]
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.bodies(queue) == ["queue's delay"]

    async def test_a_message_may_be_delayed_by_months(self, bench: QueueBench) -> None:
        days = 90 * 86400.0
        queue = await bench.queue(retention_s=14 * 24 * 3600)
        if bench.capabilities.delay_s_max < days:
            (outcome,) = await bench.backend.send([bench.message(queue, delay_s=days)])
            assert isinstance(outcome, NotSupported | InvalidInput)
            return
        await bench.put(queue, "next quarter", delay_s=days)
        if not bench.controls_time:
            assert await bench.nothing_ready(queue)
            return
        await bench.pass_time(days - 1)
        assert await bench.nothing_ready(queue)
        await bench.pass_time(1)
        assert await bench.bodies(queue) == ["next quarter"]

    @pytest.mark.parametrize("priority", list(Priority))
    async def test_the_priority_arrives_with_the_delivery(self, bench: QueueBench, priority: Priority) -> None:
        # Also where it orders nothing: what a message says of itself is not lost.
        queue, dead = await bench.queue_with_dead_letters()
        await bench.put(queue, "hello", priority=priority)
        delivery = await bench.take_one(queue)
        assert delivery.priority is priority
        assert await bench.dead_letter_one(delivery) is None
        assert (await bench.take_one(dead)).priority is priority

    async def test_a_dead_letter_queue_takes_direct_messages_with_an_origin(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.put(dead, "written by hand", origin=queue)
        await bench.backend.redrive(dead)
        assert (await bench.take_one(queue)).body == "written by hand"
