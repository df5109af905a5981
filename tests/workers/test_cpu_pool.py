"""Work in processes of its own fails alone."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually
from wipsie.workers.cpu_pool import CpuPool, CpuTaskCrashed
from wipsie.workers.retry_policy import RetryPolicy


@pytest.fixture(scope="module")
def jobs() -> Any:
    """The jobs as a module that the processes can import too: spawned processes take over sys.path."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    assert importlib.util.find_spec("cpu_jobs") is not None
    import cpu_jobs

    yield cpu_jobs
    sys.path.remove(folder)


@pytest.fixture
async def pool() -> AsyncIterator[CpuPool]:
    pool = CpuPool(clock=SystemClock(), processes_max=1)
    yield pool
    await pool.stop()


async def test_a_job_that_crashes_hangs_or_eats_memory_fails_alone(pool: CpuPool, jobs: Any) -> None:
    assert not pool.is_running
    assert await pool.run(jobs.double, 21) == 42
    with pytest.raises(LookupError, match="no such thing"):
        await pool.run(jobs.fail)
    with pytest.raises(CpuTaskCrashed, match=r"cpu_jobs\.end_process ended with exit code 7"):
        await pool.run(jobs.end_process)
    with pytest.raises(TimeoutError, match=r"ran longer than 0\.2 s"):
        await pool.run(jobs.sleep_long, timeout_s=0.2)
    with pytest.raises(MemoryError):
        await pool.run(jobs.eat_memory)
    with pytest.raises(TypeError, match="pass a function of a module"):
        await pool.run(lambda: 1)
    assert await pool.run(jobs.double, 1) == 2


async def test_cancelling_the_caller_ends_the_job(pool: CpuPool, jobs: Any) -> None:
    assert await pool.run(jobs.double, 1) == 2
    job = asyncio.create_task(pool.run(jobs.sleep_long))
    await asyncio.sleep(0)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert await asyncio.wait_for(pool.run(jobs.double, 2), 10) == 4


async def test_polars_works_under_the_memory_limit(pool: CpuPool, jobs: Any) -> None:
    assert await pool.run(jobs.mean_with_polars) == 49_999.5


async def test_unused_processes_end_and_come_back(jobs: Any) -> None:
    clock = FakeClock()
    pool = CpuPool(clock=clock, processes_max=1, idle_s=60)
    assert await pool.run(jobs.double, 1) == 2
    await clock.advance(30)
    assert pool.is_running
    await clock.advance(40)
    await eventually(lambda: not pool.is_running)
    assert await pool.run(jobs.double, 2) == 4
    await pool.stop()


async def test_os_exit_in_the_pool_fails_only_its_task(workshop: Any, jobs: Any) -> None:
    async def handler(message: Any, context: Any) -> Any:
        if message.data["bad"]:
            return await context.run_cpu(jobs.end_process)
        return await context.run_cpu(jobs.double, 4)

    workshop.handler(handler, retry=RetryPolicy(delays_s=()))
    await workshop.send({"bad": True})
    good = await workshop.send({"bad": False})
    await workshop.start_worker()
    cause = (await workshop.dead_letter()).dead_letter.cause
    assert cause.reason.startswith("CpuTaskCrashed: The process that ran cpu_jobs.end_process ended with exit code 7")
    (run,) = await workshop.runs(good)
    assert run.result == "8"
