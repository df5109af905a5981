from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest

from wipsie.app.lambda_functions.cpu_processes import CpuProcesses
from wipsie.workers.cpu_pool import CpuTaskCrashed

sys.path.insert(0, str(Path(__file__).parent))

import lambda_cpu_jobs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_jobs_give_what_they_return_or_raise_and_leave_no_process() -> None:
    cpu = CpuProcesses()
    assert await cpu.run(lambda_cpu_jobs.add, 1, 2) == 3
    # More than a pipe holds.
    assert len(await cpu.run(lambda_cpu_jobs.large, 5_000_000)) == 5_000_000
    with pytest.raises(ValueError, match="no such column"):
        await cpu.run(lambda_cpu_jobs.fail)
    with pytest.raises(CpuTaskCrashed, match="exit code 3"):
        await cpu.run(lambda_cpu_jobs.vanish)
    with pytest.raises(TimeoutError, match="ran longer than"):
        await cpu.run(lambda_cpu_jobs.stay, timeout_s=0.5)
    with pytest.raises(TypeError, match="cannot pickle"):
        await cpu.run(lambda_cpu_jobs.give_a_lock)
    assert multiprocessing.active_children() == []


async def test_a_function_that_cannot_be_sent_is_told_before_a_process_starts() -> None:
    def local() -> None:
        """Nothing."""

    with pytest.raises(TypeError, match="function of a module"):
        await CpuProcesses().run(local)
