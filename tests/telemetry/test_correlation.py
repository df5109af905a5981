"""Ids travel with the task that works on a request, and nowhere else."""

import asyncio

from wipsie.telemetry import correlation


def test_ids_are_there_between_set_and_reset():
    token = correlation.set_ids("req-1", "cor-1")
    assert (correlation.request_id(), correlation.correlation_id()) == ("req-1", "cor-1")
    correlation.reset(token)
    assert (correlation.request_id(), correlation.correlation_id()) == (None, None)


async def test_tasks_running_at_the_same_time_keep_their_own_ids():
    async def work(number: int) -> str | None:
        correlation.set_ids(f"req-{number}")
        await asyncio.sleep(0)
        return correlation.request_id()

    assert await asyncio.gather(*(work(number) for number in range(5))) == [f"req-{number}" for number in range(5)]
    assert correlation.request_id() is None
