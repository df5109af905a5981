"""What is done once an hour: what grows is cut back (results of tasks, notes of handled messages, answers kept for repeated
requests, ended sessions and links, message move tasks that ended, rows of workers past their time, what slices have for it), and
the audit log gets its anchor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.idempotency import IDEMPOTENCY_WINDOW_S
from wipsie.app.parts import Parts
from wipsie.auth import one_time_links, sessions
from wipsie.database import answers, inbox
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.limits import RETENTION_S_MAX
from wipsie.telemetry.logging import get_logger
from wipsie.workers.heartbeat import WorkerDirectory
from wipsie.workers.outage import Outage
from wipsie.workers.supervisor import Supervisor

FIRST_AFTER_S = 60.0
"""Not at the start, where everybody waits for the disk."""
EVERY_S = 3600.0
_AGAIN_S = 60.0
"""After a round that a store did not let through."""
_ROWS = 5_000
_STEPS_MAX = 200
_ENDED_KEPT_S = 7 * 86_400
"""Sessions and links that ended are kept for a while: who looks into something will ask for them."""

_log = get_logger(__name__)


class Housekeeping:
    """Prunes and anchors once an hour. Several processes may do so at the same time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._supervisor = Supervisor(parts.clock)
        self._workers = WorkerDirectory(parts.database, parts.clock)
        self._database_away = Outage(_log, "not_pruned", parts.clock)
        self._not_anchored = Outage(_log, "audit_log_not_anchored", parts.clock)

    async def start(self) -> None:
        """Begin; the first round comes a minute later."""
        self._supervisor.start("housekeeping", self._run)

    async def stop(self) -> None:
        """End."""
        await self._supervisor.stop()

    async def prune(self) -> tuple[int, int]:
        """One round; how many task runs and how many notes of handled messages it removed. StorageUnavailable."""
        parts = self._parts
        now_ms = parts.clock.now_ms()
        runs = await parts.run_log.prune(now_ms - int(parts.settings.worker.run_retention_s * 1000))
        # A message can come back as long as queues keep it; its note must outlive it.
        before_ms = now_ms - 2 * RETENTION_S_MAX * 1000
        notes = await self._in_steps(lambda to: inbox.prune(to, handled_before_ms=before_ms, limit=_ROWS))
        answered_ms = now_ms - IDEMPOTENCY_WINDOW_S * 1000
        await self._in_steps(lambda to: answers.prune(to, created_before_ms=answered_ms, limit=_ROWS))
        ended_ms = now_ms - _ENDED_KEPT_S * 1000
        await self._in_steps(lambda to: sessions.prune(to, ended_before_ms=ended_ms, limit=_ROWS))
        await self._in_steps(lambda to: one_time_links.prune(to, ended_before_ms=ended_ms, limit=_ROWS))
        from wipsie.sqs_endpoint.moves import store as move_store

        moved_ms = now_ms - move_store.KEPT_S * 1000
        await self._in_steps(lambda to: move_store.prune(to, ended_before_ms=moved_ms, limit=_ROWS))
        await self._workers.prune()
        await parts.shared.prune()
        await self._keep_up_slices()
        return runs, notes

    async def _keep_up_slices(self) -> None:
        """Each has its turn, whatever becomes of the others. StorageUnavailable of the first that failed, at the end."""
        failure: WipsieError | None = None
        for one in self._parts.slices:
            for upkeep in one.upkeep:
                try:
                    await upkeep()
                except WipsieError as error:
                    failure = failure or error
        if failure is not None:
            raise failure

    async def _in_steps(self, prune: Callable[[AsyncConnection], Awaitable[int]]) -> int:
        """Prune so many rows in a transaction, and again while there are more: nobody waits long for the database."""
        total = 0
        for _ in range(_STEPS_MAX):
            async with self._parts.database.begin() as connection:
                removed = await prune(connection)
            total += removed
            if removed < _ROWS:
                break
        return total

    async def anchor(self) -> None:
        """Note outside the database where the audit log ends. What fails is tried again with the next round."""
        try:
            await self._parts.anchors.drop(self._parts.database)
        except WipsieError as error:
            self._not_anchored.failed(error)
        else:
            self._not_anchored.over()

    async def _run(self) -> None:
        await self._parts.clock.sleep(FIRST_AFTER_S)
        while True:
            await self.anchor()
            try:
                runs, notes = await self.prune()
            except WipsieError as error:
                self._database_away.failed(error)
                await self._parts.clock.sleep(_AGAIN_S)
                continue
            self._database_away.over()
            if runs or notes:
                _log.info("pruned", task_runs=runs, handled_messages=notes)
            await self._parts.clock.sleep(EVERY_S)
