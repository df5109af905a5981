"""Runs background parts: each is a named task, restarted with growing pauses when it crashes, and visible to health checks.

starting ──► running ── returns ──► finished
              │  ▲
      crashes ▼  │ after a pause
            restarting
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.telemetry.logging import get_logger

PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 30.0
_HEALTHY_AFTER_S = 60.0
_STOP_S_MAX = 10.0

Run = Callable[[], Awaitable[None]]

_log = get_logger(__name__)


@dataclass
class _Part:
    name: str
    run: Run
    state: str = "starting"
    restarts: int = 0
    last_error: str | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Starts, watches and stops parts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parts: dict[str, _Part] = {}

    def start(self, name: str, run: Run) -> None:
        """Run a part from now on. `run` takes nothing and returns when the part is done; it is called again after a
        crash. ValueError when a part of this name runs already."""
        existing = self._parts.get(name)
        if existing is not None and existing.task is not None and not existing.task.done():
            raise ValueError(f"A part named '{name}' runs already; give each part a name of its own.")
        part = self._parts[name] = _Part(name, run)
        part.task = asyncio.create_task(self._keep_running(part), name=name)

    async def stop(self, *names: str) -> None:
        """Cancel these parts, or all, latest first, and wait for each to end; a part that does not end is left behind
        after some seconds and logged."""
        chosen = [self._parts[name] for name in names] if names else list(reversed(self._parts.values()))
        for part in chosen:
            if part.task is None or part.task.done():
                continue
            part.task.cancel()
            await asyncio.wait((part.task,), timeout=_STOP_S_MAX)
            if not part.task.done():
                _log.error("part_does_not_stop", part=part.name)
            elif part.state != "finished":
                part.state = "stopped"

    def status(self) -> dict[str, dict[str, object]]:
        """State (starting, running, restarting, finished, stopped), restarts and last error of each part."""
        return {
            part.name: {"state": part.state, "restarts": part.restarts, "last_error": part.last_error}
            for part in self._parts.values()
        }

    @property
    def is_healthy(self) -> bool:
        """Whether no part is waiting to be restarted."""
        return all(part.state != "restarting" for part in self._parts.values())

    async def _keep_running(self, part: _Part) -> None:
        backoff = Backoff(PAUSE_S_MIN, PAUSE_S_MAX)
        while True:
            started = self._clock.monotonic()
            part.state = "running"
            try:
                await part.run()
            except Exception as error:
                part.restarts += 1
                part.last_error = f"{type(error).__name__}: {error}"
                part.state = "restarting"
                if self._clock.monotonic() - started >= _HEALTHY_AFTER_S:
                    backoff.reset()
                pause_s = backoff.next_s()
                _log.exception("part_crashed", part=part.name, restarts=part.restarts, restart_in_s=pause_s)
            else:
                part.state = "finished"
                return
            await self._clock.sleep(pause_s)
