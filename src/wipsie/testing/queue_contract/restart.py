"""Contract: what was accepted outlives the process."""

from __future__ import annotations

import pytest

from wipsie.queue.contract import Attribute, DeadLetterCause, Priority
from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestRestart:
    async def test_messages_and_settings_are_there_after_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        settings = bench.settings(visibility_timeout_s=45.0, tags={"a": "b"})
        await bench.backend.create_queue(settings)
        attributes = {"scan": Attribute(value="AAEC", data_type="Binary")}
        (sent,) = await bench.send(bench.message(settings.name, "hello 👋", attributes=attributes))
        await bench.restart()
        assert await bench.backend.queue_settings(settings.name) == settings
        delivery = await bench.take_one(settings.name)
        assert (delivery.message_id, delivery.body, delivery.attributes) == (sent.message_id, "hello 👋", attributes)
        assert (delivery.sequence_number, delivery.sent_at_ms) == (sent.sequence_number, sent.sent_at_ms)

    async def test_counts_are_the_same_after_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "leased", "blocked", group_id="g")
        await bench.take_one(queue)
        await bench.put(queue, "ready", "ready")
        await bench.put(queue, "delayed", delay_s=100.0)
        await bench.check_counts(queue, ready=2, delayed=1, leased=1, blocked=1)
        await bench.restart()
        await bench.check_counts(queue, ready=2, delayed=1, leased=1, blocked=1)

    async def test_a_lease_and_its_receipt_survive_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        queue = await bench.queue()
        await bench.put(queue, "a", "b")
        first, second = await bench.take_one(queue), await bench.take_one(queue)
        await bench.restart()
        assert await bench.nothing_ready(queue)
        assert await bench.delete_one(queue, first.receipt) is None
        assert await bench.change_one(second, 0) is None
        assert (await bench.take_one(queue)).receive_count == 2

    async def test_a_lease_that_ended_while_nobody_was_there_is_over(self, bench: QueueBench) -> None:
        bench.needs("durable")
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "hello")
        stale = await bench.take_one(queue)
        await bench.close(bench.backend)
        await bench.pass_time(bench.unit_s)
        bench.backend = await bench.open_another()
        current = await bench.take_one(queue)
        assert current.message_id == stale.message_id
        bench.check_stale(await bench.delete_one(queue, stale.receipt))

    async def test_delay_and_priority_survive_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        bench.needs("priority")
        queue = await bench.queue()
        await bench.put(queue, "medium")
        await bench.put(queue, "high", priority=Priority.HIGH)
        await bench.put(queue, "later", delay_s=2 * bench.unit_s)
        await bench.restart()
        assert await bench.bodies(queue) == ["high", "medium"]
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.bodies(queue) == ["later"]

    async def test_deduplication_survives_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        bench.needs("deduplication")
        queue = await bench.queue()
        (first,) = await bench.send(bench.message(queue, deduplication_id="k"))
        await bench.restart()
        (repeat,) = await bench.send(bench.message(queue, deduplication_id="k"))
        assert repeat.duplicate
        assert repeat.message_id == first.message_id

    async def test_dead_letters_and_their_cause_survive_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        queue, dead = await bench.queue_with_dead_letters()
        await bench.put(queue, "bad")
        cause = DeadLetterCause(code="REJECTED", reason="no", traceback="…")
        await bench.dead_letter_one(await bench.take_one(queue), cause)
        await bench.restart()
        delivery = await bench.take_one(dead)
        assert delivery.dead_letter is not None
        assert delivery.dead_letter.cause == cause

    async def test_acknowledged_messages_stay_gone_after_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "done")
        await bench.acknowledge(await bench.take_one(queue))
        await bench.restart()
        await bench.pass_time(2 * bench.unit_s)
        assert await bench.nothing_ready(queue)

    async def test_sequence_numbers_go_on_after_a_restart(self, bench: QueueBench) -> None:
        bench.needs("durable")
        queue = await bench.queue()
        (first,) = await bench.send(bench.message(queue))
        await bench.acknowledge(await bench.take_one(queue))
        await bench.restart()
        (second,) = await bench.send(bench.message(queue))
        assert second.sequence_number > first.sequence_number
