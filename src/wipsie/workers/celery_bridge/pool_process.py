"""The part of the bridge that lives in each process of Celery's pool: one event loop in a thread, and Wipsie on it.

new ── start ──► starting ──► running ── stop ──► stopped
                     │           │
                     └───────────┴── it cannot go on: the process ends, and messages come back when their leases end
"""

from __future__ import annotations

import asyncio
import multiprocessing.process
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any

from wipsie.telemetry.logging import get_logger
from wipsie.workers.celery_bridge.fed_queues import Ending, FedQueues
from wipsie.workers.celery_bridge.received import Received

_START_S_MAX = 120.0
_STOP_S_MAX = 60.0

_log = get_logger(__name__)

Opened = Callable[[int], AbstractAsyncContextManager[FedQueues]]
"""Wipsie's parts and a worker over fed queues, for so many messages at a time; entered and left on the event loop."""


class PoolProcess:
    """One per process that runs tasks."""

    def __init__(self, opened: Opened, concurrency: int) -> None:
        """Starts nothing yet. `concurrency`: messages at a time."""
        self._opened = opened
        self._concurrency = concurrency
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._queues: Future[FedQueues] = Future()
        self._thread = threading.Thread(target=self._live, name="wipsie", daemon=True)

    def start(self) -> None:
        """Begin to start; returns at once, since Celery gives a new process a few seconds only."""
        _allow_children()
        self._thread.start()

    def run(self, received: Received) -> Ending:
        """Run one message and wait until it is settled, from any thread. Whatever kept this process from starting."""
        queues = self._queues.result(_START_S_MAX)
        loop = self._loop
        if loop is None:
            raise RuntimeError("The event loop of this process is gone.")
        return asyncio.run_coroutine_threadsafe(queues.process(received), loop).result()

    def stop(self) -> None:
        """End in good order: drain the worker, close everything."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_S_MAX)

    def _live(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:
            if not self._queues.done():
                self._queues.set_exception(error)
            _log.exception("celery_pool_process_ended", error=str(error))
            # A process that only fails would use up the tries of every message. Celery replaces it, or ends.
            os.kill(os.getpid(), signal.SIGTERM)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with self._opened(self._concurrency) as queues:
            self._queues.set_result(queues)
            await self._stopping.wait()


def _allow_children() -> None:
    """Let a process of Celery's pool have children: handlers do heavy work in processes of their own. Celery's fork of
    `multiprocessing` makes its processes daemons, which may have none, and puts a key of its own type where the original
    looks for one that it can pass on."""
    library: Any = multiprocessing.process
    process = library.current_process()
    if process.daemon:
        process._config.update(daemon=False, authkey=library.AuthenticationString(process.authkey))
