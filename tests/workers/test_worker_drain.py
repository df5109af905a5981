"""A worker that is told to stop loses nothing, hurries nobody before the deadline and leaves no lease behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wipsie.queue.contract import MessageState
from wipsie.testing.eventually import eventually
from wipsie.workers.heartbeat import FORGET_S, WorkerDirectory


def _same_key(message: Any) -> str:
    return "same"


async def test_drain_gives_back_unstarted_messages_at_once_and_uncounted(workshop: Any) -> None:
    finish = asyncio.Event()

    async def handler(message: Any, context: Any) -> None:
        await finish.wait()

    # One may run, the others of the same key wait inside the worker.
    workshop.handler(handler, concurrency_key=_same_key)
    for _ in range(5):
        await workshop.send()
    worker = await workshop.start_worker(concurrency=2)
    await eventually(lambda: worker.status()["queues"]["default"]["aside"] == 4)
    drained = asyncio.create_task(worker.drain(60))

    async def are_back() -> bool:
        return (await workshop.counts()).ready == 4

    await eventually(are_back, message="the unstarted were not given back")
    assert not drained.done()
    waiting = await workshop.engine.peek(workshop.queue(), state=MessageState.READY)
    assert [message.receive_count for message in waiting] == [0, 0, 0, 0]
    finish.set()
    await drained
    counts = await workshop.counts()
    assert (counts.ready, counts.leased, counts.total) == (4, 0, 4)


async def test_running_handlers_may_finish_until_the_deadline_and_are_then_given_back_uncounted(workshop: Any) -> None:
    finish = asyncio.Event()

    async def handler(message: Any, context: Any) -> str:
        if message.data["slow"]:
            await asyncio.Event().wait()
        await finish.wait()
        return "done"

    workshop.handler(handler)
    quick = await workshop.send({"slow": False})
    await workshop.send({"slow": True})
    worker = await workshop.start_worker()
    await eventually(lambda: worker.status()["queues"]["default"]["running"] == 2)
    drained = asyncio.create_task(worker.drain(20))
    await workshop.clock.advance(10)
    assert not drained.done()
    finish.set()
    (run,) = await workshop.runs(quick)
    assert run.status == "succeeded"
    await workshop.clock.advance(11)
    await drained
    (left,) = await workshop.engine.peek(workshop.queue())
    assert (left.state, left.receive_count) == (MessageState.READY, 0)


async def test_a_second_call_hastens(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None:
        await asyncio.Event().wait()

    workshop.handler(handler)
    await workshop.send()
    worker = await workshop.start_worker()
    await eventually(lambda: worker.status()["queues"]["default"]["running"] == 1)
    drained = asyncio.create_task(worker.drain(3600))
    await workshop.clock.settle()
    assert not drained.done()
    await worker.drain()
    await drained
    assert (await workshop.counts()).ready == 1


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_a_stopped_worker_leaves_the_directory_and_a_silent_one_drops_out_of_it(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler)
    directory = WorkerDirectory(workshop.database, workshop.clock)
    worker = await workshop.start_worker(name="press")
    other = await workshop.start_worker(name="mill")
    (found, _) = await _eventually_live(directory, 2)
    assert found.worker_id == other.worker_id
    assert found.worker_id.startswith("mill-")
    assert found.queues == ["default"]
    await worker.drain()
    assert [info.worker_id for info in await directory.live()] == [other.worker_id]
    states = {info.worker_id: info.state for info in await directory.list()}
    assert states == {worker.worker_id: "stopped", other.worker_id: "alive"}
    await other.supervisor.stop("heartbeat")
    await workshop.pass_time(21)
    assert await directory.live() == []
    assert {info.state for info in await directory.list()} == {"stopped", "late"}
    await workshop.pass_time(FORGET_S)
    assert await directory.list() == []
    assert await directory.prune() == 2


async def _eventually_live(directory: WorkerDirectory, count: int) -> Any:
    async def enough() -> Any:
        live = await directory.live()
        return live if len(live) == count else None

    return await eventually(enough)
