"""The parent of several worker processes, with small real children that do what a test needs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from wipsie.app.worker_processes import DEATHS_MAX, WorkerProcesses
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, Unavailable
from wipsie.testing import eventually

CHILD = """
import os, sys
started, behaviour, number = sys.argv[1:]
line = os.open(started, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
if behaviour == "refuses":
    sys.exit(1)
os.write(line, f"{os.getpid()}\\nnumber {number}\\n".encode())
if behaviour == "dies":
    os.write(0, b"r")
    sys.exit(3)
os.write(0, b"r")
said = b""
while behaviour == "deaf" or b"s" not in said:
    said = os.read(0, 10)
    if not said:
        break
os.write(line, f"stopped {said.decode()}\\n".encode())
"""


class Children:
    """What the children wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().split("\n")[:-1] if self.path.exists() else []

    def pids(self) -> list[int]:
        return [int(line) for line in self.lines() if line.isdigit()]


@pytest.fixture
def children(tmp_path: Path) -> Children:
    return Children(tmp_path / "children.txt")


Make = Callable[..., WorkerProcesses]


@pytest.fixture
def make(children: Children, leaves_nothing_behind: None) -> Make:
    def make(behaviour: str, *, count: int = 2, **settings: float) -> WorkerProcesses:
        command = [sys.executable, "-S", "-c", CHILD, str(children.path), behaviour]
        options = {"stop_s_max": 10.0, "pause_s_min": 0.01, **settings}
        return WorkerProcesses(command, count=count, clock=SystemClock(), **options)

    return make


@asynccontextmanager
async def running(processes: WorkerProcesses) -> AsyncGenerator[asyncio.Task[None]]:
    task = asyncio.create_task(processes.run())
    try:
        yield task
    finally:
        processes.stop()
        await asyncio.gather(task, return_exceptions=True)


async def test_all_run_until_told_to_stop_and_then_end_in_good_order(make: Make, children: Children) -> None:
    processes = make("works", count=3)
    async with running(processes) as task:
        await eventually(lambda: len(children.pids()) == 3, message="three processes run")
        processes.stop()
        await task
    assert children.lines().count("stopped s") == 3
    assert sorted(line for line in children.lines() if line.startswith("number")) == [
        "number 1",
        "number 2",
        "number 3",
    ]


async def test_one_that_dies_is_started_again(make: Make, children: Children) -> None:
    processes = make("works")
    async with running(processes):
        await eventually(lambda: len(children.pids()) == 2, message="two processes run")
        os.kill(children.pids()[0], 9)
        await eventually(lambda: len(children.pids()) == 3, message="the dead one is replaced")


async def test_processes_that_die_again_and_again_end_the_parent_with_the_reason(
    make: Make, children: Children
) -> None:
    with pytest.raises(
        Unavailable, match=r"ended 5 times in a row soon after its start \(exit code 3 the last time\)"
    ) as caught:
        await make("dies", count=1).run()
    assert caught.value.details == {"exit_code": 3}
    assert len(children.pids()) == DEATHS_MAX


async def test_settings_that_are_refused_are_told_once_and_nothing_more_is_started(
    make: Make, children: Children
) -> None:
    with pytest.raises(ConfigurationError, match="the first one ended at once and said why"):
        await make("refuses", count=4).run()
    assert children.pids() == []


async def test_one_that_does_not_stop_is_killed_by_its_id_and_that_is_an_error(make: Make, children: Children) -> None:
    processes = make("deaf", count=1, stop_s_max=0.2)
    async with running(processes) as task:
        await eventually(lambda: len(children.pids()) == 1, message="it runs")
        processes.stop()
        with pytest.raises(Unavailable, match="1 of 1 worker processes did not stop in good order"):
            await task


async def test_told_to_stop_before_the_first_one_works(make: Make, children: Children) -> None:
    processes = make("works")
    processes.stop()
    await processes.run()
    assert children.pids() == []
