"""Takes the messages of one queue and runs their handlers in a fixed number of slots: its parts, and how they are steered.

queue ──► Fetcher ──► Arrivals ──► Buffer ──► SlotPool ──► Runner ──► Outcomes ──► Settler
                                      ▲                      │
                                      └── may ask again ── Admission
"""

from __future__ import annotations

from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName
from wipsie.queue.engine import QueueEngine
from wipsie.workers.admission import Admission
from wipsie.workers.arrivals import Arrivals
from wipsie.workers.buffer import Buffer
from wipsie.workers.fetcher import Fetcher
from wipsie.workers.handler import TaskServices
from wipsie.workers.lease_keeper import LeaseKeeper
from wipsie.workers.outcomes import Outcomes
from wipsie.workers.prefetch import Prefetch
from wipsie.workers.run_log import RunLog
from wipsie.workers.runner import Runner
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.settle import Settler
from wipsie.workers.slot_pool import SlotPool
from wipsie.workers.task_decoder import TaskDecoder


class Consumer:
    """One queue of one worker."""

    def __init__(
        self,
        *,
        queue: str,
        stored: QueueName,
        engine: QueueEngine,
        decoder: TaskDecoder,
        settler: Settler,
        keeper: LeaseKeeper,
        run_log: RunLog,
        services: TaskServices,
        clock: Clock,
        settings: WorkerSettings,
        worker_id: str,
        shared: SharedStore | None = None,
    ) -> None:
        """`queue` is the short name, `stored` the name the engine knows. With a `shared` store rate limits hold over all
        processes, else in this one."""
        self.queue = queue
        self._buffer = Buffer()
        concurrency = settings.concurrency_of(queue)
        self._prefetch = Prefetch(concurrency, settings.prefetch_max)
        self._outcomes = Outcomes(queue=queue, worker_id=worker_id, settler=settler, keeper=keeper, clock=clock)
        self._admission = Admission(
            queue=queue,
            aside_max=settings.aside_max,
            shared=shared,
            buffer=self._buffer,
            outcomes=self._outcomes,
            clock=clock,
        )
        self._runner = Runner(
            queue=queue,
            worker_id=worker_id,
            decoder=decoder,
            admission=self._admission,
            outcomes=self._outcomes,
            prefetch=self._prefetch,
            buffer=self._buffer,
            services=services,
            clock=clock,
        )
        self._slots = SlotPool(
            queue=queue,
            concurrency=concurrency,
            cancel_grace_s=settings.cancel_grace_s,
            buffer=self._buffer,
            runner=self._runner,
            prefetch=self._prefetch,
            settler=settler,
            clock=clock,
        )
        arrivals = Arrivals(
            queue=queue,
            keeper=keeper,
            run_log=run_log,
            outcomes=self._outcomes,
            counts_tries_only=engine.capabilities.undo_receive,
            clock=clock,
        )
        self._fetcher = Fetcher(
            queue=queue,
            stored=stored,
            engine=engine,
            arrivals=arrivals,
            buffer=self._buffer,
            prefetch=self._prefetch,
            outcomes=self._outcomes,
            settler=settler,
            free_slots=self._slots.free,
            idle_pause_s=settings.idle_pause_s_by_queue.get(queue, 0.0),
            clock=clock,
        )

    def start(self) -> None:
        """Open the slots. Messages come once `fetch_forever` runs."""
        self._slots.start()

    async def fetch_forever(self) -> None:
        """Keep the buffer as full as it should be."""
        await self._fetcher.run_forever()

    def pause(self) -> None:
        """Fetch nothing more until `resume`; what was fetched is still run."""
        self._fetcher.pause()

    def resume(self) -> None:
        """Fetch again."""
        self._fetcher.resume()

    def check_slots(self, now: float) -> None:
        """Cancel handlers past their time, and give up on those that swallow it. `now`: monotonic seconds."""
        self._slots.check_times(now)

    def give_back_unstarted(self) -> int:
        """Return everything not yet running at once, uncounted, and start nothing more; returns how many."""
        unstarted = [*self._buffer.close(), *self._admission.take_all()]
        for held in unstarted:
            self._outcomes.give_back(held, 0.0)
        return len(unstarted)

    async def wait_until_idle(self) -> None:
        """Wait until no handler runs; only after `give_back_unstarted`."""
        await self._runner.wait_until_idle()

    def cancel_running(self) -> None:
        """Cancel every running handler; its message is returned at once, uncounted."""
        self._slots.cancel_running()

    def abandon_running(self) -> None:
        """Give up on handlers that swallow their cancellation; their messages are returned."""
        self._slots.abandon_running()

    async def stop(self) -> None:
        """End the slots; only after `give_back_unstarted`."""
        await self._slots.stop()

    @property
    def running(self) -> int:
        """Handlers running now."""
        return self._runner.running

    @property
    def trouble(self) -> str | None:
        """Why nothing can be fetched now; None when all is well."""
        return self._fetcher.trouble

    def status(self) -> dict[str, int | bool]:
        """Numbers for health pages."""
        return {
            "slots": self._slots.concurrency,
            "running": self._runner.running,
            "buffered": len(self._buffer.messages),
            "aside": self._admission.aside,
            "prefetch": self._prefetch.ahead,
            "paused": self._fetcher.paused,
        }
