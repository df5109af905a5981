"""Contract: at most so many messages of one key are delivered at the same time."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import ReceiptExpired
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestKeyConcurrency:
    async def test_no_more_messages_of_a_key_are_in_flight_than_allowed(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=2)
        await bench.put(queue, *"abcde", group_id="customer-1")
        assert len(await bench.take(queue, 10)) == 2
        assert await bench.nothing_ready(queue)
        await bench.check_counts(queue, leased=2, blocked=3)

    async def test_an_acknowledgement_lets_exactly_one_more_go(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=2)
        await bench.put(queue, *"abcde", group_id="k")
        first, _ = await bench.take(queue, 10)
        await bench.acknowledge(first)
        assert len(await bench.take(queue, 10)) == 1
        await bench.check_counts(queue, leased=2, blocked=2)

    async def test_other_keys_and_messages_without_a_key_are_not_held_up(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "a1", "a2", group_id="a")
        await bench.put(queue, "b1", "b2", group_id="b")
        await bench.put(queue, "free", "free too")
        assert sorted(delivery.body for delivery in await bench.take(queue, 10)) == ["a1", "b1", "free", "free too"]

    async def test_a_busy_key_with_a_deep_backlog_does_not_hide_others(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.send(*(bench.message(queue, f"busy {index}", group_id="busy") for index in range(500)))
        await bench.put(queue, "other", group_id="other")
        assert sorted(delivery.body for delivery in await bench.take(queue, 10)) == ["busy 0", "other"]

    async def test_a_lost_lease_frees_its_place(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "a", "b", group_id="k")
        await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        assert len(await bench.take(queue, 10)) == 1
        await bench.check_counts(queue, leased=1, blocked=1)

    async def test_a_released_message_frees_its_place_until_it_is_due(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "retried", "next", group_id="k")
        assert await bench.change_one(await bench.take_one(queue), bench.unit_s, release=True) is None
        following = await bench.take_one(queue)
        assert following.body == "next"
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.acknowledge(following)
        assert await bench.bodies(queue) == ["retried"]

    async def test_a_late_holder_cannot_exceed_the_limit(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1, visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "late", "next", group_id="k")
        late = await bench.take_one(queue)
        await bench.pass_time(bench.unit_s)
        current = await bench.take_one(queue, visibility_timeout_s=100 * bench.unit_s)
        outcome = await bench.change_one(late, 100 * bench.unit_s)
        if current.body == "next":
            refused(outcome, ReceiptExpired)
        await bench.check_counts(queue, leased=1, blocked=1)

    async def test_a_dead_letter_frees_its_place(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue, _ = await bench.queue_with_dead_letters(key_concurrency=1)
        await bench.put(queue, "bad", "good", group_id="k")
        assert await bench.dead_letter_one(await bench.take_one(queue)) is None
        assert await bench.bodies(queue) == ["good"]

    async def test_all_messages_of_a_key_are_served_in_the_end(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=3)
        keys = ("a", "b", None)
        await bench.send(
            *(bench.message(queue, str(index), group_id=keys[index % 3]) for index in range(60)),
        )
        assert sorted(int(delivery.body) for delivery in await bench.drain(queue)) == list(range(60))

    async def test_a_delayed_message_of_a_key_takes_no_place(self, bench: QueueBench) -> None:
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "later", group_id="k", delay_s=bench.unit_s)
        await bench.put(queue, "now", group_id="k")
        first = await bench.take_one(queue)
        assert first.body == "now"
        await bench.pass_time(bench.unit_s)
        assert await bench.nothing_ready(queue)
        await bench.acknowledge(first)
        assert await bench.bodies(queue) == ["later"]
