"""A store that forgot its queues (a Redis without a log, a simulated SQS) gets them back from the worker that serves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.testing.eventually import eventually


async def test_a_declared_queue_that_is_gone_is_made_again_by_its_worker(workshop: Any, tmp_path: Path) -> None:
    handled: list[str] = []

    async def handler(message: Any, context: Any) -> None:
        handled.append(message.id)

    workshop.handler(handler)
    worker = await workshop.start_worker()
    queue = workshop.queue()
    settings = await workshop.engine.queue_settings(queue)
    # Behind the engine's back, as a store does it.
    other = SqliteQueueBackend(tmp_path / "queue.db", clock=workshop.clock)
    await other.start()
    await other.delete_queue(queue)

    async def is_back() -> bool:
        await workshop.pass_time(1)
        return any(one.name == queue for one in await other.list_queues())

    await eventually(is_back, 10, "the queue is made again")
    assert await other.queue_settings(queue) == settings
    await other.stop()
    message_id = await workshop.send()

    async def is_handled() -> bool:
        await workshop.pass_time(1)
        return handled == [message_id]

    await eventually(is_handled, 10, "the next message is handled")
    assert worker.status()["healthy"]


async def test_a_queue_nobody_declared_is_not_made(workshop: Any) -> None:
    assert not await workshop.engine.declare_again("wipsie-letters")
