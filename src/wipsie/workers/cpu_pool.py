"""Processor-heavy work in processes of its own, so that it neither blocks the event loop nor takes the worker down.

Processes start with the first job and end when nothing was asked for a while. A job that takes too long, eats too much
memory or ends its process fails alone; the pool replaces the process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import resource
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from wipsie.kernel.clock import Clock
from wipsie.kernel.limits import MIB
from wipsie.telemetry.logging import get_logger

if TYPE_CHECKING:
    from pebble import ProcessPool

ResultT = TypeVar("ResultT")

MEMORY_BYTES_MAX = 1024 * MIB
_JOBS_AHEAD = 2
"""Jobs handed to the pool per process; the others wait here, where cancelling them is cheap."""
_STOP_S_MAX = 10.0

_log = get_logger(__name__)


class CpuTaskCrashed(Exception):
    """The process that ran the job ended without an answer: out of memory, a crash in native code, or `os._exit`."""

    def __init__(self, function: str, exit_code: int) -> None:
        how = f"was ended by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"
        super().__init__(f"The process that ran {function} {how}; only this job failed.")
        self.exit_code = exit_code


class CpuPool:
    """A pool of processes. One per process of Wipsie; use it from one event loop."""

    def __init__(
        self,
        *,
        clock: Clock,
        processes_max: int = 2,
        memory_bytes_max: int | None = MEMORY_BYTES_MAX,
        idle_s: float = 60.0,
        timeout_s: float = 300.0,
    ) -> None:
        """`memory_bytes_max` bounds the data of each process, None does not; `idle_s` is how long unused processes stay;
        `timeout_s` is for jobs that bring no time-out of their own. Starts nothing yet."""
        self._clock = clock
        self._processes_max = processes_max
        self._memory_bytes_max = memory_bytes_max
        self._idle_s = idle_s
        self._timeout_s = timeout_s
        self._pool: ProcessPool | None = None
        self._turn = asyncio.Semaphore(processes_max * _JOBS_AHEAD)
        self._jobs = 0
        self._used_at = 0.0
        self._idle_watch: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there are processes now."""
        return self._pool is not None

    async def run(self, function: Callable[..., ResultT], /, *args: object, timeout_s: float | None = None) -> ResultT:
        """Run a module-level function in a process and return its result.

        Function, arguments and result must be picklable. Raises what the function raises, TypeError for a function that
        cannot be sent, TimeoutError when it runs
        longer than `timeout_s` (its process is ended), MemoryError when it wants too much, `CpuTaskCrashed` when its process
        ends. Cancelling the caller ends the job.
        """
        from pebble import ProcessExpired

        limit_s = self._timeout_s if timeout_s is None else timeout_s
        name = f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
        try:
            # Functions travel by name, so this is cheap; the arguments are pickled once, by the pool.
            pickle.dumps(function)
        except (pickle.PicklingError, AttributeError, TypeError):
            raise TypeError(
                f"{name} cannot run in another process; pass a function of a module, not a local one."
            ) from None
        self._jobs += 1
        try:
            async with self._turn:
                pool = self._pool or self._start()
                future = asyncio.wrap_future(pool.schedule(function, args=args, timeout=limit_s))
                try:
                    return await future
                except ProcessExpired as error:
                    raise CpuTaskCrashed(name, error.exitcode) from None
                except TimeoutError as error:
                    # The pool's own time-out has a number for a message; one that the function raised has not.
                    if error.args and isinstance(error.args[-1], (int, float)):
                        raise TimeoutError(f"{name} ran longer than {limit_s:g} s and was ended.") from None
                    raise
        finally:
            self._jobs -= 1
            self._used_at = self._clock.monotonic()

    async def stop(self) -> None:
        """End all processes, those at work too."""
        if self._idle_watch is not None:
            self._idle_watch.cancel()
            self._idle_watch = None
        await self._end_processes()

    def _start(self) -> ProcessPool:
        from pebble import ProcessPool

        # A forked copy of a process with threads and an event loop may hang in a lock nobody holds; a fresh one cannot.
        self._pool = ProcessPool(
            max_workers=self._processes_max,
            initializer=_prepare_process,
            initargs=(self._memory_bytes_max,),
            context=multiprocessing.get_context("spawn"),
        )
        self._used_at = self._clock.monotonic()
        if self._idle_watch is None:
            self._idle_watch = asyncio.create_task(self._watch_idle(), name="cpu_pool:idle")
        return self._pool

    async def _watch_idle(self) -> None:
        while self._pool is not None:
            await self._clock.sleep(max(self._used_at + self._idle_s - self._clock.monotonic(), self._idle_s / 10))
            if not self._jobs and self._clock.monotonic() >= self._used_at + self._idle_s:
                await self._end_processes()
        self._idle_watch = None

    async def _end_processes(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.stop()
        try:
            await asyncio.to_thread(pool.join, _STOP_S_MAX)
        except TimeoutError:
            _log.warning("cpu_pool_slow_to_stop", seconds=_STOP_S_MAX)


def _prepare_process(memory_bytes_max: int | None) -> None:
    """First thing in each process."""
    # Ctrl-C reaches the whole process group; the worker decides what becomes of running jobs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A job of a killed worker is run again elsewhere; its process must not go on beside it.
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    if memory_bytes_max is not None:
        # Data, not address space: native libraries reserve far more addresses than they ever use.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes_max, memory_bytes_max))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
