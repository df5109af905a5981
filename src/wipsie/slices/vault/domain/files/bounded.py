"""Memory and processor time of a piece of work, and what it may reach, held by the kernel. For processes that may die of it."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def within_limits(*, memory_bytes_max: int, cpu_s_max: int, opens_nothing: bool = False) -> Generator[None]:
    """Inside the block this process may hold `memory_bytes_max` of data and use `cpu_s_max` more seconds of processor; with
    `opens_nothing` it opens no file, makes no connection and starts no program.

    Python answers too much memory with MemoryError, native code may end the process; too much time ends it by SIGXCPU. Only
    soft limits are set, so the process is as before afterwards, and a tighter limit it already has stays. `opens_nothing` holds
    for all threads and is no place for a first import.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    wanted = {
        # Data, not address space: native libraries reserve far more addresses than they ever use.
        resource.RLIMIT_DATA: memory_bytes_max,
        resource.RLIMIT_CPU: math.ceil(used.ru_utime + used.ru_stime) + cpu_s_max,
    }
    if opens_nothing:
        # What is open stays open; whatever is new would get this number, and is one too many.
        wanted[resource.RLIMIT_NOFILE] = _next_descriptor()
    before = {which: resource.getrlimit(which) for which in wanted}
    for which, limit in wanted.items():
        soft, hard = before[which]
        resource.setrlimit(which, (_lowest(limit, soft, hard), hard))
    try:
        yield
    finally:
        for which, limits in before.items():
            resource.setrlimit(which, limits)


def _lowest(*limits: int) -> int:
    return min(limit for limit in limits if limit != resource.RLIM_INFINITY)


def _next_descriptor() -> int:
    # The system gives the lowest number that is free.
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor
