"""What is done once an hour: what grows is cut back (results of tasks, notes of handled messages, rows of workers past their
time), and the audit log gets its anchor."""

from __future__ import annotations

from wipsie.app.parts import Parts
from wipsie.database import inbox
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
_INBOX_ROWS = 5_000
_INBOX_STEPS_MAX = 200

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
        notes = 0
        for _ in range(_INBOX_STEPS_MAX):
            async with parts.database.begin() as connection:
                removed = await inbox.prune(connection, handled_before_ms=before_ms, limit=_INBOX_ROWS)
            notes += removed
            if removed < _INBOX_ROWS:
                break
        await self._workers.prune()
        await parts.shared.prune()
        return runs, notes

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
