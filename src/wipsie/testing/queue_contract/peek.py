"""Contract: looking into a queue without consuming."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import NotSupported
from wipsie.kernel.ids import new_message_id
from wipsie.queue.contract import Attribute, DeadLetterCause, MessageState, Priority
from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestPeek:
    async def test_peeking_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        if bench.capabilities.peek:
            assert await bench.backend.peek(queue) == []
        else:
            with pytest.raises(NotSupported):
                await bench.backend.peek(queue)

    async def test_a_look_changes_nothing(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue = await bench.queue()
        await bench.put(queue, "hello")
        for _ in range(3):
            (seen,) = await bench.backend.peek(queue)
            assert (seen.receive_count, seen.state) == (0, MessageState.READY)
        assert (await bench.take_one(queue)).receive_count == 1

    async def test_a_look_shows_the_whole_message(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue = await bench.queue()
        attributes = {"tenant": Attribute(value="north")}
        message = bench.message(queue, "hello", attributes=attributes)
        (sent,) = await bench.send(message)
        (seen,) = await bench.backend.peek(queue)
        assert (seen.queue, seen.message_id, seen.body) == (queue, message.message_id, "hello")
        assert dict(seen.attributes) == attributes
        assert seen.priority is Priority.MEDIUM
        assert (seen.sequence_number, seen.sent_at_ms) == (sent.sequence_number, sent.sent_at_ms)
        assert seen.visible_at_ms == sent.sent_at_ms
        assert seen.first_received_at_ms is None
        assert seen.dead_letter is None

    async def test_every_state_is_shown_with_its_time(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue = await bench.queue(visibility_timeout_s=30.0)
        await bench.put(queue, "leased")
        leased = await bench.take_one(queue)
        await bench.put(queue, "ready")
        await bench.put(queue, "delayed", delay_s=45.0)
        seen = {message.body: message for message in await bench.backend.peek(queue)}
        assert {body: message.state for body, message in seen.items()} == {
            "leased": MessageState.LEASED,
            "ready": MessageState.READY,
            "delayed": MessageState.DELAYED,
        }
        assert seen["leased"].visible_at_ms == leased.lease_until_ms
        assert seen["delayed"].visible_at_ms == seen["delayed"].sent_at_ms + 45_000
        assert seen["leased"].receive_count == 1
        assert seen["leased"].first_received_at_ms == leased.received_at_ms

    async def test_a_message_whose_delay_or_lease_ended_is_shown_ready(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue = await bench.queue(visibility_timeout_s=bench.unit_s)
        await bench.put(queue, "was leased")
        await bench.take_one(queue)
        await bench.put(queue, "was delayed", delay_s=bench.unit_s)
        await bench.pass_time(2 * bench.unit_s)
        assert {message.state for message in await bench.backend.peek(queue)} == {MessageState.READY}

    async def test_messages_are_shown_in_the_order_of_acceptance_page_by_page(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue = await bench.queue()
        await bench.put(queue, *"abcdefg")
        await bench.take_one(queue)
        seen: list[str] = []
        after = 0
        while page := await bench.backend.peek(queue, limit=3, after_sequence_number=after):
            assert len(page) <= 3
            seen += [message.body for message in page]
            after = page[-1].sequence_number
        assert seen == list("abcdefg")

    async def test_one_message_is_found_by_its_id(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue = await bench.queue()
        ids = await bench.put(queue, *"abcdefghijklmno")
        (found,) = await bench.backend.peek(queue, message_id=ids[12])
        assert found.body == "m"
        assert await bench.backend.peek(queue, message_id=new_message_id()) == []

    @pytest.mark.parametrize("state", list(MessageState))
    async def test_messages_are_found_by_state(self, bench: QueueBench, state: MessageState) -> None:
        bench.needs("peek")
        bench.needs("key_concurrency")
        queue = await bench.queue(key_concurrency=1)
        await bench.put(queue, "leased", group_id="g")
        await bench.take_one(queue)
        await bench.put(queue, "blocked", group_id="g")
        await bench.put(queue, "ready")
        await bench.put(queue, "delayed", delay_s=60.0)
        assert [message.body for message in await bench.backend.peek(queue, state=state)] == [state.value]

    async def test_a_dead_letter_shows_its_cause(self, bench: QueueBench) -> None:
        bench.needs("peek")
        queue, dead = await bench.queue_with_dead_letters()
        await bench.put(queue, "bad")
        cause = DeadLetterCause(code="REJECTED", reason="no such customer", traceback="…", worker="w")
        await bench.dead_letter_one(await bench.take_one(queue), cause)
        (seen,) = await bench.backend.peek(dead)
        assert seen.dead_letter is not None
        assert (seen.dead_letter.origin, seen.dead_letter.cause) == (queue, cause)
        assert seen.state is MessageState.READY
