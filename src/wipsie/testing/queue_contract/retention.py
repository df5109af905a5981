"""Contract: messages nobody wanted go when their queue's retention ends."""

from __future__ import annotations

import msgspec
import pytest

from wipsie.testing.eventually import eventually
from wipsie.testing.queue_contract.workbench import QueueBench

TIDY_S = 60.0
"""Old messages may be seen this much longer: a backend tidies up now and then."""


@pytest.mark.asyncio
class TestRetention:
    async def test_a_message_is_kept_for_the_retention_and_no_longer(self, bench: QueueBench) -> None:
        bench.needs_controlled_time()
        queue = await bench.queue(retention_s=120)
        await bench.put(queue, "old")
        await bench.pass_time(119.0)
        await bench.put(queue, "young")
        await bench.check_counts(queue, ready=2)
        await bench.pass_time(1.0 + TIDY_S)
        assert await bench.bodies(queue) == ["young"]

    async def test_expired_messages_leave_the_store(self, bench: QueueBench) -> None:
        bench.needs_controlled_time()
        queue = await bench.queue(retention_s=120)
        await bench.put(queue, "a", "b", "c")

        async def gone() -> bool:
            await bench.pass_time(30.0)
            return (await bench.backend.counts(queue)).total == 0

        await eventually(gone, message="expired messages are still counted")

    async def test_a_retention_made_shorter_counts_for_messages_already_there(self, bench: QueueBench) -> None:
        bench.needs_controlled_time()
        queue = await bench.queue(retention_s=3600)
        await bench.put(queue, "old")
        await bench.pass_time(200.0)
        settings = await bench.backend.queue_settings(queue)
        await bench.backend.change_queue(msgspec.structs.replace(settings, retention_s=60))
        await bench.pass_time(TIDY_S)
        assert await bench.nothing_ready(queue)
