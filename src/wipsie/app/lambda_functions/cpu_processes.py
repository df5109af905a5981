"""Processor-heavy work where there is no shared memory: a fresh process for each job, and a pipe for its answer.

Lambda has no ``/dev/shm``, so semaphores, and with them every pool of processes, cannot be made there. Pipes can.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import pickle
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from wipsie.workers.cpu_pool import CpuTaskCrashed

ResultT = TypeVar("ResultT")

TIMEOUT_S = 300.0
"""For jobs that bring no time-out of their own."""
_END_S_MAX = 10.0


class CpuProcesses:
    """Takes the place of `CpuPool.run`. Use it from one event loop."""

    def __init__(self, *, processes_max: int = 2) -> None:
        self._turn = asyncio.Semaphore(processes_max)

    async def run(self, function: Callable[..., ResultT], /, *args: object, timeout_s: float | None = None) -> ResultT:
        """Run a module-level function in a process of its own and return its result. Function, arguments and result must be
        picklable. Raises what the function raises, TypeError for a function that cannot be sent, TimeoutError when it runs
        longer than `timeout_s` (its process is ended), `CpuTaskCrashed` when its process ends. Cancelling ends the job."""
        limit_s = TIMEOUT_S if timeout_s is None else timeout_s
        name = f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
        try:
            job = pickle.dumps((function, args))
        except (pickle.PicklingError, AttributeError, TypeError):
            raise TypeError(
                f"{name} cannot run in another process; pass a function of a module, not a local one."
            ) from None
        async with self._turn:
            return await _run(job, name, limit_s)


async def _run(job: bytes, name: str, limit_s: float) -> Any:
    # A forked copy of a process with threads may hang in a lock nobody holds.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, job), daemon=True)
    starting = asyncio.ensure_future(asyncio.to_thread(process.start))
    try:
        # Not cut in the middle: what is half started cannot be ended.
        await asyncio.shield(starting)
        theirs.close()
        if not await _answered(ours, limit_s):
            raise TimeoutError(f"{name} ran longer than {limit_s:g} s and was ended.")
        try:
            # What is large comes in pieces, while the process writes.
            failed, value = pickle.loads(await asyncio.to_thread(ours.recv_bytes))  # noqa: S301 - written by `_work`
        except EOFError:
            await asyncio.to_thread(process.join, _END_S_MAX)
            raise CpuTaskCrashed(name, process.exitcode or 0) from None
        if failed:
            raise value
        return value
    finally:
        await asyncio.wait([starting])
        theirs.close()
        if process.pid is not None:
            process.kill()
            process.join(_END_S_MAX)
            process.close()
        ours.close()


async def _answered(connection: Connection, limit_s: float) -> bool:
    """Wait until there is something to read, the end included; False when it takes too long."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()

    def note() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(connection.fileno(), note)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await readable
        return readable.done() and not readable.cancelled()
    finally:
        loop.remove_reader(connection.fileno())


def _work(answers: Connection, job: bytes) -> None:
    """What the process does."""
    try:
        function, args = pickle.loads(job)  # noqa: S301 - written by `run`, in the parent
        answer = pickle.dumps((False, function(*args)))
    except BaseException as error:  # whatever it is, the parent raises it
        try:
            answer = pickle.dumps((True, error))
        except Exception:
            answer = pickle.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))
    answers.send_bytes(answer)
    answers.close()
