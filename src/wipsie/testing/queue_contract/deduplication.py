"""Contract: the same key within its window is the same message."""

from __future__ import annotations

import asyncio

import pytest

from wipsie.kernel.errors import IdempotencyKeyReused, NotSupported
from wipsie.queue.contract import SendResult
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestDeduplication:
    async def test_a_repeat_answers_with_the_first_message(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue()
        (first,) = await bench.send(bench.message(queue, "once", deduplication_id="k"))
        await bench.pass_time(bench.unit_s)
        (repeat,) = await bench.send(bench.message(queue, "once more", deduplication_id="k"))
        assert repeat.duplicate
        assert (repeat.message_id, repeat.sent_at_ms) == (first.message_id, first.sent_at_ms)
        assert await bench.bodies(queue) == ["once"]

    async def test_by_group_the_same_id_in_another_group_is_another_message(self, bench: QueueBench) -> None:
        settings = bench.settings("line", fifo=True, deduplication_by_group=True, content_based_deduplication=True)
        if not bench.capabilities.deduplication_by_group:
            with pytest.raises(NotSupported):
                await bench.backend.create_queue(settings)
            return
        queue = (await bench.backend.create_queue(settings)).name
        results = await bench.send(
            bench.message(queue, "one", group_id="a", deduplication_id="k"),
            bench.message(queue, "two", group_id="b", deduplication_id="k"),
            bench.message(queue, "one again", group_id="a", deduplication_id="k"),
            bench.message(queue, "same", group_id="a"),
            bench.message(queue, "same", group_id="b"),
            bench.message(queue, "same", group_id="a"),
        )
        assert [result.duplicate for result in results] == [False, False, True, False, False, True]

    async def test_a_repeat_in_the_same_call_is_a_duplicate_too(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue()
        first, repeat = await bench.send(
            bench.message(queue, "once", deduplication_id="k"), bench.message(queue, "once", deduplication_id="k")
        )
        assert (first.duplicate, repeat.duplicate) == (False, True)
        assert repeat.message_id == first.message_id
        assert await bench.bodies(queue) == ["once"]

    async def test_concurrent_repeats_make_one_message(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue()
        calls = (bench.send(bench.message(queue, "once", deduplication_id="k")) for _ in range(20))
        results = [result for (result,) in await asyncio.gather(*calls)]
        assert len({result.message_id for result in results}) == 1
        assert sum(not result.duplicate for result in results) == 1
        assert await bench.bodies(queue) == ["once"]

    async def test_a_key_is_remembered_after_its_message_was_deleted(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue(deduplication_window_s=10 * bench.unit_s)
        (first,) = await bench.send(bench.message(queue, deduplication_id="k"))
        await bench.acknowledge(await bench.take_one(queue))
        await bench.pass_time(bench.unit_s)
        (repeat,) = await bench.send(bench.message(queue, deduplication_id="k"))
        assert repeat.duplicate
        assert repeat.message_id == first.message_id
        assert await bench.nothing_ready(queue)

    async def test_a_key_is_free_again_after_the_window_counted_from_the_first_send(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        bench.needs_controlled_time()
        queue = await bench.queue(deduplication_window_s=20.0)
        (first,) = await bench.send(bench.message(queue, deduplication_id="k"))
        await bench.pass_time(15.0)
        (repeat,) = await bench.send(bench.message(queue, deduplication_id="k"))
        assert repeat.duplicate
        await bench.pass_time(6.0)
        (fresh,) = await bench.send(bench.message(queue, deduplication_id="k"))
        assert not fresh.duplicate
        assert fresh.message_id != first.message_id

    async def test_a_message_may_bring_its_own_window(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        bench.needs_controlled_time()
        queue = await bench.queue(deduplication_window_s=20.0)
        await bench.send(bench.message(queue, deduplication_id="k", deduplication_window_s=3600.0))
        await bench.pass_time(3599.0)
        (repeat,) = await bench.send(bench.message(queue, deduplication_id="k", deduplication_window_s=3600.0))
        assert repeat.duplicate
        await bench.pass_time(2.0)
        (fresh,) = await bench.send(bench.message(queue, deduplication_id="k", deduplication_window_s=3600.0))
        assert not fresh.duplicate

    async def test_a_key_belongs_to_its_queue(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue, other = await bench.queue(), await bench.queue("other")
        first, second = await bench.send(
            bench.message(queue, deduplication_id="k"), bench.message(other, deduplication_id="k")
        )
        assert not first.duplicate
        assert not second.duplicate

    async def test_a_repeat_that_says_something_else_is_refused(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue()
        await bench.send(bench.message(queue, deduplication_id="k", fingerprint="a" * 64))
        same, other = await bench.backend.send(
            [
                bench.message(queue, deduplication_id="k", fingerprint="a" * 64),
                bench.message(queue, deduplication_id="k", fingerprint="b" * 64),
            ]
        )
        assert isinstance(same, SendResult)
        assert same.duplicate
        refused(other, IdempotencyKeyReused)
        assert len(await bench.drain(queue)) == 1

    async def test_content_based_keys_are_taken_from_the_body(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue(content_based_deduplication=True)
        first, repeat, other = await bench.send(
            bench.message(queue, "same"), bench.message(queue, "same"), bench.message(queue, "other")
        )
        assert (first.duplicate, repeat.duplicate, other.duplicate) == (False, True, False)
        assert repeat.message_id == first.message_id

    async def test_an_explicit_key_wins_over_the_content(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue(content_based_deduplication=True)
        results = await bench.send(
            bench.message(queue, "same", deduplication_id="one"), bench.message(queue, "same", deduplication_id="two")
        )
        assert [result.duplicate for result in results] == [False, False]

    async def test_a_delivery_shows_its_key(self, bench: QueueBench) -> None:
        bench.needs("deduplication")
        queue = await bench.queue()
        await bench.put(queue, "hello", deduplication_id="k")
        assert (await bench.take_one(queue)).deduplication_id == "k"

    async def test_deduplication_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        (outcome,) = await bench.backend.send([bench.message(queue, deduplication_id="k")])
        if bench.capabilities.deduplication:
            assert isinstance(outcome, SendResult)
        else:
            refused(outcome, NotSupported)
