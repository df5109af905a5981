"""The watch over the pipelines at work: real queues, real memory between looks, several processes at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel import json
from wipsie.queue.contract import QueueSettings
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.testing.eventually import eventually
from wipsie.workers.breaker import BreakerRegistry, BreakerSettings
from wipsie.workers.handler import Reject
from wipsie.workers.pipeline_watch import STUCK_AFTER_S
from wipsie.workers.pipeline_watcher import EVERY_S, PipelineWatcher

if TYPE_CHECKING:
    from conftest import Workshop


class Tower:
    """Watchers over one workshop, as several processes would have them."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.shared = DatabaseSharedStore(workshop.database, clock=workshop.clock)
        self.breakers = BreakerRegistry(workshop.clock)

    def watcher(self, breakers: BreakerRegistry | None = None) -> PipelineWatcher:
        shop = self.workshop
        return PipelineWatcher(shop.engine, breakers or self.breakers, self.shared, shop.clock)

    async def told(self) -> list[str]:
        """What arrived in the operations queue, oldest first."""
        stored = await self.workshop.engine.peek(self.workshop.queue(OPERATIONS_QUEUE), limit=100)
        found = [json.decode(one.body)["data"] for one in stored]
        return [f"{one['problem']} {one['subject']} {one['state']}" for one in found]


@pytest.fixture
async def tower(workshop: Workshop) -> Tower:
    await workshop.engine.declare([QueueSettings(name=workshop.engine.names.stored(OPERATIONS_QUEUE))])
    return Tower(workshop)


async def test_a_message_that_nobody_takes_is_told_once_by_any_number_of_processes(tower: Tower) -> None:
    shop = tower.workshop
    watchers = [tower.watcher() for _ in range(3)]
    await shop.send()
    for _ in range(round(STUCK_AFTER_S / EVERY_S) + 3):
        shop.clock.jump(EVERY_S)
        await asyncio.gather(*(watcher.look() for watcher in watchers))
    assert await tower.told() == ["queue_stuck default failing"]


async def test_dead_letters_that_grow_are_told_with_their_queue(tower: Tower) -> None:
    shop = tower.workshop
    watcher = tower.watcher()
    shop.clock.jump(EVERY_S)
    await watcher.look()

    async def refuse(message: object, context: object) -> None:
        raise Reject("never")

    shop.handler(refuse)
    await shop.send()
    worker = await shop.start_worker()
    await shop.dead_letter()
    await worker.drain()
    shop.clock.jump(EVERY_S)
    (signal,) = await watcher.look()
    assert (signal.subject, signal.facts) == ("default", {"dead_letters": 1, "grown_by": 1})
    assert await tower.told() == ["dead_letters_growing default failing"]


async def test_what_was_told_but_not_noted_is_told_again_and_arrives_once(tower: Tower) -> None:
    shop = tower.workshop
    await shop.send()
    await tower.watcher().look()
    shop.clock.jump(STUCK_AFTER_S)
    before = await tower.shared.get("pipeline-watch")
    assert before is not None
    await tower.watcher().look()
    # As if the process had been killed between the two.
    await tower.shared.set("pipeline-watch", before.value, ttl_s=3600)
    await tower.watcher().look()
    assert await tower.told() == ["queue_stuck default failing"]


async def test_each_process_tells_of_its_own_breakers(tower: Tower) -> None:
    shop = tower.workshop
    watcher, elsewhere = tower.watcher(), tower.watcher(BreakerRegistry(shop.clock))
    breaker = tower.breakers.get("smtp", BreakerSettings(failures_max=1))
    with pytest.raises(OSError, match="away"):
        async with breaker:
            raise OSError("away")
    for _ in range(3):
        shop.clock.jump(EVERY_S)
        await watcher.look()
        await elsewhere.look()
    assert await tower.told() == ["breaker_open smtp failing"]
    async with breaker:
        pass
    await watcher.look()
    assert await tower.told() == ["breaker_open smtp failing", "breaker_open smtp recovered"]


async def test_a_store_that_is_away_is_waited_for(tower: Tower) -> None:
    shop = tower.workshop
    watcher = tower.watcher()
    await watcher.start()
    await shop.send()
    await shop.clock.settle()
    await shop.engine.stop()
    await shop.clock.advance(2 * EVERY_S)
    await shop.engine.start()

    async def told_a_minute_later() -> list[str]:
        await shop.clock.advance(EVERY_S)
        return await tower.told()

    assert await eventually(told_a_minute_later, message="nothing was told") == ["queue_stuck default failing"]
    await watcher.stop()
