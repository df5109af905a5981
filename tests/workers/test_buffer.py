"""Between the fetcher and the slots nothing waits that could go on, and nothing starts once the buffer is closed."""

from __future__ import annotations

import asyncio
from typing import Any

from wipsie.testing.eventually import eventually
from wipsie.workers.buffer import Buffer
from wipsie.workers.held import Held


async def _held(workshop: Any, count: int) -> list[Held]:
    for number in range(count):
        await workshop.send({"number": number})
    return [Held(delivery, 30.0) for delivery in await workshop.engine.receive(workshop.queue(), max_messages=count)]


async def test_the_fetcher_is_called_before_the_handler_of_the_taken_message_starts(workshop: Any) -> None:
    buffer = Buffer()
    buffer.refill_at = 1
    buffer.put(await _held(workshop, 3))
    called = asyncio.create_task(buffer.fetcher_called())
    await workshop.clock.settle()
    buffer.take()
    await workshop.clock.settle()
    assert not called.done(), "two are left, which is enough"
    buffer.take()
    await eventually(called.done, message="one is left, and nobody called the fetcher")


async def test_messages_that_waited_aside_go_first_and_keep_their_order(workshop: Any) -> None:
    buffer = Buffer()
    first, second, late = await _held(workshop, 3)
    buffer.put([late])
    buffer.put_first([first, second])
    assert [buffer.take(), buffer.take(), buffer.take()] == [first, second, late]


async def test_each_message_wakes_one_idle_slot_and_a_slot_that_ended_uses_up_none(workshop: Any) -> None:
    buffer = Buffer()
    slots = [asyncio.create_task(buffer.message_put()) for _ in range(3)]
    await workshop.clock.settle()
    slots[-1].cancel()
    await asyncio.wait(slots[-1:])
    buffer.put(await _held(workshop, 1))
    await eventually(slots[1].done, message="the message woke nobody")
    assert not slots[0].done()
    slots[0].cancel()


async def test_a_closed_buffer_gives_what_was_left_and_keeps_nothing(workshop: Any) -> None:
    buffer = Buffer()
    left = await _held(workshop, 2)
    buffer.put(left)
    assert buffer.close() == left
    assert buffer.is_closed
    assert not buffer.messages
