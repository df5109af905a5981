"""Several worker processes under one parent, which starts, watches and stops them and does no work of its own.

One place per process::

    starting ── ready ──► working ── told to stop ──► ended
        │                   │
        └──── it ended ─────┴──► pause ──► starting
                                  │
                                  └── `DEATHS_MAX` times in a row soon after its start: everything stops, with an error
"""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass

from wipsie.app.lifeline import ParentEnd, child_command, lifeline
from wipsie.app.process import prepare_process
from wipsie.app.settings import Settings
from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import ConfigurationError, Unavailable
from wipsie.telemetry.logging import get_logger

PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 30.0
SETTLED_AFTER_S = 10.0
"""A process that worked for this long and then ended was not broken from the start."""
DEATHS_MAX = 5
STOP_BEYOND_DRAIN_S = 30.0
"""A child has its drain deadline and this much more to settle and close; then it is killed."""
_REFUSED = 1
"""Exit code of a process that was told in one sentence what is wrong; starting it again would tell it again."""

_log = get_logger(__name__)


@dataclass
class _Child:
    number: int
    process: Process
    line: ParentEnd
    started_at: float
    ready: bool = False


class WorkerProcesses:
    """Keeps `count` processes running until told to stop."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        count: int,
        clock: Clock,
        stop_s_max: float,
        pause_s_min: float = PAUSE_S_MIN,
        settled_after_s: float = SETTLED_AFTER_S,
    ) -> None:
        """`command`, with the number of the place behind it, starts one process that holds a lifeline. `stop_s_max`: how long
        all may take to stop."""
        self._command = list(command)
        self._count = count
        self._clock = clock
        self._stop_s_max = stop_s_max
        self._pause_s_min = pause_s_min
        self._settled_after_s = settled_after_s
        self._children: dict[int, _Child] = {}
        self._stopping = asyncio.Event()
        self._hastened = asyncio.Event()
        self._first_ready = asyncio.Event()
        self._badly_ended = 0

    def stop(self) -> None:
        """Let every process finish in good order; a second call hastens them."""
        if self._stopping.is_set():
            self._hastened.set()
        self._stopping.set()

    async def run(self) -> None:
        """Start all and keep them running until `stop`. ConfigurationError when the first one refuses its settings;
        Unavailable when they end again and again, or when one could not be stopped in good order."""
        places = [asyncio.create_task(self._keep(1), name="worker-process-1")]
        try:
            # The others follow when the first one works: what is wrong with the settings is then told once, not N times.
            await self._first_of(places, self._first_ready)
            if self._first_ready.is_set() and not self._stopping.is_set():
                places += [
                    asyncio.create_task(self._keep(number), name=f"worker-process-{number}")
                    for number in range(2, self._count + 1)
                ]
                await self._first_of(places, self._stopping)
        finally:
            self._stopping.set()
            await self._stop_all(places)
        for place in places:
            # A place that gave up says why.
            place.result()
        if self._badly_ended:
            raise Unavailable(
                f"{self._badly_ended} of {self._count} worker processes did not stop in good order; their leases end by "
                "themselves, and their messages are delivered again."
            )

    async def _first_of(self, places: list[asyncio.Task[None]], *events: asyncio.Event) -> None:
        """Wait until an event is set, the parent is told to stop, or a place gave up."""
        waits = [asyncio.create_task(event.wait()) for event in {*events, self._stopping}]
        try:
            await asyncio.wait((*waits, *places), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _keep(self, number: int) -> None:
        """One place: start its process again whenever it ends."""
        backoff = Backoff(self._pause_s_min, PAUSE_S_MAX)
        deaths = 0
        while not self._stopping.is_set():
            child = await self._start(number)
            code = await child.process.wait()
            child.line.close()
            del self._children[number]
            lived_s = self._clock.monotonic() - child.started_at
            if self._stopping.is_set():
                if code != 0:
                    self._badly_ended += 1
                    _log.error("worker_process_ended", process=child.process.pid, number=number, **_ending(code))
                return
            if code == _REFUSED and not self._first_ready.is_set():
                raise ConfigurationError(
                    "No worker process was started: the first one ended at once and said why above."
                )
            if child.ready and lived_s >= self._settled_after_s:
                deaths = 0
                backoff.reset()
            deaths += 1
            if deaths >= DEATHS_MAX:
                raise Unavailable(
                    f"Worker process {number} ended {deaths} times in a row soon after its start "
                    f"({_in_words(code)} the last time); the lines above say why. "
                    "Correct that and start again.",
                    details=_ending(code),
                )
            pause_s = backoff.next_s()
            _log.warning(
                "worker_process_ended",
                process=child.process.pid,
                number=number,
                lived_s=round(lived_s, 1),
                restart_in_s=pause_s,
                **_ending(code),
            )
            told = asyncio.create_task(self._stopping.wait())
            await self._clock.wait(told, pause_s)
            told.cancel()

    async def _start(self, number: int) -> _Child:
        ours, theirs = lifeline()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(*self._command, str(number), stdin=theirs.fileno())
            except OSError as error:
                ours.close()
                raise Unavailable(
                    f"A worker process cannot be started ({error.strerror or error}); check the limits of this machine."
                ) from error
        child = _Child(
            number, process, ParentEnd(ours, lambda: self._is_ready(number)), started_at=self._clock.monotonic()
        )
        self._children[number] = child
        _log.info("worker_process_started", process=process.pid, number=number)
        if self._stopping.is_set():
            # Told while it was being made: nobody else will tell it.
            child.line.stop()
        return child

    def _is_ready(self, number: int) -> None:
        child = self._children.get(number)
        if child is not None:
            child.ready = True
        self._first_ready.set()

    async def _stop_all(self, places: list[asyncio.Task[None]]) -> None:
        for child in self._children.values():
            child.line.stop()
        ended = asyncio.ensure_future(asyncio.wait(places))
        hasten = asyncio.create_task(self._hasten(), name="hasten")
        try:
            if not await self._clock.wait(ended, self._stop_s_max):
                for child in self._children.values():
                    _log.error("worker_process_killed", process=child.process.pid, number=child.number)
                    child.process.kill()
                await ended
        finally:
            hasten.cancel()
            await asyncio.gather(hasten, return_exceptions=True)

    async def _hasten(self) -> None:
        await self._hastened.wait()
        for child in self._children.values():
            child.line.hasten()


def run_worker_processes(settings: Settings, count: int) -> None:
    """Run `count` worker processes until SIGTERM or SIGINT. ConfigurationError, Unavailable, see `WorkerProcesses.run`."""
    prepare_process(settings)
    asyncio.run(_run(settings, count))


async def _run(settings: Settings, count: int) -> None:
    processes = WorkerProcesses(
        child_command("worker", "--slices", ",".join(settings.instance.slices)),
        count=count,
        clock=SystemClock(),
        stop_s_max=settings.worker.drain_deadline_s + STOP_BEYOND_DRAIN_S,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, processes.stop)
    _log.info("worker_processes", count=count)
    await processes.run()
    _log.info("stopped")


def _ending(code: int) -> dict[str, object]:
    if code >= 0:
        return {"exit_code": code}
    try:
        return {"signal": signal.Signals(-code).name}
    except ValueError:
        return {"signal": -code}


def _in_words(code: int) -> str:
    ((kind, value),) = _ending(code).items()
    return f"{kind.replace('_', ' ')} {value}"
