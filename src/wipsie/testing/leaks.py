"""What a test may not leave behind: threads, open files of its folder, child processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from wipsie.testing.eventually import eventually

_SHARED_THREADS = ("asyncio_", "ThreadPoolExecutor-")
"""The event loop's own helpers, ended with the loop."""


@asynccontextmanager
async def no_leaks(folder: Path, *, timeout_s: float = 5.0) -> AsyncGenerator[None]:
    """Fail unless, within `timeout_s` after the block, every thread, task and child process started inside it has ended
    and no file under `folder` is open. `folder` is the test's own temporary folder."""
    threads = set(threading.enumerate())
    tasks = asyncio.all_tasks()
    children = child_processes()
    yield

    def leaked() -> list[str]:
        ours = {*tasks, asyncio.current_task()}
        found = [f"thread {thread.name}" for thread in threading.enumerate() if _is_stray(thread, threads)]
        found += [f"task {task.get_name()}" for task in asyncio.all_tasks() - ours if not task.done()]
        found += [f"process {pid}" for pid in child_processes() - children]
        return found + [f"open file {name}" for name in open_files(folder)]

    def nothing_leaked() -> None:
        left = leaked()
        assert not left, f"left behind: {', '.join(left)}"

    await eventually(nothing_leaked, timeout_s, "the test cleans up after itself")


def open_files(folder: Path) -> list[str]:
    """Files under `folder` this process holds open, by the names the kernel gives them (Linux; elsewhere empty)."""
    found: list[str] = []
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        return found
    for descriptor in descriptors.iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            # Closed since it was listed.
            continue
        if target.startswith(f"{folder}/"):
            found.append(target)
    return sorted(found)


def child_processes() -> set[int]:
    """Ids of this process's living children."""
    import psutil

    living: set[int] = set()
    for child in psutil.Process().children():
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                living.add(child.pid)
        except psutil.NoSuchProcess:
            continue
    return living


def _is_stray(thread: threading.Thread, before: set[threading.Thread]) -> bool:
    return thread not in before and thread.is_alive() and not thread.name.startswith(_SHARED_THREADS)
