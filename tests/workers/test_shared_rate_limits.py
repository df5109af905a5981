"""Rate limits that hold over all worker processes, by a store they share."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.database.shared_store.redis_store import RedisSharedStore
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import RedisServer
from wipsie.workers.handler import RateLimit


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_a_rate_limit_holds_over_all_workers_that_share_a_store(workshop: Any) -> None:
    starts: list[float] = []
    workers: set[str] = set()

    async def handler(message: Any, context: Any) -> None:
        starts.append(workshop.clock.monotonic())
        workers.add(context.worker)
        assert context.attempt == 1

    workshop.handler(handler, rate_limit=RateLimit(count=2, period_s=1.0))
    shared = DatabaseSharedStore(workshop.database, clock=workshop.clock, follow_server_time=False)
    started = [await workshop.start_worker(shared=shared, concurrency=1) for _ in range(2)]
    for _ in range(12):
        await workshop.send()

    def all_started() -> bool:
        # A start is granted and made at one moment, as long as no time is moved between the store's answer and the handler.
        if not any(worker.status()["queues"]["default"]["running"] for worker in started):
            workshop.clock.jump(0.25)
        return len(starts) == 12

    await eventually(all_started, 20, "not all were started")
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 0.499
    assert len(workers) == 2
    await workshop.until_empty()


async def test_while_the_shared_store_is_away_nothing_starts_and_no_attempt_is_counted(
    workshop: Any, server_folder: Path
) -> None:
    attempts: list[int] = []

    async def handler(message: Any, context: Any) -> None:
        attempts.append(context.attempt)

    server = RedisServer(server_folder / "redis")
    shared = RedisSharedStore(server.url(), clock=workshop.clock, follow_server_time=False)
    workshop.handler(handler, rate_limit=RateLimit(count=1, period_s=1.0))
    await workshop.send()
    await workshop.start_worker(shared=shared)
    await workshop.until_delayed()
    assert attempts == []
    await asyncio.to_thread(server.start)
    try:
        await workshop.pass_time(2)
        await eventually(lambda: attempts == [1], message="it did not start when the store was back")
        await workshop.until_empty()
    finally:
        await shared.stop()
        await asyncio.to_thread(server.stop)


async def test_a_drain_gives_back_what_waits_for_the_answer_of_the_shared_store(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None:
        pytest.fail("started in a drain")

    workshop.handler(handler, rate_limit=RateLimit(count=1, period_s=1.0))
    shared = DatabaseSharedStore(workshop.database, clock=workshop.clock)
    async with workshop.database.begin():
        # The store answers when this transaction is over.
        worker = await workshop.start_worker(shared=shared)
        await workshop.send()
        await eventually(lambda: worker.status()["queues"]["default"]["running"] == 1, message="nobody asked the store")
        draining = asyncio.create_task(worker.drain())
        await eventually(lambda: worker.state == "draining")
    await draining
    counts = await workshop.counts()
    assert (counts.ready + counts.delayed, counts.leased) == (1, 0)
    (message,) = await workshop.engine.peek(workshop.queue())
    assert message.receive_count == 0


async def test_task_types_of_any_name_share_a_rate(workshop: Any) -> None:
    done: list[str] = []

    async def handler(message: Any, context: Any) -> None:
        done.append(message.task_type)

    shared = DatabaseSharedStore(workshop.database, clock=workshop.clock)
    for task_type in ("x" * 300, "zwei\nZeilen"):
        workshop.handler(handler, task_type, rate_limit=RateLimit(count=1, period_s=1.0))
        await workshop.send(task_type=task_type)
    await workshop.start_worker(shared=shared)
    await eventually(lambda: len(done) == 2, message="a name was refused")
    await workshop.until_empty()
