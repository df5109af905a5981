"""Redis killed and started again in mid-load, and many receivers at once: nothing is lost, nothing is delivered twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from redis_places import QUEUE, message, opened, running, sent

from wipsie.kernel.errors import ReceiptExpired, StorageUnavailable
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_two_backends_claim_twenty_thousand_messages_and_none_twice(durable_redis: RedisServer) -> None:
    total = 20_000
    seen: Counter[str] = Counter()

    async def work(backend: RedisQueueBackend, size: int) -> None:
        while deliveries := await backend.receive(QUEUE, max_messages=size, visibility_timeout_s=3600.0):
            seen.update(delivery.message_id for delivery in deliveries)

    async with (
        opened(durable_redis, namespace="test-claims") as left,
        opened(durable_redis, namespace="test-claims") as right,
    ):
        for _ in range(total // 1000):
            sent(await left.send([message() for _ in range(1000)]))
        await asyncio.gather(*(work(backend, size) for backend in (left, right) for size in (1, 7, 50, 200)))
        assert len(seen) == total
        assert set(seen.values()) == {1}
        counts = await right.counts(QUEUE)
        assert (counts.ready, counts.leased) == (0, total)
        await left.delete_queue(QUEUE)


class Load:
    """Senders and receivers that go on whatever happens, and remember what they were promised."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.received: set[str] = set()
        self.acknowledged: set[str] = set()
        self.after_acknowledgement: list[str] = []
        self.refusals = 0
        self.is_over = False

    async def send(self, backend: RedisQueueBackend) -> None:
        while not self.is_over:
            try:
                (result,) = sent(await backend.send([message()]))
            except StorageUnavailable:
                self.refusals += 1
                await asyncio.sleep(0.02)
            else:
                self.accepted.add(result.message_id)

    async def receive(self, backend: RedisQueueBackend) -> None:
        while not self.is_over:
            try:
                await self.receive_once(backend)
            except StorageUnavailable:
                self.refusals += 1
                await asyncio.sleep(0.02)

    async def receive_once(self, backend: RedisQueueBackend, max_messages: int = 20) -> int:
        deliveries = await backend.receive(QUEUE, max_messages=max_messages, wait_s=0.2)
        for delivery in deliveries:
            if delivery.message_id in self.acknowledged:
                self.after_acknowledgement.append(delivery.message_id)
            self.received.add(delivery.message_id)
        outcomes = await backend.delete([(one.queue, one.receipt) for one in deliveries])
        for delivery, outcome in zip(deliveries, outcomes, strict=True):
            if outcome is None:
                self.acknowledged.add(delivery.message_id)
            else:
                assert isinstance(outcome, ReceiptExpired)
        return len(deliveries)


async def test_a_server_killed_in_mid_load_loses_no_accepted_message_and_no_acknowledgement(
    server_folder: Path,
) -> None:
    async with (
        running(server_folder) as server,
        opened(server, namespace="test-kill", visibility_timeout_s=2.0) as left,
        opened(server, namespace="test-kill", visibility_timeout_s=2.0) as right,
    ):
        load = Load()
        tasks = [asyncio.create_task(load.send(backend)) for backend in (left, right) for _ in range(40)]
        tasks += [asyncio.create_task(load.receive(backend)) for backend in (left, right) for _ in range(2)]
        for _ in range(3):
            before = len(load.accepted)
            await eventually(lambda before=before: len(load.accepted) > before + 500, 20.0, "the load goes on")
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.start)
        before = len(load.accepted)
        await eventually(lambda: len(load.accepted) > before, 20.0, "the load goes on after the last kill")
        load.is_over = True
        await asyncio.gather(*tasks)
        assert load.refusals, "the kills were noticed"
        quiet = 0
        while quiet < 3:
            # Leases of answers that were lost come back after two seconds.
            try:
                quiet = 0 if await load.receive_once(left, 500) else quiet + 1
            except StorageUnavailable:
                quiet = 0
            await asyncio.sleep(0.8 if quiet else 0.01)
        assert load.accepted <= load.received, f"{len(load.accepted - load.received)} accepted messages are lost"
        assert not load.after_acknowledgement, "an acknowledged message came back"
        assert (await left.counts(QUEUE)).total == 0


async def test_a_killed_server_keeps_leases_receipts_and_counts(server_folder: Path) -> None:
    async with running(server_folder) as server, opened(server, visibility_timeout_s=3600.0) as backend:
        sent(await backend.send([message(str(index)) for index in range(500)]))
        held = await backend.receive(QUEUE, max_messages=200)
        before = await backend.counts(QUEUE)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        while True:
            try:
                after = await backend.counts(QUEUE)
                break
            except StorageUnavailable:
                await asyncio.sleep(0.05)
        assert (after.ready, after.leased) == (before.ready, before.leased) == (300, 200)
        others = await backend.receive(QUEUE, max_messages=1000)
        assert not {one.message_id for one in others} & {one.message_id for one in held}
        assert await backend.delete([(one.queue, one.receipt) for one in held]) == [None] * 200
