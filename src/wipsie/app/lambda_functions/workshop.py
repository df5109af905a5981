"""The parts of a function, opened when they are first needed and kept as long as the container lives::

    closed ── open_queues ──► queues ── open_database ──► queues and database
       ▲                                                        │
       └───────────── could not be opened, or `close` ◄─────────┘

Queues are used as they are, never declared: a function needs no right to make or change one, and what an event source
mapping wants of a queue (a longer visibility timeout) is not set back.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import replace

from wipsie.app.lambda_functions.cpu_processes import CpuProcesses
from wipsie.app.lambda_functions.settings import FunctionSettings
from wipsie.app.parts import Parts, build_parts
from wipsie.app.process import log_format
from wipsie.app.queues import build_engine
from wipsie.app.serve import prepare_database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.tasks.service import MessageService
from wipsie.telemetry.logging import configure_logging


class Workshop:
    """One per container. Use it from one event loop."""

    def __init__(self, settings: FunctionSettings, clock: Clock) -> None:
        """Builds, opens nothing. ConfigurationError."""
        logs = settings.wipsie.logging
        configure_logging(logs.level, log_format(settings.wipsie), logs.file)
        _without_the_client_s_own_lines()
        settings.wipsie.data_dir.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.clock = clock
        self._has_notes = settings.has_database or bool(settings.wipsie.shared.redis_url)
        parts = build_parts(settings.wipsie, clock)
        if not self._has_notes:
            # Repeats are noted in a database; without one nobody may believe that they are.
            parts = replace(parts, engine=build_engine(settings.wipsie, clock, parts.metrics))
        self.parts: Parts = parts
        self.cpu = CpuProcesses(processes_max=settings.wipsie.worker.cpu_processes or 2)
        self.messages = MessageService(
            engine=parts.engine,
            registry=parts.registry,
            run_log=parts.run_log,
            clock=clock,
            region=settings.wipsie.queue.region,
        )
        self._stack = AsyncExitStack()
        self._queues_open = False
        self._database_open = False

    @property
    def recognises_repeats(self) -> bool:
        """Whether a message sent twice with one deduplication id is stored once."""
        return self.parts.engine.capabilities.deduplication

    async def open_queues(self) -> None:
        """What sending takes. StorageUnavailable, ConfigurationError: then nothing is open, and the next call tries again."""
        if self._queues_open:
            return
        try:
            if self._has_notes:
                await self._open_database()
            await self.parts.engine.start()
            self._stack.push_async_callback(self.parts.engine.stop)
        except BaseException:
            await self.close()
            raise
        self._queues_open = True

    async def open_all(self) -> None:
        """What running handlers takes. StorageUnavailable; ConfigurationError also without DATABASE_URL."""
        if not self.settings.has_database:
            raise ConfigurationError(
                "DATABASE_URL is not set, and without a database nobody knows how often a message was tried, or what came of it; "
                "set it to a PostgreSQL that this function reaches.",
                details={"setting": "DATABASE_URL"},
            )
        await self.open_queues()

    async def _open_database(self) -> None:
        if self._database_open:
            return
        parts = self.parts
        if self.settings.has_database:
            await prepare_database(self.settings.wipsie, migrate=False)
            self._stack.push_async_callback(parts.database.stop)
            await parts.database.start()
            for one in parts.slices:
                for stop in one.on_stop:
                    self._stack.push_async_callback(stop)
        if self.settings.wipsie.shared.redis_url:
            self._stack.push_async_callback(parts.shared.stop)
            await parts.shared.start()
        self._database_open = True

    async def close(self) -> None:
        """Close what is open."""
        stack, self._stack = self._stack, AsyncExitStack()
        self._queues_open = self._database_open = False
        await stack.aclose()


def _without_the_client_s_own_lines() -> None:
    """Amazon's runtime client logs what libraries say in a form of its own; once is enough."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if type(one).__module__.startswith("awslambdaric")]:
        root.removeHandler(handler)
