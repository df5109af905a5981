"""A message past its retention is not delivered, whether housekeeping has come or not. (Here it never comes.)"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from redis_places import QUEUE, StandingClock, acknowledge, message, opened, sent

from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.contract import Priority, QueueSettings
from wipsie.testing.servers import RedisServer

RETENTION_S = 120
RETENTION_MS = RETENTION_S * 1000


@asynccontextmanager
async def standing(server: RedisServer, **settings: Any) -> AsyncGenerator[tuple[RedisQueueBackend, StandingClock]]:
    """A backend whose time the test sets, with QUEUE in it."""
    clock = StandingClock()
    settings.setdefault("retention_s", RETENTION_S)
    async with opened(server, clock=clock, follow_server_time=False, **settings) as backend:
        yield backend, clock


async def bodies(backend: RedisQueueBackend, queue: QueueName = QUEUE, **options: Any) -> list[str]:
    deliveries = await backend.receive(queue, max_messages=10, **options)
    await acknowledge(backend, deliveries)
    return [one.body for one in deliveries]


async def test_a_message_is_delivered_until_its_retention_ends_and_not_a_millisecond_longer(
    redis_server: RedisServer,
) -> None:
    async with standing(redis_server) as (backend, clock):
        sent(await backend.send([message("in time"), message("too late")]))
        clock.time_ms += RETENTION_MS - 1
        (delivery,) = await backend.receive(QUEUE)
        assert delivery.body == "in time"
        await acknowledge(backend, [delivery])
        clock.time_ms += 1
        assert await bodies(backend) == []
        assert (await backend.counts(QUEUE)).total == 0, "it has left the store"
        assert await backend.peek(QUEUE) == []


async def test_old_messages_of_every_priority_are_passed_over_for_younger_ones(redis_server: RedisServer) -> None:
    async with standing(redis_server) as (backend, clock):
        sent(await backend.send([message("old", priority=priority) for priority in Priority]))
        clock.time_ms += RETENTION_MS
        sent(await backend.send([message(priority.name, priority=priority) for priority in Priority]))
        assert await bodies(backend) == ["HIGH", "MEDIUM", "LOW"]


async def test_more_old_messages_than_one_call_may_remove_do_not_keep_a_younger_one_from_who_waits(
    redis_server: RedisServer,
) -> None:
    async with standing(redis_server) as (backend, clock):
        for _ in range(3):
            sent(await backend.send([message("old") for _ in range(1000)]))
        clock.time_ms += RETENTION_MS
        sent(await backend.send([message("young")]))
        assert await bodies(backend, wait_s=20.0) == ["young"]
        assert (await backend.counts(QUEUE)).total == 0


async def test_a_lease_and_a_delay_do_not_count_as_waiting(redis_server: RedisServer) -> None:
    async with standing(redis_server, visibility_timeout_s=10.0 * RETENTION_S) as (backend, clock):
        sent(await backend.send([message("leased")]))
        assert len(await backend.receive(QUEUE)) == 1
        sent(await backend.send([message("delayed", delay_s=10.0 * RETENTION_S)]))
        clock.time_ms += 10 * RETENTION_MS
        assert sorted(await bodies(backend)) == ["delayed", "leased"]


async def test_a_group_goes_on_when_its_first_message_is_past_its_retention(redis_server: RedisServer) -> None:
    orders = QueueName("wipsie-orders.fifo")
    async with standing(redis_server) as (backend, clock):
        await backend.create_queue(QueueSettings(name=orders, fifo=True, retention_s=RETENTION_S))
        for body in ("first", "second"):
            grouped = message(body, group_id="g", deduplication_id=body)
            sent(await backend.send([msgspec.structs.replace(grouped, queue=orders)]))
        clock.time_ms += RETENTION_MS
        assert await bodies(backend, orders) == ["second"]
        assert (await backend.counts(orders)).total == 0


async def test_a_retention_made_shorter_counts_at_once(redis_server: RedisServer) -> None:
    async with standing(redis_server, retention_s=3600) as (backend, clock):
        sent(await backend.send([message("old")]))
        clock.time_ms += 61_000
        await backend.change_queue(QueueSettings(name=QUEUE, retention_s=60))
        assert await bodies(backend) == []
