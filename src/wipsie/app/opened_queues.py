"""The queues alone, for commands: beside a running Wipsie or without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wipsie.app.queues import build_engine
from wipsie.app.settings import Settings
from wipsie.kernel.clock import Clock
from wipsie.queue.engine import QueueEngine


@asynccontextmanager
async def opened_queues(settings: Settings, clock: Clock) -> AsyncGenerator[QueueEngine]:
    """The queues alone, for a command that looks at or changes them; other processes may be at work on them.

    The queues of the slices are made when there are none yet."""
    engine = build_engine(settings, clock)
    await engine.start()
    try:
        if not engine.work_queues():
            from wipsie.app.parts import build_parts

            await engine.declare([queue for one in build_parts(settings, clock).slices for queue in one.queues])
        yield engine
    finally:
        await engine.stop()
