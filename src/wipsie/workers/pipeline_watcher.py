"""The loop around `pipeline_watch`: looks once a minute and sends what is to be told."""

from __future__ import annotations

from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.queue.engine import QueueEngine
from wipsie.queue.operations_signal import OperationsSignal, signal_message
from wipsie.telemetry.logging import get_logger
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.outage import Outage
from wipsie.workers.pipeline_watch import Memory, judge, look_at_breakers, look_at_queues, read_memory
from wipsie.workers.supervisor import Supervisor

EVERY_S = 60.0
SOURCE = "pipeline-watch"
_MEMORY_KEY = "pipeline-watch"
_MEMORY_TTL_S = 7 * 86_400.0

_log = get_logger(__name__)


class PipelineWatcher:
    """One per process with a worker. Of all processes, one makes each look at the queues; each looks at its own breakers."""

    def __init__(self, engine: QueueEngine, breakers: BreakerRegistry, shared: SharedStore, clock: Clock) -> None:
        self._engine = engine
        self._breakers = breakers
        self._shared = shared
        self._clock = clock
        self._supervisor = Supervisor(clock)
        self._blind = Outage(_log, "pipelines_not_watched", clock)
        self._of_breakers = Memory()

    async def start(self) -> None:
        """Begin; the first look comes a minute later, and can only tell of what is wrong from then on."""
        self._supervisor.start("pipeline-watch", self._run)

    async def stop(self) -> None:
        """End."""
        await self._supervisor.stop()

    async def look(self) -> list[OperationsSignal]:
        """One look; what it told. StorageUnavailable."""
        now_ms = self._clock.now_ms()
        signals, of_breakers = judge(look_at_breakers(self._breakers.status()), self._of_breakers, now_ms)
        await self._send(signals, now_ms)
        self._of_breakers = of_breakers
        return signals + await self._look_at_queues(now_ms)

    async def _look_at_queues(self, now_ms: int) -> list[OperationsSignal]:
        kept = await self._shared.get(_MEMORY_KEY)
        memory = read_memory(kept.value if kept is not None else None)
        if now_ms - memory.at_ms < EVERY_S * 500:
            # Another process looked just now.
            return []
        names = self._engine.names
        queues = await self._engine.list_queues()
        counts = {names.short(found.queue): found for found in await self._engine.all_counts()}
        dead_letter_queues = {
            names.short(queue.name): names.short(queue.dead_letter_queue) for queue in queues if queue.dead_letter_queue
        }
        seen, memory = look_at_queues(counts, dead_letter_queues, memory, now_ms)
        signals, memory = judge(seen, memory, now_ms)
        # Told first, noted after it: killed in between, the next look tells it again, and the queue takes it once.
        await self._send(signals, now_ms)
        version = 0 if kept is None else kept.version
        await self._shared.compare_and_set(_MEMORY_KEY, version, memory.encode(), ttl_s=_MEMORY_TTL_S)
        return signals

    async def _send(self, signals: list[OperationsSignal], now_ms: int) -> None:
        for signal in signals:
            # Several processes may notice one trouble: told twice within a minute it is one word.
            message = signal_message(
                signal,
                source=SOURCE,
                now_s=self._clock.now(),
                deduplication_id=f"{signal.state}:{now_ms // 60_000}:{signal.key}",
            )
            message.queue = self._engine.resolve(message.queue)
            await self._engine.send(message)
            _log.warning("pipeline_signal", problem=signal.problem, subject=signal.subject, state=signal.state)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(EVERY_S)
            try:
                await self.look()
            except WipsieError as error:
                self._blind.failed(error)
            else:
                self._blind.over()
