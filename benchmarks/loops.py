"""Runs a scenario's coroutine as a process of Wipsie would run it, and closed loops of concurrent callers."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in a process prepared as those of Wipsie are: thread switch interval, thresholds of the garbage collector, frozen
    start-up objects, uvloop."""
    from wipsie.app.process import GC_THRESHOLDS, SWITCH_INTERVAL_S, quick_start

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*GC_THRESHOLDS)
    with quick_start():
        gc.collect()
    return run_plainly(_with_threads(coroutine))


async def _with_threads(coroutine: Coroutine[Any, Any, T]) -> T:
    from wipsie.app.process import give_threads

    give_threads(asyncio.get_running_loop())
    return await coroutine


def run_plainly(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    return uvloop.run(coroutine)


async def closed_loop(
    step: Callable[[], Awaitable[int]], *, callers: int, warm_up_s: float, measure_s: float
) -> tuple[float, int]:
    """`callers` tasks that each call `step` again and again; `step` returns how many units it did.

    Returns (units per second within the measured time, units done in all, warm-up included).
    """
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    measure_from = started + warm_up_s
    measure_until = measure_from + measure_s
    measured = total = 0

    async def caller() -> None:
        nonlocal measured, total
        while True:
            units = await step()
            now = time.perf_counter()
            total += units
            if now >= measure_until:
                return
            if now >= measure_from:
                measured += units

    await asyncio.gather(*(loop.create_task(caller()) for _ in range(callers)))
    return measured / measure_s, total
